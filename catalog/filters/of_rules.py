"""Filters of rules on what is not a rule: techniques, fields, values. All are asked of one and the same rule."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from catalog.filters.kinds import WordsFilter
from catalog.filters.rules import RuleListFilterSet
from catalog.filters.strict import StrictFilterSet
from detections.models import Rule


class OfRulesFilterSet(StrictFilterSet):
    """`OF_RULES` name the filters that are asked of rules; `rules_without` are the rules that answer them."""

    vendor = WordsFilter(method="of_rules", label="Slug of a source")
    platform = WordsFilter(method="of_rules", label="Platform of the rules")
    domain = WordsFilter(method="of_rules", label="Domain of the rules")
    language = WordsFilter(method="of_rules", label="Query language of the rules")
    status = WordsFilter(method="of_rules", label="Status of the rules")
    level = WordsFilter(method="of_rules", label="Level or severity of the rules")
    parse = WordsFilter(method="of_rules", label="How far the rules are parsed")

    OF_RULES: tuple[str, ...] = ("vendor", "platform", "domain", "language", "status", "level", "parse")

    def rules_without(self, *names: str) -> QuerySet[Rule]:
        """The live rules that the reader sees and that answer the filters of rules, were some of these taken off."""
        rules = Rule.objects.visible_to(self.reader).live()
        for name in self.OF_RULES if self.is_valid() else ():
            if name not in names:
                rules = RuleListFilterSet.base_filters[name].filter(rules, self.form.cleaned_data[name])
        return rules

    def of_rules(self, rows: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """Nothing yet: the filters of rules are asked together."""
        return rows
