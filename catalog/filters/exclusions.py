"""Filters of exclusions: the indicators that a live rule of the reader's excludes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import F, QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.filters.kinds import LONGEST, TagsFilter, TechniquesFilter, TextFilter, WordsField, WordsFilter
from catalog.filters.rules import RuleListFilterSet
from catalog.filters.strict import StrictFilterSet
from catalog.ordering import EXCLUSION_ORDERS, Order
from detections.models import Indicator, Rule
from detections.normalization.satisfiable import reasons
from detections.normalization.values import folded_part

MOST_KEYS = 500


class ChosenField(WordsField):
    """Keys of indicators, any of them; one that is no exclusion is an error."""

    def validate(self, value: list[str]) -> None:
        if len(value) > MOST_KEYS:
            raise forms.ValidationError(f"At most {MOST_KEYS} exclusions at once.")
        known = {str(choice) for choice, _ in self.choices} if value else set()
        wrong = [key for key in value if key not in known]
        if wrong:
            messages = [f"No live rule excludes an indicator with the key {key[:60]!r}." for key in wrong]
            raise forms.ValidationError(messages)


class ChosenFilter(WordsFilter):
    field_class = ChosenField


class ExclusionFilterSet(StrictFilterSet):
    """Filters of exclusions, those that most rules share first.

    Those of rules (`OF_RULES`) are asked of one and the same rule, all together: they leave what such a rule excludes,
    and `rules` counts such rules alone.
    """

    orders = EXCLUSION_ORDERS
    ties = ("field", "value", "operator")
    OF_RULES = ("vendor", "platform", "technique")

    q = TextFilter(method="with_part", max_length=LONGEST, label="Part of the value, in upper or lower case")
    key = ChosenFilter(label="Key of an exclusion")
    field = WordsFilter(label="Canonical field")
    operator = WordsFilter(label="Operator")
    program = WordsFilter(label="Program that the exclusion names: a file name, or a product's folder")
    satisfiable = django_filters.ChoiceFilter(
        method="of_satisfiable",
        choices=[("yes", "yes"), ("no", "no")],
        error_messages={"invalid_choice": "Write yes or no."},
        label="yes: an attacker can satisfy it by what it says; no: none of the known ways fits",
    )
    reason = WordsFilter(field_name="satisfiable", label="Why an attacker can satisfy it")
    vendor = WordsFilter(method="of_rules", label="Slug of a source of which a rule excludes it")
    platform = TagsFilter(method="of_rules", field_name="platforms", label="Platform of a rule that excludes it")
    technique = TechniquesFilter(method="of_rules", label="Id of a technique that a rule which excludes it states")

    class Meta:
        model = Indicator
        fields: list[str] = []

    @property
    def ordering(self) -> str:
        return super().ordering or "-rules"

    def words(self) -> Mapping[str, Iterable[str]]:
        known = Indicator.objects.exclusions(self.reader).order_by()

        def column(name: str) -> SimpleLazyObject:
            return SimpleLazyObject(lambda: tuple(sorted(known.values_list(name, flat=True).distinct())))

        own = {name: column(name) for name in ("field", "operator", "program")}
        chosen = SimpleLazyObject(lambda: tuple(known.filter(pk__in=self._keys()).values_list("pk", flat=True)))
        rule_words = {
            name: SimpleLazyObject(lambda name=name: self.rule_words[name]) for name in ("vendor", "platform")
        }
        return {**rule_words, **own, "key": chosen, "reason": tuple(reasons())}

    def _keys(self) -> list[str]:
        written = self.data.getlist("key") if hasattr(self.data, "getlist") else self.data.get("key", [])
        return [key for key in written if key.isascii() and len(key) == 16][:MOST_KEYS]

    @property
    def rules(self) -> QuerySet[Rule]:
        """The live rules that the reader sees and that answer the filters of rules."""
        return self.rules_without()

    def rules_without(self, *names: str) -> QuerySet[Rule]:
        rules = Rule.objects.visible_to(self.reader).live()
        for name in self.asked_of_rules(names):
            rules = RuleListFilterSet.base_filters[name].filter(rules, self.form.cleaned_data[name])
        return rules

    def asked_of_rules(self, without: Collection[str] = ()) -> list[str]:
        """The filters of rules that are in force."""
        if not self.is_valid():
            return []
        return [name for name in self.OF_RULES if name not in without and self.form.cleaned_data[name]]

    @property
    def narrows(self) -> bool:
        """Whether a filter of the exclusions themselves is in force: without one every test that rules exclude is."""
        return any(value for name, value in self.form.cleaned_data.items() if name not in self.OF_RULES)

    def filtered(self, rows: QuerySet[Any], without: Collection[str] = ()) -> QuerySet[Any]:
        rows = super().filtered(rows, without)
        return rows.excluded_by(self.rules_without(*without)) if self.asked_of_rules(without) else rows

    @property
    def qs(self) -> QuerySet[Any]:
        """The rows with `rules`: those that answer the filters of rules and exclude each."""
        rows = super().qs
        return rows.with_rules(self.rules) if self.asked_of_rules() else rows.annotate(rules=F("seen_excluded"))

    def with_part(self, rows: QuerySet[Indicator], name: str, value: str) -> QuerySet[Indicator]:
        return rows.filter(value__icontains=folded_part(value))

    def of_satisfiable(self, rows: QuerySet[Indicator], name: str, value: str) -> QuerySet[Indicator]:
        return rows.exclude(satisfiable="") if value == "yes" else rows.filter(satisfiable="")

    def of_rules(self, rows: QuerySet[Indicator], name: str, value: list[str]) -> QuerySet[Indicator]:
        """Nothing yet: the filters of rules are asked of one and the same rule, all together."""
        return rows


class ExclusionGroupFilterSet(ExclusionFilterSet):
    """The same filters where what is listed are groups of exclusions, whose order is their own."""

    orders: Mapping[str, Order] = {}
