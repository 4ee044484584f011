"""The shades and words of the matrix's cells, the same on the page, in the picture and in the Navigator layer.

The page's own colours stand in `static/catalog/css/matrix.css`, in both themes; here are those of the light one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from detections.guide.matrix import ELSEWHERE, Cell


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour and the ink that is read on it, for `least` rules and more."""

    name: str
    least: int
    ground: str
    ink: str


OTHER = Shade("ce", 0, "#eef1ec", "#56635c")
SHADES = (
    Shade("c0", 0, "#ffffff", "#16201b"),
    Shade("c1", 1, "#e0f0e8", "#16201b"),
    Shade("c2", 5, "#bfe0cf", "#16201b"),
    Shade("c3", 20, "#8fcaae", "#16201b"),
    Shade("c4", 50, "#137a58", "#ffffff"),
    Shade("c5", 100, "#084e38", "#ffffff"),
)


def shade_of_cell(cell: Cell) -> Shade:
    """By the rules of the technique and its sub-techniques."""
    if cell.state == ELSEWHERE:
        return OTHER
    return next(shade for shade in reversed(SHADES) if cell.rolled_up >= shade.least)


def cell_words(cell: Cell) -> str:
    """What a cell's numbers say."""
    if cell.state == ELSEWHERE:
        return "of other platforms"
    own = f"{cell.rules} rule{'' if cell.rules == 1 else 's'}"
    return own if cell.rules == cell.rolled_up else f"{own}, {cell.rolled_up} with sub-techniques"


def shade_of_vendors(vendors: int, of: int) -> Shade:
    """For the number of vendors that have a rule: the third shade for all of them, since most have one."""
    return SHADES[ceil(3 * vendors / max(of, 1))]


def legend() -> Iterator[tuple[Shade, str]]:
    """Each shade with its numbers of rules in words."""
    for shade, following in zip(SHADES, [*(shade.least for shade in SHADES[1:]), 0], strict=True):
        last = following - 1
        yield shade, f"{shade.least}+" if last < 0 else _span(shade.least, last)


def legend_of_vendors(of: int) -> Iterator[tuple[Shade, str]]:
    for shade, numbers in groupby(range(of + 1), key=lambda number: shade_of_vendors(number, of)):
        together = list(numbers)
        yield shade, _span(together[0], together[-1])


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
