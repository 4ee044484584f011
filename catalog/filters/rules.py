"""Filters of rules: for a technique's guide, and for the list of rules."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import django_filters
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.filters.indicators import KeysFilter, indicators_asked
from catalog.filters.kinds import (
    OPERATORS,
    StatedTacticsFilter,
    TagsFilter,
    TechniquesFilter,
    TextFilter,
    WordsFilter,
    tactic_words,
)
from catalog.filters.searching import RuleSearch
from catalog.filters.strict import StrictFilterSet
from catalog.ordering import RULE_ORDERS
from detections.models import Indicator, Rule, RuleField, RuleLogSource, RuleName
from detections.searching.grammar import LONGEST


class RuleFilterSet(StrictFilterSet):
    """The facets of rules, any lifecycle unless `live` says otherwise: for a technique's guide."""

    vendor = WordsFilter(field_name="source__slug", label="Slug of a source")
    platform = TagsFilter(field_name="platforms", label="Platform")
    domain = TagsFilter(field_name="domains", label="Domain of telemetry")
    language = WordsFilter(field_name="language", label="Query language")
    status = WordsFilter(field_name="status", label="Status in the vendor's words")
    level = WordsFilter(field_name="level", label="Level or severity in the vendor's words")
    parse = WordsFilter(field_name="parse", label="How far the query is parsed: full, partial or none")
    live = django_filters.ChoiceFilter(
        method="of_life",
        choices=[("yes", "live"), ("no", "not live"), ("all", "all")],
        error_messages={"invalid_choice": "Write yes, no or all."},
        label="yes: rules that count; no: retired, deprecated, unsupported and copied ones; all",
    )

    class Meta:
        model = Rule
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        return self.rule_words

    def of_life(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        return rules if value == "all" else rules.filter(live=value == "yes")


class RuleListFilterSet(RuleFilterSet):
    """Filters of the list of rules: live ones unless `live` says otherwise."""

    orders = RULE_ORDERS

    q = TextFilter(
        method="of_search",
        max_length=LONGEST,
        label="Words of a rule's texts, and terms such as field:Image op:endswith value:*rundll32* excluded:yes",
    )
    technique = TechniquesFilter(label="Id of a technique that the rule states")
    tactic = StatedTacticsFilter(label="Short name, id or name of a tactic of a technique that the rule states")
    indicator = KeysFilter(label="Key of an indicator that the rule checks; of several it checks all")
    excluded_indicator = KeysFilter(
        excluded=True, label="Key of an indicator that the rule excludes; of several it excludes all"
    )
    field = WordsFilter(method="of_test", label="Canonical field that the rule tests")
    operator = WordsFilter(method="of_test", label="Operator that it tests it with")
    excluded = django_filters.ChoiceFilter(
        method="of_test",
        choices=[("0", "checked"), ("1", "excluded")],
        error_messages={"invalid_choice": "Write 1 for rules that exclude by it, 0 for those that check it."},
        label="0: the rule checks it; 1: the rule excludes by it",
    )
    written = TextFilter(method="of_name", max_length=300, label="Name of a field as the rule writes it, in any case")
    log_source = TextFilter(method="of_log_source", max_length=LONGEST, label="Log source that it needs, as kind:name")

    OF_TEST: tuple[str, ...] = ("field", "operator", "excluded")

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """The indicators in use that the address names, by key. One query, none without."""
        return indicators_asked(self.data, self.reader, "indicator", "excluded_indicator")

    def words(self) -> Mapping[str, Iterable[str]]:
        keys = SimpleLazyObject(lambda: self.indicators)
        own = {
            "tactic": SimpleLazyObject(tactic_words), "indicator": keys, "excluded_indicator": keys,
            "field": SimpleLazyObject(lambda: RuleField.objects.names(self.reader)), "operator": OPERATORS,
        }  # fmt: skip
        return ChainMap(own, SimpleLazyObject(lambda: self.rule_words))

    def filtered(self, rows: QuerySet[Rule], without: Collection[str] = ()) -> QuerySet[Rule]:
        rules = super().filtered(rows, without)
        tests = {name: self.form.cleaned_data[name] for name in self.OF_TEST if name not in without}
        if any(tests.values()):
            found = RuleField.objects.tested(tests.get("field"), tests.get("operator"), tests.get("excluded"))
            rules = rules.filter(pk__in=found.values("rule"))
        asked = "live" in without or self.form.cleaned_data["live"]
        return rules if asked else rules.filter(live=True)

    @cached_property
    def search(self) -> RuleSearch:
        """What `q` asks for."""
        return RuleSearch(self.form.cleaned_data.get("q") or "", self)

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        found = dict(super().errors)
        if "q" not in found and self.search.problems:
            found["q"] = [problem.message for problem in self.search.problems]
        return found

    @property
    def in_order(self) -> QuerySet[Rule]:
        """By `ordering`; without it the closest to the words of `q` first, then by title."""
        return self.search.closest_first(self.qs) if self.is_ranked else super().in_order

    @property
    def is_ranked(self) -> bool:
        return not (self.errors or self.ordering) and self.search.is_ranked

    def of_search(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        return self.search.filter(rules)

    def of_test(self, rules: QuerySet[Rule], name: str, value: str | list[str]) -> QuerySet[Rule]:
        """Nothing yet: field, operator and polarity are asked of one and the same test."""
        return rules

    def of_name(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        names = RuleName.objects.filter(name__in=self.spellings)
        if field := self.form.cleaned_data["field"]:
            names = names.filter(canonical__in=field)
        return rules.filter(pk__in=names.values("rule"))

    @cached_property
    def spellings(self) -> list[str]:
        """The names as rules write them that are the one asked for, looked up once for rows and facets."""
        return RuleName.objects.spellings(self.form.cleaned_data["written"])

    def of_log_source(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        kind, _, name = value.partition(":")
        return rules.filter(pk__in=RuleLogSource.objects.filter(kind=kind, name=name).values("rule"))


class IndicatorRuleFilterSet(RuleListFilterSet):
    """Filters of the rules under an indicator's address, which asks itself for those that check or exclude it."""

    excluded = django_filters.ChoiceFilter(
        method="of_test",
        choices=[("0", "checked"), ("1", "excluded")],
        error_messages={"invalid_choice": "Write 1 for rules that exclude it, 0 for those that check it."},
        label="1: the rules that exclude the indicator; 0: those that check it",
    )

    OF_TEST = ("field", "operator")
