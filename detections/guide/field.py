"""Canonical fields over the catalog: how many rules test each, how, which values they look for, and where.

`tests`, `uses` and `rules` are always of live rules that the reader sees, filtered as the reader asks. A rule counts at
most once per row, and once in each column of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Case, CharField, Count, F, Max, Q, QuerySet, Value, When

from detections.guide.counts import rules_by_technique
from detections.guide.guide import LogSourceRow, log_sources_of
from detections.guide.indicator import spellings
from detections.models import Reader, Rule, RuleField, RuleIndicator, Technique
from detections.models.collation import code_point
from detections.normalization.catalogue import Catalogue, Field

CHECKED, EXCLUDED, VENDOR = "checked", "excluded", "vendor"
# The order of values, and what decides between equals in any other.
VALUE_TIES = (F("checked").desc(), F("excluding").desc(), code_point("folded"), code_point("operator"), "key")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field with the rules that test it: `checked` check it, `excluded` exclude by it, `vendors` maps a source's slug
    to those that do either. `operators` and `exclusion_operators` map each operator to its rules, the most first."""

    field: Field
    checked: int
    excluded: int
    vendors: dict[str, int]
    operators: dict[str, int]
    exclusion_operators: dict[str, int]

    @property
    def name(self) -> str:
        return self.field.canonical

    @property
    def rules(self) -> int:
        """Those that test it either way: a rule has one source."""
        return sum(self.vendors.values())


@dataclass(frozen=True, slots=True)
class ValueRow:
    """An indicator of a field: `checked` and `excluded` are the rules here, `reach` and `excluded_reach` those of the
    whole catalog. `id` is its key, `value` the spelling that is shown."""

    id: str
    operator: str
    value: str
    role: str
    checked: int
    excluded: int
    reach: int
    excluded_reach: int


@dataclass(frozen=True, slots=True)
class TechniqueUse:
    """A technique with the rules that state it among those that test a field."""

    technique: Technique
    rules: int


@dataclass(frozen=True, slots=True)
class FieldDetail(FieldRow):
    """With the techniques that its rules state, and the log sources that they need."""

    techniques: tuple[TechniqueUse, ...]
    log_sources: tuple[LogSourceRow, ...]


def field_rows(tests: QuerySet[RuleField], catalogue: Catalogue) -> list[FieldRow]:
    """The fields of these tests, the most used first, then by name. One query."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for name, kind, word, number in _count_tests(tests):
        found.setdefault(name, {}).setdefault(kind, Counter())[word] = number
    rows = [_row(catalogue.field(name), counts) for name, counts in found.items()]
    return sorted(rows, key=lambda row: (-row.rules, row.name))


def field_detail(name: str, tests: QuerySet[RuleField], catalogue: Catalogue) -> FieldDetail:
    """One field, with zeros when nothing tests it. Four queries."""
    found = tests.filter(field=name)
    rows, rules = field_rows(found, catalogue), rules_testing(found)
    row = rows[0] if rows else _row(catalogue.field(name), {})
    known = {part.name: getattr(row, part.name) for part in fields(row)}
    return FieldDetail(**known, techniques=techniques_of(rules), log_sources=log_sources_of(rules))


def rules_testing(tests: QuerySet[RuleField]) -> QuerySet[Rule]:
    """The rules of some tests."""
    return Rule.objects.filter(pk__in=tests.order_by().values("rule"))


def value_counts(uses: QuerySet[RuleIndicator], reader: Reader) -> QuerySet[RuleIndicator, dict[str, Any]]:
    """The indicators of these uses as mappings, those that most rules check first; a total order."""
    counted = uses.filter(counted=True).order_by()
    return (
        counted.values(key=F("indicator"), operator=F("indicator__operator"), role=F("indicator__role"))
        .annotate(folded=Max("indicator__value"))
        .annotate(checked=Count("pk", filter=Q(excluded=False)), excluding=Count("pk", filter=Q(excluded=True)))
        .annotate(reach=Max(f"indicator__{reader.reach_column()}"))
        .annotate(excluded_reach=Max(f"indicator__{reader.reach_column(excluded=True)}"))
        .order_by(*VALUE_TIES)
    )


def value_rows(counts: Iterable[Mapping[str, Any]], reader: Reader) -> tuple[ValueRow, ...]:
    """Some of `value_counts` in the spelling that most rules use. One query."""
    found = list(counts)
    shown = spellings([row["key"] for row in found], reader) if found else {}
    return tuple(
        ValueRow(
            row["key"], row["operator"], shown.get(row["key"], row["folded"]), row["role"],
            row["checked"], row["excluding"], row["reach"], row["excluded_reach"],
        )
        for row in found
    )  # fmt: skip


def techniques_of(rules: QuerySet[Rule]) -> tuple[TechniqueUse, ...]:
    """The techniques in force that `rules` state, the most rules first, then by id. Two queries."""
    counts = rules_by_technique(rules)
    found = Technique.objects.in_force().select_related("parent").filter(pk__in=counts)
    uses = [TechniqueUse(technique, counts[technique.pk]) for technique in found.defer("description", "citations")]
    return tuple(sorted(uses, key=lambda use: (-use.rules, use.technique.attack_id)))


def _row(field: Field, counts: Mapping[str, Counter[str]]) -> FieldRow:
    checked, excluded = counts.get(CHECKED, Counter()), counts.get(EXCLUDED, Counter())
    return FieldRow(
        field=field,
        checked=checked.pop("", 0),
        excluded=excluded.pop("", 0),
        vendors=_ranked(counts.get(VENDOR, {})),
        operators=_ranked(checked),
        exclusion_operators=_ranked(excluded),
    )


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count_tests(tests: QuerySet[RuleField]) -> Sequence[tuple[str, str, str, int]]:
    """(field, kind, word, rules): by polarity and operator, by polarity alone (the word is ""), and by vendor."""
    polarity = Case(When(excluded=True, then=Value(EXCLUDED)), default=Value(CHECKED), output_field=CharField())
    blank = Value("", output_field=CharField())
    number = Count("rule", distinct=True)
    kinds = (
        (polarity, F("operator")),
        (polarity, blank),
        (Value(VENDOR, output_field=CharField()), F("rule__source__slug")),
    )
    first, *others = (
        tests.order_by()
        .annotate(kind=kind, word=word)
        .values("field", "kind", "word")
        .annotate(number=number)
        .values_list("field", "kind", "word", "number")
        for kind, word in kinds
    )
    return first.union(*others, all=True)
