"""Indicators over the whole catalog: the spelling that is shown, exact and equivalent reach, other spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from detections.models import Indicator, Reader, RuleIndicator

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """`exact` rules check it and `excluded` exclude it; `equivalent` rules look for the same thing in any words (0
    for a scope row, which has no equivalent). `by_vendor` tells `exact` by source slug."""

    exact: int
    excluded: int
    equivalent: int
    by_vendor: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write an equivalent test, with its rules."""

    id: str
    field: str
    operator: str
    value: str
    rules: int


def spellings(keys: Sequence[str], reader: Reader) -> dict[str, str]:
    """For each key the spelling that most live rules which the reader sees use, of equals the smaller by code point."""
    best: dict[str, tuple[int, str]] = {}
    for chunk in _chunks(keys):
        uses = RuleIndicator.objects.filter(reader.sources("rule__source"), indicator__in=chunk, rule__live=True)
        for key, value, n in uses.order_by().values_list("indicator", "value").annotate(n=Count("rule", distinct=True)):
            best[key] = min(best.get(key, (0, "")), (-n, value))
    return {key: value for key, (_, value) in best.items()}


def reach_of(keys: Sequence[str], reader: Reader) -> dict[str, Reach]:
    """Exact, excluded and equivalent reach of each key that is in the catalog."""
    rows = {row.key: row for chunk in _chunks(keys) for row in Indicator.objects.filter(key__in=chunk)}
    by_vendor: dict[str, dict[str, int]] = {}
    for chunk in _chunks(list(rows)):
        uses = _checked(reader).filter(indicator__in=chunk, counted=True)
        for key, slug, n in uses.values_list("indicator", "rule__source__slug").annotate(n=Count("pk")):
            by_vendor.setdefault(key, {})[slug] = n
    equivalent = _equivalent([key for key, row in rows.items() if row.role != "scope"], reader)
    return {
        key: Reach(
            getattr(row, reader.reach_column()),
            getattr(row, reader.reach_column(excluded=True)),
            equivalent.get(key, 0),
            dict(sorted(by_vendor.get(key, {}).items())),
        )
        for key, row in rows.items()
    }


def equivalents(key: str, reader: Reader) -> tuple[Spelling, ...]:
    """Every way in which live rules write a test that shares an equivalence key with this indicator, by rules."""
    own = _checked(reader).filter(indicator=key).exclude(equivalence="").values("equivalence")
    uses = _checked(reader).filter(equivalence__in=own)
    rows = uses.values_list("indicator", "indicator__field", "indicator__operator", "value").annotate(
        n=Count("rule", distinct=True)
    )
    return tuple(Spelling(*row) for row in sorted(rows, key=lambda row: (-row[4], row[1], row[2], row[3])))


def _checked(reader: Reader):  # type: ignore[no-untyped-def]
    """The uses by live rules that the reader sees, in positive tests."""
    return RuleIndicator.objects.filter(reader.sources("rule__source"), rule__live=True, excluded=False).order_by()


def _equivalent(keys: Sequence[str], reader: Reader) -> dict[str, int]:
    """Distinct live rules over all equivalence keys that each indicator's live rules hold."""
    held: dict[str, set[str]] = {}
    for chunk in _chunks(keys):
        uses = _checked(reader).filter(indicator__in=chunk).exclude(equivalence="")
        for key, equivalence in uses.values_list("indicator", "equivalence").distinct():
            held.setdefault(key, set()).add(equivalence)
    # Most indicators hold one key: its rules are counted in the database. Those with several need distinct rules.
    single = {next(iter(found)) for found in held.values() if len(found) == 1}
    counts: Counter[str] = Counter()
    for chunk in _chunks(sorted(single)):
        uses = _checked(reader).filter(equivalence__in=chunk)
        counts.update(dict(uses.values_list("equivalence").annotate(n=Count("rule", distinct=True))))
    several = {equivalence for found in held.values() if len(found) > 1 for equivalence in found}
    rules: dict[str, set[int]] = {}
    for chunk in _chunks(sorted(several)):
        for equivalence, rule in _checked(reader).filter(equivalence__in=chunk).values_list("equivalence", "rule"):
            rules.setdefault(equivalence, set()).add(rule)
    return {
        key: counts[next(iter(found))] if len(found) == 1 else len(set().union(*(rules[one] for one in found)))
        for key, found in held.items()
    }


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[first : first + _CHUNK] for first in range(0, len(keys), _CHUNK))
