"""The shape of a wildcard pattern, the same for every language that has wildcards (`predicates.md` C4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from detections.languages.tree import Operator

ANY = object()  # `*` in a decoded pattern
ONE = object()  # `?` in a decoded pattern


class Shape(NamedTuple):
    """An operator and its value; `value` of a wildcard keeps escapes so that it can be parsed again."""

    operator: Operator
    value: str


def shape(parts: Sequence[object]) -> Shape | None:
    """The operator of a pattern given as decoded text pieces, `ANY` and `ONE`; None when it holds no wildcard.

    A run of stars counts as one. Only stars at the edges give startswith, endswith and contains with the text
    between as value, only stars give exists, everything else is wildcard with the whole pattern, in which literal
    `*`, `?` and a backslash before one of them are escaped.
    """
    folded = _folded(parts)
    if not any(part is ANY or part is ONE for part in folded):
        return None
    match folded:
        case [only] if only is ANY:
            return Shape("exists", "")
        case [str() as text, last] if last is ANY:
            return Shape("startswith", text)
        case [first, str() as text] if first is ANY:
            return Shape("endswith", text)
        case [first, str() as text, last] if first is ANY and last is ANY:
            return Shape("contains", text)
    return Shape("wildcard", pattern(folded))


def pattern(parts: Sequence[object]) -> str:
    """The pattern as text that can be parsed again: literal wildcards, and backslashes before them, are escaped."""
    folded = _folded(parts)
    last = len(folded) - 1
    return "".join(_written(part, index == last) for index, part in enumerate(folded))


def _folded(parts: Sequence[object]) -> list[object]:
    """The parts without empty texts, runs of stars as one star, neighbouring texts as one."""
    folded: list[object] = []
    for part in parts:
        if part == "" or (part is ANY and folded and folded[-1] is ANY):
            continue
        if isinstance(part, str) and folded and isinstance(folded[-1], str):
            folded[-1] += part
        else:
            folded.append(part)
    return folded


def _written(part: object, last: bool) -> str:
    if part is ANY:
        return "*"
    if part is ONE:
        return "?"
    text = str(part)
    out = []
    for index, char in enumerate(text):
        follower = text[index + 1] if index + 1 < len(text) else "" if last else "*"
        if char in "*?" or (char == "\\" and follower and follower in "*?\\"):
            out.append("\\")
        out.append(char)
    return "".join(out)
