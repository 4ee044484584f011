"""Filters of techniques: for their list, the matrix and the comparison of two sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.facets import attack_platforms
from catalog.filters.kinds import (
    LONGEST,
    MOST_WORDS,
    AttackPlatformsFilter,
    ParentsFilter,
    TacticsFilter,
    TextFilter,
    WordsFilter,
    tactic_words,
)
from catalog.filters.of_rules import OfRulesFilterSet
from catalog.filters.strict import lists
from catalog.ordering import TECHNIQUE_ORDERS, Order, in_order, parted
from detections.guide.matrix import attack_words
from detections.models import Rule, RuleTechnique, Source, Technique


class TechniqueFilterSet(OfRulesFilterSet):
    """Filters of techniques. Those of rules leave the techniques that a live rule states which answers all of them.

    `show` asks whether there is such a rule, a sub-technique's standing for its parent too.
    """

    orders = TECHNIQUE_ORDERS

    tactic = TacticsFilter(label="Short name, id or name of a tactic")
    attack_platform = AttackPlatformsFilter(label="Platform in ATT&CK's words")
    show = django_filters.ChoiceFilter(
        method="of_coverage",
        choices=[("covered", "covered"), ("missing", "missing")],
        error_messages={"invalid_choice": "Write covered or missing."},
        label="covered: with a live rule that answers the filters; missing: without one, of the platforms asked for",
    )
    parent = ParentsFilter(label="Id of a technique: its sub-techniques alone")
    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the name, or an id")

    class Meta:
        model = Technique
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        lazy = {"tactic": SimpleLazyObject(tactic_words), "attack_platform": SimpleLazyObject(attack_platforms)}
        return {**self.rule_words, **lazy}

    @property
    def rules(self) -> QuerySet[Rule]:
        """The live rules that the reader sees and that answer the filters of rules: what is counted."""
        return self.rules_without()

    def filtered(self, rows: QuerySet[Technique], without: Collection[str] = ()) -> QuerySet[Technique]:
        techniques = super().filtered(rows, without)
        show = "" if "show" in without else self.form.cleaned_data["show"]
        if show == "covered":
            return techniques.covered_by(self.rules_without(*without))
        if show == "missing":
            fitting = techniques if "platform" in without else self.fitting(techniques)
            return fitting.not_covered_by(self.rules_without(*without))
        if not any(self.form.cleaned_data[name] for name in self.OF_RULES if name not in without):
            return techniques
        rules = self.rules_without(*without)
        stated = RuleTechnique.objects.filter(rule__in=rules.values("pk"), structural=False)
        return techniques.filter(pk__in=stated.values("technique"))

    def fitting(self, techniques: QuerySet[Technique]) -> QuerySet[Technique]:
        """Those that ATT&CK knows on one of the rules' platforms asked for: others are not missing there."""
        platforms = self.form.cleaned_data["platform"]
        return techniques.listed_for(attack_words(platforms)) if platforms else techniques

    def ranked(self, counts: Mapping[int, int]) -> QuerySet[Technique] | list[Technique]:
        """The techniques by `ordering`; `counts` are the rules of each, by its key."""
        name, falls = parted(self.ordering)
        if name != "rules":
            return self.in_order
        rows = in_order(self.qs, self.orders, "attack_id")
        return sorted(rows, key=lambda row: -counts.get(row.pk, 0) if falls else counts.get(row.pk, 0))

    def of_coverage(self, techniques: QuerySet[Technique], name: str, value: str) -> QuerySet[Technique]:
        """Nothing yet: it is asked together with the filters of rules."""
        return techniques

    def with_words(self, techniques: QuerySet[Technique], name: str, value: str) -> QuerySet[Technique]:
        return techniques.with_words(value.split()[:MOST_WORDS])


class MatrixFilterSet(TechniqueFilterSet):
    """Filters of the matrix. Those of rules choose what is counted, and every technique keeps its place."""

    orders: Mapping[str, Order] = {}

    show = django_filters.ChoiceFilter(
        method="of_rules",
        choices=[("covered", "covered"), ("missing", "only missing")],
        error_messages={"invalid_choice": "Write covered or missing."},
        label="covered: techniques that such a rule states; missing: those that none does, of the platforms asked for",
    )

    def filtered(self, rows: QuerySet[Technique], without: Collection[str] = ()) -> QuerySet[Technique]:
        return super(TechniqueFilterSet, self).filtered(rows, without)

    def chosen(self, name: str) -> Any:
        """The value of one filter, the values of one that repeats."""
        return self.form.cleaned_data[name] if self.is_valid() else ""


class CompareFilterSet(MatrixFilterSet):
    """Filters of the comparison. `vendor` names its two sources; those left out are the first ones by slug."""

    vendor = WordsFilter(method="of_rules", label="Slugs of the two sources that are compared, the first one first")
    show = django_filters.ChoiceFilter(
        method="of_rules",
        choices=[("both", "both"), ("first", "only the first"), ("second", "only the second"), ("neither", "neither")],
        error_messages={"invalid_choice": "Write both, first, second or neither."},
        label="Techniques that both sources have a rule for, only the first or the second, or neither",
    )

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        found = dict(super().errors)
        vendors = [value for name, values in lists(self.data) if name == "vendor" for value in values if value]
        if len(vendors) > 2 or len(vendors) != len(set(vendors)):
            found.setdefault("vendor", []).append("Name two different sources.")
        return found

    @cached_property
    def pair(self) -> tuple[Source, ...]:
        """The two sources; fewer where the reader sees no more."""
        known = {source.slug: source for source in Source.objects.visible_to(self.reader).in_order()}
        named = [known[slug] for slug in self.chosen("vendor")]
        return tuple([*named, *(source for source in known.values() if source not in named)][:2])

    @property
    def rules(self) -> QuerySet[Rule]:
        return super().rules.filter(source__in=self.pair)
