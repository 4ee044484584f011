"""Two texts side by side, and three: which lines are the same, which came, which went, which were changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Literal

from detections.editing.versions import DiffLine

CONTEXT = 3  # equal lines that are shown around a change
MANY_LINES = 2000
LONGEST_COMPARED = 500  # characters of a line in which the changed part is looked for
LITTLE = 0.4  # below this share of words in common two lines are two lines
_WORDS = re.compile(r"\w+|\s+|.")

Kind = Literal["same", "changed", "came", "went", "gap"]
Origin = Literal["same", "ours", "theirs", "both", "conflict", "gap"]
Piece = tuple[str, bool]  # a part of a line, and whether it differs


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text with its number (from 1), cut where it differs from the one beside it."""

    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Two lines beside each other. A "gap" stands for equal lines that are left out, and says how many."""

    kind: Kind
    left: Line | None = None
    right: Line | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class ThreeRow:
    """Three lines beside each other. `origin` is who changed the part that they belong to."""

    origin: Origin
    base: Line | None = None
    ours: Line | None = None
    theirs: Line | None = None
    hidden: int = 0


def side_by_side(lines: Iterable[DiffLine]) -> tuple[Row, ...]:
    """The rows of a difference: lines that went stand beside those that came in their place."""
    rows: list[Row] = []
    went: list[DiffLine] = []
    for kind, run in groupby(lines, key=lambda line: line.kind):
        if kind == "went":
            went = list(run)
            continue
        if kind == "came":
            rows += _changed(went, list(run))
        else:
            rows += _changed(went, [])
            rows += [_kept(line) for line in run]
        went = []
    return (*rows, *_changed(went, []))


def three_columns(base: str, ours: str, theirs: str, context: int = CONTEXT) -> tuple[ThreeRow, ...]:
    """The rows of a text and of two that came from it; equal lines far from every change are left out."""
    texts = base.splitlines(), ours.splitlines(), theirs.splitlines()
    rows: list[ThreeRow] = []
    parts = list(_parts(*texts))
    for number, (origin, *spans) in enumerate(parts):
        columns = [[_line(n + 1, text[n]) for n in span] for text, span in zip(texts, spans, strict=True)]
        lines = [ThreeRow(origin, *row) for row in zip_longest(*columns)]
        if origin == "same":
            before, after = context if number else 0, context if number < len(parts) - 1 else 0
            hidden = len(lines) - before - after
            if hidden > 1:
                lines = [*lines[:before], ThreeRow("gap", hidden=hidden), *lines[len(lines) - after :]]
        rows += lines
    return tuple(rows)


def _line(number: int, text: str) -> Line:
    return Line(number, ((text, False),))


def _kept(line: DiffLine) -> Row:
    if line.old is None or line.new is None:
        return Row("gap", said=line.text)
    return Row("same", _line(line.old, line.text), _line(line.new, line.text))


def _changed(went: Sequence[DiffLine], came: Sequence[DiffLine]) -> Iterator[Row]:
    for old, new in zip_longest(went, came):
        if old is None:
            yield Row("came", None, _line(new.new, new.text))
        elif new is None:
            yield Row("went", _line(old.old, old.text), None)
        else:
            was, is_ = _pieces(old.text, new.text)
            yield Row("changed", Line(old.old, was), Line(new.new, is_))


def _pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Two lines cut at the words that differ; whole when they have little in common or are long."""
    was, is_ = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, was, is_, autojunk=False)
    if max(len(old), len(new)) > LONGEST_COMPARED or matcher.ratio() < LITTLE:
        return ((old, True),), ((new, True),)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        differs = tag != "equal"
        left += [("".join(was[a:a_end]), differs)] if a < a_end else []
        right += [("".join(is_[b:b_end]), differs)] if b < b_end else []
    return tuple(left), tuple(right)


Part = tuple[Origin, range, range, range]


def _parts(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[Part]:
    """The three texts cut into parts: the same in all, or changed by one, by both alike, or by both differently."""
    at = (0, 0, 0)
    for start, our_start, their_start, length in _common(base, ours, theirs):
        spans = range(at[0], start), range(at[1], our_start), range(at[2], their_start)
        if any(spans):
            yield (
                _origin(*([text[n] for n in span] for text, span in zip((base, ours, theirs), spans, strict=True))),
                *spans,
            )
        at = start + length, our_start + length, their_start + length
        if length:
            yield "same", range(start, at[0]), range(our_start, at[1]), range(their_start, at[2])


def _origin(was: list[str], our: list[str], their: list[str]) -> Origin:
    if our == their:
        return "both"
    if our == was:
        return "theirs"
    return "ours" if their == was else "conflict"


def _common(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that all three have, as their beginnings and their length; an empty run at the end."""
    mine, other = (
        SequenceMatcher(None, base, text, autojunk=len(text) > MANY_LINES).get_matching_blocks()
        for text in (ours, theirs)
    )
    first = second = 0
    while first < len(mine) and second < len(other):
        a, b = mine[first], other[second]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, a.b + start - a.a, b.b + start - b.a, end - start
        if a.a + a.size < b.a + b.size:
            first += 1
        else:
            second += 1
    yield len(base), len(ours), len(theirs), 0
