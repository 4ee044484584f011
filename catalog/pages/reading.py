"""What one rule says, condition by condition, as its page and the part that opens in place show it.

The stored tree has it all; only the reach of the indicators comes from the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.pages.marking import Json, conditions
from detections.models import Indicator, Reader, RuleText
from detections.models.indicator import StoredReach

SHOWN_VALUES = 24
FOLDED_VALUES = 100  # behind the first ones; more than these load on demand


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a condition. `key` is "" where nothing is counted, `reach` then None.

    `satisfiable` is the slug of the reason why an attacker can satisfy what is excluded.
    """

    text: str
    operator: str
    comparator: str
    key: str
    reach: int | None
    satisfiable: str = ""


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition. `number` is that of its mark in the text, 0 when it stands elsewhere; `start` its offset there.

    `place` counts the conditions of a rule, those beside its query too; `more` leads to the values behind the first
    ones, "" where they are few and stand folded on the page.
    """

    number: int
    field: str
    canonical: str
    role: str
    derived: str
    excluded: bool
    operators: tuple[str, ...]
    values: tuple[Value, ...]
    start: int = 0
    place: int = 0
    more: str = ""

    @property
    def first(self) -> tuple[Value, ...]:
        return self.values[:SHOWN_VALUES]

    @property
    def further(self) -> tuple[Value, ...]:
        return self.values[SHOWN_VALUES:]

    @property
    def satisfiable(self) -> dict[str, int]:
        """Why an attacker can satisfy its values: each reason with its values, the most first."""
        return dict(Counter(value.satisfiable for value in self.values if value.satisfiable).most_common())


@dataclass(frozen=True, slots=True)
class Part:
    """Conditions that stand beside the query, under the name of their place."""

    place: str
    rows: tuple[ConditionRow, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule checks and excludes, what stands beside it, and what was not understood."""

    checks: tuple[ConditionRow, ...]
    exclusions: tuple[ConditionRow, ...]
    beside: tuple[Part, ...]
    problems: tuple[Json, ...]

    @property
    def indicators_checked(self) -> int:
        """How many indicators the rows of `checks` show, each once; those beside the query not among them."""
        return _indicators(self.checks)

    @property
    def indicators_excluded(self) -> int:
        return _indicators(self.exclusions)


def read(text: RuleText, reader: Reader, values_at: str = "") -> Reading:
    """The reading of a rule's stored text. One query, for the reach.

    `values_at` is the address below which a condition's further values stand by its place.
    """
    trees = [text.tree, *(part["tree"] for part in text.beside)]
    reach = Indicator.objects.reach_by_key(reader, {key for tree in trees for key in _keys(tree)})
    rows = tuple(_rows(text.tree, reach, values_at))
    parts: dict[str, list[ConditionRow]] = {}
    before = len(rows)
    for part in text.beside:
        found = list(_rows(part["tree"], reach, values_at, before, marked=False))
        before += len(found)
        parts.setdefault(part["place"], []).extend(found)
    return Reading(
        checks=tuple(row for row in rows if not row.excluded),
        exclusions=tuple(row for row in rows if row.excluded),
        beside=tuple(Part(place, tuple(found)) for place, found in parts.items()),
        problems=tuple(text.problems),
    )


def row_at(reading: Reading, place: int) -> ConditionRow | None:
    """The condition of a place."""
    parts = (reading.checks, reading.exclusions, *(part.rows for part in reading.beside))
    return next((row for rows in parts for row in rows if row.place == place), None)


def _indicators(rows: tuple[ConditionRow, ...]) -> int:
    return len({value.key for row in rows for value in row.values if value.key})


def _keys(tree: Json | None) -> Iterator[str]:
    for node, _ in conditions(tree):
        yield from (test["indicator"] for test in node["tests"] if test["indicator"])


def _rows(
    tree: Json | None, reach: Mapping[str, StoredReach], values_at: str, before: int = 0, marked: bool = True
) -> Iterator[ConditionRow]:
    for number, (node, excluded) in enumerate(conditions(tree), start=1):
        tests = node["tests"]
        values = tuple(_value(test, excluded, reach) for test in tests if test["operator"] != "exists")
        yield ConditionRow(
            number=number if marked and node["end"] > node["start"] else 0,
            field=node["field"],
            canonical=node["canonical"],
            role=node["role"],
            derived=node.get("derived", ""),
            excluded=excluded,
            operators=tuple(dict.fromkeys(test["operator"] for test in tests)),
            values=values,
            start=node["start"],
            place=before + number,
            more=f"{values_at}{before + number}/" if values_at and len(values) > SHOWN_VALUES + FOLDED_VALUES else "",
        )


def _value(test: Mapping[str, Any], excluded: bool, reach: Mapping[str, StoredReach]) -> Value:
    key = test["indicator"]
    found = reach.get(key)
    return Value(
        text=test["value"],
        operator=test["operator"],
        comparator=test.get("comparator", ""),
        key=key,
        reach=found[excluded] if found else None,
        satisfiable=found.satisfiable if found and excluded else "",
    )
