"""A rule's text with its conditions marked in place, and the tree of conditions as a nested list.

Both are built without recursion: a tree may be as deep as the engine allows, and a template that includes itself
would not survive it. Conditions are numbered from 1 in text order, so that a row of the tree leads to its mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

Json = Mapping[str, Any]

# Beside parts with offsets into the rule's own text; the others index a text of their own.
IN_THE_TEXT = frozenset({"category", "until", "computed", "logsource"})
SHOWN_VALUES = 12
CONNECTIVES = {
    "and": "all of", "or": "any of", "not": "not", "sequence": "sequence", "sample": "sample", "join": "join",
    "step": "step",
}  # fmt: skip


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


def marked_lines(text: str, found: Iterable[Mark], first_line: int = 1) -> list[tuple[int, SafeString]]:
    """The text's lines with their numbers, each line safe HTML in which every marked part is a `<mark>`.

    Marks may overlap and nest: the text is cut at every end of a mark, and a part takes the kind of the shortest
    mark over it. The first part of a condition carries its number as id.
    """
    parts: list[str] = []
    told: set[int] = set()
    for start, end, over in _parts(text, found):
        piece = text[start:end]
        if not over:
            parts.append(escape(piece))
            continue
        inner = min(over, key=lambda mark: (mark.end - mark.start, mark.number))
        number = inner.number
        name = format_html(' id="c{}"', number) if number and number not in told else ""
        told.add(number)
        strong = " value" if any(mark.value for mark in over) else ""
        opening = format_html('<mark class="{}{}" data-condition="{}"', inner.kind, strong, number or "")
        first, *rest = piece.split("\n")
        parts.append(f"{opening}{name}>{escape(first)}</mark>")
        parts.extend(_marked_line(opening, line) for line in rest)
    lines = "".join(parts).split("\n")
    return [(first_line + index, mark_safe(line)) for index, line in enumerate(lines)]  # noqa: S308 escaped above


def tree_list(tree: Json | None) -> SafeString:
    """The tree as nested `<ul>`; a condition leads to its mark in the text."""
    if tree is None:
        return mark_safe("")
    out: list[str] = ['<ul class="tree">']
    stack: list[Any] = [(tree, False)]
    number = 0
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        node, negated = item
        if node["kind"] == "condition":
            number += 1
            out.append(_condition_row(node, negated, number))
            continue
        word = CONNECTIVES.get(node["kind"], node["kind"])
        label = format_html(' <span class="label">{}</span>', node["label"]) if node.get("label") else ""
        out.append(
            format_html('<li class="branch {}"><span class="connective">{}</span>{}<ul>', node["kind"], word, label)
        )
        stack.append("</ul></li>")
        below = not negated if node["kind"] == "not" else negated
        stack.extend((child, below) for child in reversed(node["children"]))
    out.append("</ul>")
    return mark_safe("".join(out))  # noqa: S308 every part went through format_html


def _marked_line(opening: str, line: str) -> str:
    """A further line of a marked part; its indent says nothing and stays without a mark."""
    said = line.lstrip(" \t")
    indent = line[: len(line) - len(said)]
    return f"\n{indent}{opening}>{escape(said)}</mark>" if said else f"\n{indent}"


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


def _condition_row(node: Json, negated: bool, number: int) -> SafeString:
    kind = "excluded" if negated else node["role"]
    tests = node["tests"]
    said = [_test_words(test) for test in tests[:SHOWN_VALUES]]
    if len(tests) > SHOWN_VALUES:
        said.append(format_html('<span class="dim">and {} more</span>', len(tests) - SHOWN_VALUES))
    operators = " / ".join(dict.fromkeys(test["operator"] for test in tests))
    derived = format_html(' <span class="badge derived">{}</span>', node["derived"]) if node.get("derived") else ""
    return format_html(
        '<li class="condition {}"><a class="field" href="#c{}">{}</a> <span class="operator">{}</span> {}{}</li>',
        kind, number, node["field"], operators, mark_safe(" ".join(said)), derived,  # noqa: S308 each part is escaped
    )  # fmt: skip


def _test_words(test: Json) -> SafeString:
    if test["operator"] == "exists":
        return mark_safe("")
    comparator = format_html('<span class="dim">{}</span> ', test["comparator"]) if test.get("comparator") else ""
    return format_html('{}<span class="value">{}</span>', comparator, test["value"])
