"""Filters of rules: for a technique's guide, and for the list of rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import django_filters
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.filters.kinds import (
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
from detections.models import Rule
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

    def words(self) -> Mapping[str, Iterable[str]]:
        return {**self.rule_words, "tactic": SimpleLazyObject(tactic_words)}

    def filtered(self, rows: QuerySet[Rule], without: Collection[str] = ()) -> QuerySet[Rule]:
        rules = super().filtered(rows, without)
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
