"""Indicators over the whole catalog: their reach, the spelling that is shown, and other ways to write the same test.

Everything counts live rules that the reader sees, each once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet

from detections.models import Indicator, Reader, RuleIndicator

SCOPE = "scope"


@dataclass(frozen=True, slots=True)
class Reach:
    """`exact` rules check it, `excluded` exclude it, `by_vendor` maps a source's slug to those that check it.

    `equivalent` counts the rules that check it under any spelling; 0 for scope, which is counted exactly alone.
    """

    exact: int
    excluded: int
    equivalent: int
    by_vendor: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CountedTest:
    """A test in one spelling, with the live rules at hand that use it. `id` is its indicator's key."""

    id: str
    field: str
    operator: str
    value: str
    rules: int


@dataclass(frozen=True, slots=True)
class Equivalents:
    """All ways to write a test, and the live rules that write it in one of them: its equivalent reach."""

    rows: tuple[CountedTest, ...] = ()
    rules: int = 0


def spellings(keys: str | Iterable[str], reader: Reader) -> dict[str, str]:
    """For each key the spelling that most rules use; of equals the smaller by code point. One query.

    A key that no live rule of the reader's uses is left out.
    """
    number = Count("rule", distinct=True)
    best: dict[str, tuple[int, str]] = {}
    for key, value, rules in _uses(_listed(keys), reader).values_list("indicator", "value").annotate(number=number):
        best[key] = min(best.get(key, (0, "")), (-rules, value))
    return {key: value for key, (_, value) in best.items()}


def spelled(indicators: list[Indicator], reader: Reader) -> list[Indicator]:
    """The indicators, each with `shown`, its spelling for this reader. One query."""
    shown = spellings([row.key for row in indicators], reader)
    for row in indicators:
        row.shown = shown.get(row.key, row.value)
    return indicators


def reach_of(keys: str | Iterable[str], reader: Reader) -> dict[str, Reach]:
    """The reach of each key that the catalog has. Three queries."""
    listed = _listed(keys)
    exact = Indicator.objects.reach_by_key(reader, listed)
    checked = _uses(listed, reader).filter(excluded=False, counted=True)
    by_vendor: dict[str, list[tuple[int, str]]] = {}
    for key, slug, rules in checked.values_list("indicator", "rule__source__slug").annotate(number=Count("pk")):
        by_vendor.setdefault(key, []).append((-rules, slug))
    equivalent = equivalent_reach(listed, reader)
    return {
        key: Reach(
            reach, excluded, equivalent.get(key, 0),
            {slug: -number for number, slug in sorted(by_vendor.get(key, ()))},
        )
        for key, (reach, excluded, _) in exact.items()
    }  # fmt: skip


def equivalent_reach(keys: Iterable[str], reader: Reader) -> dict[str, int]:
    """Rules that check one of the equivalence keys of an indicator's own uses; scope is left out. One query."""
    wanted = set(_listed(keys))
    checks = _checks_with_equivalence(reader)
    shared = checks.filter(indicator__in=wanted).values("equivalence")
    own: dict[str, set[str]] = {}
    rules: dict[str, set[int]] = {}
    for key, equivalence, rule in checks.filter(equivalence__in=shared).values_list("indicator", "equivalence", "rule"):
        rules.setdefault(equivalence, set()).add(rule)
        if key in wanted:
            own.setdefault(key, set()).add(equivalence)
    return {key: len(set().union(*(rules[equivalence] for equivalence in found))) for key, found in own.items()}


def equivalents(key: str, reader: Reader) -> Equivalents:
    """Every way to write the test, its own spellings among them, by rules, field, operator and value. Two queries.

    Empty where nothing is equivalent: scope, and tests without an equivalence key.
    """
    checks = _checks_with_equivalence(reader)
    # Not as a subquery, of which PostgreSQL expects a hundred times the rows that there are.
    shared = list(checks.filter(indicator=key).values_list("equivalence", flat=True).distinct())
    found = checks.filter(equivalence__in=shared).values_list(
        "indicator", "indicator__field", "indicator__operator", "value", "rule"
    )
    rules: dict[tuple[str, str, str, str], set[int]] = {}
    for *test, rule in found:
        rules.setdefault((test[0], test[1], test[2], test[3]), set()).add(rule)
    rows = [CountedTest(*test, len(users)) for test, users in rules.items()]
    rows.sort(key=lambda row: (-row.rules, row.field, row.operator, row.value, row.id))
    return Equivalents(tuple(rows), len(set().union(*rules.values())))


def _checks_with_equivalence(reader: Reader) -> QuerySet[RuleIndicator]:
    uses = RuleIndicator.objects.filter(reader.sources("rule__source"), rule__live=True, excluded=False).order_by()
    return uses.exclude(equivalence="").exclude(indicator__role=SCOPE)


def _uses(keys: list[str], reader: Reader) -> QuerySet[RuleIndicator]:
    """The uses of some indicators in live rules that the reader sees."""
    uses = RuleIndicator.objects.filter(reader.sources("rule__source"), rule__live=True, indicator__in=keys)
    return uses.order_by()


def _listed(keys: str | Iterable[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else sorted(set(keys))
