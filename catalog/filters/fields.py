"""Filters of fields: for their list, for one of them, and for its values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.filters.kinds import (
    LONGEST,
    MOST_WORDS,
    OPERATORS,
    StatedTacticsFilter,
    TechniquesFilter,
    TextFilter,
    WordsFilter,
    tactic_words,
)
from catalog.filters.of_rules import OfRulesFilterSet
from catalog.ordering import FIELD_ORDERS, VALUE_ORDERS, parted
from detections.guide.field import VALUE_TIES, FieldRow, field_rows, value_counts
from detections.importing.names import current_catalogue
from detections.models import RuleField, RuleIndicator
from detections.normalization.catalogue import Catalogue
from detections.searching.hits import fields_with

NAMESPACES = ("sigma", "ecs", "cim", "none")
UNKNOWN = "not in the tables"  # the group of fields that no table knows


class TestFilterSet(OfRulesFilterSet):
    """Filters of what live rules test; its rows have a `rule`. Those of rules are asked of one and the same rule."""

    technique = TechniquesFilter(method="of_rules", label="Id of a technique that the rules state")
    tactic = StatedTacticsFilter(method="of_rules", label="Tactic of a technique that the rules state")

    OF_RULES = (*OfRulesFilterSet.OF_RULES, "technique", "tactic")

    class Meta:
        model = RuleField
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        return {**self.rule_words, "tactic": SimpleLazyObject(tactic_words)}

    @cached_property
    def catalogue(self) -> Catalogue:
        """The names in force, read once."""
        return current_catalogue()

    def filtered(self, rows: QuerySet[Any], without: Collection[str] = ()) -> QuerySet[Any]:
        return super().filtered(rows, without).filter(rule__in=self.rules_without(*without).order_by().values("pk"))


class FieldFilterSet(TestFilterSet):
    """Filters of the list of fields, over the tests of rules."""

    orders = FIELD_ORDERS
    counted = "field"

    operator = WordsFilter(field_name="operator", label="Operator that tests the field")
    group = WordsFilter(method="of_group", label="Group of fields")
    names = WordsFilter(method="of_names", label="Namespace that has a name for the field: sigma, ecs, cim or none")
    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of any of the field's names")

    def words(self) -> Mapping[str, Iterable[str]]:
        groups = {field.group for field in self.catalogue.fields.values()} | {UNKNOWN}
        return {**super().words(), "operator": OPERATORS, "group": sorted(groups), "names": NAMESPACES}

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """All fields that rules test, read once."""
        return RuleField.objects.names(self.reader)

    def group_of(self, field: str) -> str:
        known = self.catalogue.fields.get(field)
        return known.group if known else UNKNOWN

    @cached_property
    def namespaces(self) -> Mapping[str, frozenset[str]]:
        """The namespaces of a canonical field's names."""
        found: dict[str, set[str]] = {}
        for alias in self.catalogue.aliases:
            if alias.vendor in NAMESPACES:
                found.setdefault(alias.canonical, set()).add(alias.vendor)
        return {field: frozenset(names) for field, names in found.items()}

    def namespaces_of(self, field: str) -> frozenset[str]:
        return self.namespaces.get(field, frozenset({"none"}))

    def of_group(self, tests: QuerySet[RuleField], name: str, value: list[str]) -> QuerySet[RuleField]:
        return tests.of_fields([field for field in self.tested if self.group_of(field) in value])

    def of_names(self, tests: QuerySet[RuleField], name: str, value: list[str]) -> QuerySet[RuleField]:
        return tests.of_fields([field for field in self.tested if not self.namespaces_of(field).isdisjoint(value)])

    def with_words(self, tests: QuerySet[RuleField], name: str, value: str) -> QuerySet[RuleField]:
        return tests.of_fields(self.fields_with_words)

    @cached_property
    def fields_with_words(self) -> list[str]:
        """The fields with these words in one of their names, looked up once for rows and facets."""
        words = self.form.cleaned_data["q"].split()[:MOST_WORDS]
        return [hit.field for hit in fields_with(words, self.reader)]

    @property
    def ranked(self) -> list[FieldRow]:
        """The fields by `ordering`, by their rules without one."""
        rows = field_rows(self.qs, self.catalogue)
        name, falls = parted(self.ordering)
        if not name:
            return rows
        by_name = sorted(rows, key=lambda row: row.name)
        return sorted(by_name, key=lambda row: getattr(row, name), reverse=falls)


class FieldValueFilterSet(TestFilterSet):
    """Filters of a field's values, over the uses of indicators."""

    orders = VALUE_ORDERS

    operator = WordsFilter(field_name="indicator__operator", label="Operator of the test")
    excluded = django_filters.ChoiceFilter(
        field_name="excluded",
        choices=[("0", "checked"), ("1", "excluded")],
        error_messages={"invalid_choice": "Write 1 for what rules exclude, 0 for what they check."},
        label="0: values that rules check; 1: values that they exclude",
    )
    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the value")

    class Meta(TestFilterSet.Meta):
        model = RuleIndicator

    def words(self) -> Mapping[str, Iterable[str]]:
        return {**super().words(), "operator": OPERATORS}

    @property
    def ranked(self) -> QuerySet[RuleIndicator, dict[str, Any]]:
        """The values with their counts by `ordering`, those that most rules check first without one."""
        counts = value_counts(self.qs, self.reader)
        if not self.ordering:
            return counts
        name, falls = parted(self.ordering)
        by = self.orders[name].by
        return counts.order_by(by.desc() if falls else by.asc(), *VALUE_TIES)

    def with_words(self, uses: QuerySet[RuleIndicator], name: str, value: str) -> QuerySet[RuleIndicator]:
        for word in value.split()[:MOST_WORDS]:
            uses = uses.filter(indicator__value__icontains=word)
        return uses
