"""What one rule says, test by test, out of its stored tree; only the reach comes from the counted rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from detections.models import Indicator, Reader, RuleText
from detections.models.indicator import StoredReach

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PredicateRow:
    """One test of a condition. `field` is the name as written; `start` and `end` are offsets into the marked text.

    `place` is where it stands beside the query, "" in the query itself.

    `indicator` is the key of the counted row, "" where nothing is counted; `reach` then None. For a negated test it
    is the excluded reach.
    """

    field: str
    canonical: str
    operator: str
    value: str
    role: str
    derived: str
    comparator: str
    negated: bool
    start: int
    end: int
    indicator: str
    reach: int | None
    place: str = ""


@dataclass(frozen=True, slots=True)
class RuleIndicatorRow:
    """An indicator that the rule checks or excludes, once, in its own first spelling."""

    id: str
    field: str
    operator: str
    value: str
    role: str
    excluded: bool
    reach: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """Tests that stand beside the query, under the name of their place."""

    place: str
    predicates: tuple[PredicateRow, ...]


@dataclass(frozen=True, slots=True)
class RuleReading:
    """`predicates` are the query's positive tests in text order, `exclusions` the negated ones."""

    predicates: tuple[PredicateRow, ...]
    exclusions: tuple[PredicateRow, ...]
    indicators: tuple[RuleIndicatorRow, ...]
    beside: tuple[Beside, ...]
    problems: tuple[Json, ...]


def predicates_of(text: RuleText, reader: Reader) -> RuleReading:
    """The reading of a rule's stored text. One query, for the reach; none where nothing is counted."""
    trees = [text.tree, *(part["tree"] for part in text.beside)]
    keys = {test["indicator"] for tree in trees for _, test, _ in _tests(tree) if test["indicator"]}
    reach = Indicator.objects.reach_by_key(reader, keys) if keys else {}
    rows = tuple(_rows(text.tree, reach))
    places: dict[str, list[PredicateRow]] = {}
    for part in text.beside:
        places.setdefault(part["place"], []).extend(_rows(part["tree"], reach, part["place"]))
    return RuleReading(
        predicates=tuple(row for row in rows if not row.negated),
        exclusions=tuple(row for row in rows if row.negated),
        indicators=_indicators(rows),
        beside=tuple(Beside(place, tuple(found)) for place, found in places.items()),
        problems=tuple(text.problems),
    )


def _tests(tree: Json | None) -> Iterator[tuple[Json, Json, bool]]:
    """(condition, test, whether it is negated) in text order; without recursion, since a tree may be deep."""
    stack: list[tuple[Json, bool]] = [(tree, False)] if tree else []
    while stack:
        node, negated = stack.pop()
        if node["kind"] == "condition":
            yield from ((node, test, negated) for test in node["tests"])
            continue
        below = negated != (node["kind"] == "not")
        stack.extend((child, below) for child in reversed(node["children"]))


def _rows(tree: Json | None, reach: Mapping[str, StoredReach], place: str = "") -> Iterator[PredicateRow]:
    for node, test, negated in _tests(tree):
        counts = reach.get(test["indicator"])
        yield PredicateRow(
            field=node["field"],
            canonical=node["canonical"],
            operator=test["operator"],
            value=test["value"],
            role=node["role"],
            derived=node.get("derived", ""),
            comparator=test.get("comparator", ""),
            negated=negated,
            start=test["start"],
            end=test["end"],
            indicator=test["indicator"],
            reach=counts[negated] if counts else None,
            place=place,
        )


def _indicators(rows: tuple[PredicateRow, ...]) -> tuple[RuleIndicatorRow, ...]:
    found: dict[tuple[str, bool], RuleIndicatorRow] = {}
    for row in rows:
        if row.indicator:
            told = RuleIndicatorRow(
                row.indicator, row.canonical, row.operator, row.value, row.role, row.negated, row.reach
            )
            found.setdefault((row.indicator, row.negated), told)
    return tuple(found.values())
