"""Two vendors side by side: for each technique whether both have a rule, only one of them, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from detections.guide.matrix import ELSEWHERE, Cell, Matrix
from detections.models import Source, Tactic

STATES = ("both", "first", "second", "neither")


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A technique with the rules of both sources; for a parent `state` looks at its sub-techniques too."""

    cell: Cell
    first: int
    second: int
    first_rolled_up: int
    second_rolled_up: int

    @property
    def state(self) -> str:
        return _state(self.first_rolled_up, self.second_rolled_up)


@dataclass(frozen=True, slots=True)
class ComparedTactic:
    """The rows of a tactic that are shown. `counts` are of all its techniques by state, sub-techniques too."""

    tactic: Tactic
    rows: tuple[ComparedRow, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`counts` maps each state to its techniques, every one counted once."""

    first: Source
    second: Source
    groups: tuple[ComparedTactic, ...]
    counts: dict[str, int]

    @property
    def techniques(self) -> int:
        return sum(self.counts.values())

    @property
    def is_empty(self) -> bool:
        """Whether no row is left to show."""
        return not any(group.rows for group in self.groups)


def compare(matrix: Matrix, first: Source, second: Source, show: str = "") -> Comparison:
    """Compare two sources by a whole matrix of their rules. `show` leaves the rows of one state.

    Techniques of platforms that were not asked for are left out, unless a rule states them.
    """
    groups, states = [], {}
    for column in matrix.columns:
        rows = [_row(cell, first.slug, second.slug) for cell in column.every_cell() if cell.state != ELSEWHERE]
        states |= {row.cell.technique.pk: row.state for row in rows}
        shown = tuple(row for row in rows if not show or row.state == show)
        groups.append(ComparedTactic(column.tactic, shown, _counts(row.state for row in rows)))
    return Comparison(first, second, tuple(groups), _counts(states.values()))


def _row(cell: Cell, first: str, second: str) -> ComparedRow:
    return ComparedRow(cell, *(of.get(slug, 0) for of in (cell.own, cell.every) for slug in (first, second)))


def _state(first: int, second: int) -> str:
    if first and second:
        return "both"
    return "first" if first else "second" if second else "neither"


def _counts(states: Iterable[str]) -> dict[str, int]:
    found = Counter(states)
    return {state: found[state] for state in STATES}
