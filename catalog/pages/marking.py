"""A rule's text with its conditions marked in place.

A tree is walked without recursion, for it may be as deep as the engine allows. Conditions are numbered from 1 in text
order, so that a row of the tree or of a table leads to its mark.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalog.pages.highlighting import Span

Json = Mapping[str, Any]

# Beside parts with offsets into the rule's own text; the others index a text of their own.
IN_THE_TEXT = frozenset({"category", "until", "computed", "logsource"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of the text: `kind` is check, excluded, scope, derived or beside; `number` that of its condition."""

    start: int
    end: int
    kind: str
    number: int
    value: bool = False


def conditions(tree: Json | None) -> Iterator[tuple[Json, bool]]:
    """Every condition of a stored tree in text order, and whether it is negated."""
    stack: list[tuple[Json, bool]] = [(tree, False)] if tree else []
    while stack:
        node, negated = stack.pop()
        if node["kind"] == "condition":
            yield node, negated
            continue
        below = not negated if node["kind"] == "not" else negated
        stack.extend((child, below) for child in reversed(node["children"]))


def marks(tree: Json | None, beside: Iterable[Json]) -> list[Mark]:
    """The marks of a rule's own text: its tree's conditions, and those beside it that stand in the same text."""
    found: list[Mark] = []
    for number, (node, negated) in enumerate(conditions(tree), start=1):
        kind = "excluded" if negated else node["role"] if node["role"] in ("scope", "derived") else "check"
        found += _condition_marks(node, kind, number)
    for part in beside:
        if part["place"] in IN_THE_TEXT:
            for node, _ in conditions(part["tree"]):
                found += _condition_marks(node, "beside", 0)
    return found


def marked_lines(
    text: str, found: Iterable[Mark], first_line: int = 1, colours: Sequence[Span] = ()
) -> list[tuple[int, SafeString]]:
    """The text's lines with their numbers, each line safe HTML in which every marked part is a `<mark>`.

    Marks may overlap and nest: the text is cut at every end of a mark, and a part takes the kind of the shortest
    mark over it. The first part of a condition carries its number as id. `colours` are spans in order that do not
    overlap; a marked value keeps its mark's colour.
    """
    parts: list[str] = []
    told: set[int] = set()
    starts = [start for start, _, _ in colours]
    for start, end, over in _parts(text, found):
        if not over:
            parts.append(_coloured(text, start, end, colours, starts))
            continue
        inner = min(over, key=lambda mark: (mark.end - mark.start, mark.number))
        number = inner.number
        name = f' id="c{number}"' if number and number not in told else ""
        told.add(number)
        value = any(mark.value for mark in over)
        opening = f'<mark class="{inner.kind}{" value" if value else ""}" data-condition="{number or ""}"'
        for place, (begin, stop) in enumerate(_lines(text, start, end)):
            said = escape(text[begin:stop]) if value else _coloured(text, begin, stop, colours, starts)
            if place == 0:
                parts.append(f"{opening}{name}>{said}</mark>")
                continue
            # The indent of a further line says nothing and stays without a mark.
            indent = text[begin:stop][: stop - begin - len(text[begin:stop].lstrip(" \t"))]
            if indent:
                begin += len(indent)
                said = escape(text[begin:stop]) if value else _coloured(text, begin, stop, colours, starts)
            parts.append(f"\n{indent}{opening}>{said}</mark>" if said else f"\n{indent}")
    lines = "".join(parts).split("\n")
    return [(first_line + index, mark_safe(line)) for index, line in enumerate(lines)]  # noqa: S308 escaped above


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A part cut at the ends of its lines."""
    while (stop := text.find("\n", start, end)) >= 0:
        yield start, stop
        start = stop + 1
    yield start, end


def _coloured(text: str, start: int, end: int, colours: Sequence[Span], starts: Sequence[int]) -> str:
    """A part as HTML with the colours that lie in it."""
    out = []
    for begin, stop, name in colours[max(0, bisect_right(starts, start) - 1) : bisect_left(starts, end)]:
        begin, stop = max(begin, start), min(stop, end)
        if begin < stop:
            out.append(f'{escape(text[start:begin])}<span class="{name}">{escape(text[begin:stop])}</span>')
            start = stop
    out.append(escape(text[start:end]))
    return "".join(out)


def _condition_marks(node: Json, kind: str, number: int) -> Iterator[Mark]:
    if node["end"] > node["start"]:
        yield Mark(node["start"], node["end"], kind, number)
    for test in node["tests"]:
        if test["end"] > test["start"]:
            yield Mark(test["start"], test["end"], kind, number, value=True)


def _parts(text: str, found: Iterable[Mark]) -> Iterator[tuple[int, int, list[Mark]]]:
    """The text cut at every beginning and end of a mark, with the marks over each part."""
    opening: dict[int, list[Mark]] = defaultdict(list)
    closing: dict[int, list[Mark]] = defaultdict(list)
    for mark in dict.fromkeys(found):
        start, end = max(0, mark.start), min(len(text), mark.end)
        if start < end:
            opening[start].append(mark)
            closing[end].append(mark)
    cuts = sorted({0, len(text), *opening, *closing})
    over: dict[Mark, None] = {}
    for start, end in pairwise(cuts):
        for mark in closing.get(start, ()):
            over.pop(mark, None)
        for mark in opening.get(start, ()):
            over[mark] = None
        yield start, end, list(over)
