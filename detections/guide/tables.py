"""The two tables of a guide, fields and indicators, for what rules check and for what they exclude.

Counted in the database over the flat sets; a rule counts at most once per row. `rules` is always a queryset of live
rules that the reader sees.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber

from detections.guide.indicator import spellings
from detections.guide.spread import NO_SPREAD, Spread, spread_of
from detections.models import Reader, Rule, RuleField, RuleIndicator
from detections.models.collation import code_point

SAMPLES = 5
LIMIT = 500


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A canonical field: `operators` maps each to its rules, the most used first; at most five `samples`."""

    field: str
    role: str
    rules: int
    operators: dict[str, int]
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """A combination of field, operator and value with the rules here that use it.

    `id` is the indicator's key, `value` the spelling shown. `reach` is None where only the rules of this page use
    it (inside exclusions: exclude it). `satisfiable` is the slug of the reason why an attacker can satisfy the test.
    """

    id: str
    field: str
    operator: str
    value: str
    role: str
    rules: int
    reach: int | None
    satisfiable: str = ""


@dataclass(frozen=True, slots=True)
class Tables:
    """All fields, the first indicators, how many indicators there are, and how all of them spread."""

    fields: tuple[FieldRow, ...] = ()
    indicators: tuple[IndicatorRow, ...] = ()
    indicators_count: int = 0
    spread: Spread = NO_SPREAD


class _Counted(NamedTuple):
    """An indicator before its spelling is known. `here` counts the rules of the page before any filter."""

    key: str
    field: str
    operator: str
    role: str
    satisfiable: str
    rules: int
    here: int
    reach: int


def _rank(row: _Counted) -> tuple[int, str]:
    return (-row.rules, row.field)


def build_tables(
    rules: QuerySet[Rule], every: QuerySet[Rule], reader: Reader, offset: int = 0, limit: int = LIMIT
) -> tuple[Tables, Tables]:
    """What `rules` check and what they exclude, in four queries.

    `every` are the page's rules before any filter, which decide where reach is blank. Of each polarity's indicators
    the `limit` from `offset` on.
    """
    checks, exclusions = _field_rows(rules)
    counted = _count_indicators(rules, every, reader)
    spreads = [spread_of((row.operator, _shown_reach(row)) for row in rows) for rows in counted]
    checked, excluded = _windows(counted, reader, offset, limit)
    return Tables(checks, *checked, spreads[0]), Tables(exclusions, *excluded, spreads[1])


def indicator_rows(
    rules: QuerySet[Rule], every: QuerySet[Rule], reader: Reader, offset: int = 0, limit: int = LIMIT
) -> tuple[tuple[tuple[IndicatorRow, ...], int], tuple[tuple[IndicatorRow, ...], int]]:
    """For what is checked and what is excluded: the rows from `offset` on, and how many there are in all.

    Two queries. Ranked by rules and field first; spellings are read only for the rows shown and for those
    that tie with the first or the last of them, since the spelling decides the order among these.
    """
    return _windows(_count_indicators(rules, every, reader), reader, offset, limit)


def _windows(
    counted: tuple[list[_Counted], list[_Counted]], reader: Reader, offset: int, limit: int
) -> tuple[tuple[tuple[IndicatorRow, ...], int], tuple[tuple[IndicatorRow, ...], int]]:
    around = [_around(rows, offset, limit) for rows in counted]
    shown = spellings({row.key for _, rows in around for row in rows}, reader) if limit else {}
    first, second = (
        (_spelled(rows, shown, offset - start, limit), len(found))
        for found, (start, rows) in zip(counted, around, strict=True)
    )
    return first, second


def _count_indicators(
    rules: QuerySet[Rule], every: QuerySet[Rule], reader: Reader
) -> tuple[list[_Counted], list[_Counted]]:
    """All indicators that `rules` use, by rank: those that they check, and those that they exclude."""
    uses = RuleIndicator.objects.filter(rule__in=_ids(every), counted=True).order_by()
    mine = Count("pk", filter=Q(rule__in=_ids(rules)))
    found = (
        uses.values_list(
            "excluded",
            "indicator",
            "indicator__field",
            "indicator__operator",
            "indicator__role",
            "indicator__satisfiable",
        )
        .annotate(mine=mine, here=Count("pk"))
        .annotate(reach=Max(f"indicator__{reader.reach_column()}"))
        .annotate(excluded_reach=Max(f"indicator__{reader.reach_column(excluded=True)}"))
        .filter(mine__gt=0)
    )
    tables: tuple[list[_Counted], list[_Counted]] = ([], [])
    for excluded, *row, number, here, reach, excluded_reach in found:
        tables[excluded].append(_Counted(*row, number, here, excluded_reach if excluded else reach))
    for rows in tables:
        rows.sort(key=_rank)
    return tables


def _around(rows: list[_Counted], offset: int, limit: int) -> tuple[int, list[_Counted]]:
    """The rows of a window with those that tie with its first or last, and where they begin."""
    if offset >= len(rows) or limit <= 0:
        return offset, []
    start, end = offset, min(offset + limit, len(rows))
    while start and _rank(rows[start - 1]) == _rank(rows[offset]):
        start -= 1
    while end < len(rows) and _rank(rows[end]) == _rank(rows[end - 1]):
        end += 1
    return start, rows[start:end]


def _spelled(rows: list[_Counted], shown: dict[str, str], skip: int, limit: int) -> tuple[IndicatorRow, ...]:
    ordered = sorted(rows, key=lambda row: (*_rank(row), shown.get(row.key, ""), row.operator, row.key))
    return tuple(
        IndicatorRow(
            row.key, row.field, row.operator, shown.get(row.key, ""), row.role, row.rules,
            _shown_reach(row), row.satisfiable,
        )
        for row in ordered[skip : skip + limit]
    )  # fmt: skip


def _shown_reach(row: _Counted) -> int | None:
    """The corpus reach; None where only the rules of the page make it up."""
    return None if row.reach == row.here else row.reach


def _field_rows(rules: QuerySet[Rule]) -> tuple[tuple[FieldRow, ...], tuple[FieldRow, ...]]:
    """All fields by rules and name: those that `rules` check, and those that they exclude by. Two queries."""
    numbers: dict[tuple[bool, str], int] = {}
    operators: dict[tuple[bool, str], Counter[str]] = {}
    roles: dict[tuple[bool, str], Counter[str]] = {}
    for excluded, field, operator, role, number in _count_fields(rules):
        at = (bool(excluded), field)
        if operator:
            operators.setdefault(at, Counter())[operator] += number
            roles.setdefault(at, Counter())[role] += number
        else:
            numbers[at] = number
    samples = _samples(rules)
    found: tuple[list[FieldRow], list[FieldRow]] = ([], [])
    for at, number in numbers.items():
        row = FieldRow(at[1], _ranked(roles[at])[0][0], number, dict(_ranked(operators[at])), samples.get(at, ()))
        found[at[0]].append(row)
    for table in found:
        table.sort(key=lambda row: (-row.rules, row.field))
    return tuple(found[False]), tuple(found[True])


def _count_fields(rules: QuerySet[Rule]) -> QuerySet[RuleField]:
    """(excluded, field, operator, role, rules), and with operator and role blank the rules of the whole field."""
    tests = RuleField.objects.filter(rule__in=_ids(rules)).order_by()
    blank = Value("", output_field=CharField())
    parts = tests.annotate(how=F("operator"), what=F("role")).values_list("excluded", "field", "how", "what")
    whole = tests.annotate(how=blank, what=blank).values_list("excluded", "field", "how", "what")
    number = Count("rule", distinct=True)
    return parts.annotate(number=number).union(whole.annotate(number=number), all=True)


def _samples(rules: QuerySet[Rule]) -> dict[tuple[bool, str], tuple[str, ...]]:
    """The spellings that most of `rules` use in a field, for each polarity. One query."""
    uses = RuleIndicator.objects.filter(rule__in=_ids(rules)).order_by()
    place = Window(
        RowNumber(),
        partition_by=[F("excluded"), F("indicator__field")],
        order_by=[F("number").desc(), code_point("value").asc()],
    )
    spelled = uses.values_list("excluded", "indicator__field", "value").annotate(number=Count("rule", distinct=True))
    found: dict[tuple[bool, str], list[tuple[int, str]]] = {}
    for excluded, field, value, _, at in spelled.annotate(place=place).filter(place__lte=SAMPLES):
        found.setdefault((excluded, field), []).append((at, value))
    return {key: tuple(value for _, value in sorted(values)) for key, values in found.items()}


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _ids(rules: QuerySet[Rule]) -> QuerySet[Rule]:
    """The rules as a subquery: their keys, without order."""
    return rules.order_by().values("pk")
