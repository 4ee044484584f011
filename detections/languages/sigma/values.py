"""One value of a Sigma detection as a test: its modifiers, escapes and wildcards (`predicates.md` S2 to S5, S7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sigma.types import SigmaBool, SigmaNull, SigmaNumber, SigmaString, SigmaType, SpecialChars

from detections.languages.shapes import ANY, ONE, pattern, shape
from detections.languages.tree import Operator, Test

# Modifiers that choose the operator whatever the value looks like.
_NAMED: dict[str, Operator] = {
    "re": "regex_match",
    "cidr": "cidr",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "fieldref": "fieldref",
}
_POSITIONS: dict[str, Operator] = {"contains": "contains", "startswith": "startswith", "endswith": "endswith"}
_ENCODINGS = frozenset({"base64", "base64offset"})
# Modifiers that take a part out of a time stamp: what is tested is then no longer the field itself.
TIME_PARTS = frozenset({"minute", "hour", "day", "week", "month", "year"})

_SPECIAL: dict[object, object] = {SpecialChars.WILDCARD_MULTI: ANY, SpecialChars.WILDCARD_SINGLE: ONE}
_ESCAPES = frozenset("*?\\")


class Written(NamedTuple):
    """A value as pySigma types it, and as the author wrote it: its text and the span of that text."""

    typed: SigmaType
    text: str
    start: int
    end: int


def read_value(written: Written, modifiers: frozenset[str], *, listed: bool, keyword: bool) -> tuple[Test, bool]:
    """The test of one value, and whether it has to be negated (null, `|exists: false`).

    `listed` says that the value stands in an OR list of two or more, `keyword` that it has no field.
    """
    typed = written.typed
    if isinstance(typed, SigmaNull):
        return _test("exists", "", written), True
    if "exists" in modifiers and isinstance(typed, SigmaBool):
        return _test("exists", "", written), not typed.boolean
    for name, operator in _NAMED.items():
        if name in modifiers:
            comparator = _position(modifiers) or "" if operator == "fieldref" else ""
            return _test(operator, _printed(typed, written.text), written, comparator=comparator), False
    if keyword:
        return _keyword(written), False
    plain: Operator = "in" if listed else "eq"
    if not isinstance(typed, SigmaString):
        return _test(plain, _printed(typed, written.text), written), False
    return _text(written, modifiers, plain), False


def _keyword(written: Written) -> Test:
    if not isinstance(written.typed, SigmaString):
        return _test("match", _printed(written.typed, written.text), written)
    parts = _parts(written.text)
    wild = not all(isinstance(part, str) for part in parts)
    return _test("match", pattern(parts) if wild else "".join(map(str, parts)), written, wild=wild)


def _text(written: Written, modifiers: frozenset[str], plain: Operator) -> Test:
    position = _position(modifiers)
    keep_case = not _ENCODINGS.isdisjoint(modifiers)
    parts = list(_parts(written.text))
    before: list[object] = [ANY] if position in ("contains", "endswith") else []
    behind: list[object] = [ANY] if position in ("contains", "startswith") else []
    found = shape([*before, *parts, *behind])
    if found is None:
        return _test(plain, "".join(map(str, parts)), written, keep_case=keep_case)
    if found.operator != "wildcard" or position is None:
        return _test(found.operator, found.value, written, keep_case=keep_case)
    # Stars at an edge that the modifier opens anyway say nothing more than the modifier does.
    while before and parts[0] is ANY:
        parts.pop(0)
    while behind and parts[-1] is ANY:
        parts.pop()
    return _test(position, pattern(parts), written, wild=True, keep_case=keep_case)


def _position(modifiers: frozenset[str]) -> Operator | None:
    for name, operator in _POSITIONS.items():
        if name in modifiers:
            return operator
    return "contains" if "base64offset" in modifiers else None


def _parts(text: str) -> Sequence[object]:
    """Decoded text pieces and wildcards of a Sigma string."""
    if _ESCAPES.isdisjoint(text):
        return (text,)
    return [part if isinstance(part, str) else _SPECIAL[part] for part in SigmaString(text).s]


def _printed(typed: SigmaType, text: str) -> str:
    """A number as Python prints it, a boolean as true or false, anything else as it is written."""
    if isinstance(typed, SigmaBool):
        return "true" if typed.boolean else "false"
    if isinstance(typed, SigmaNumber):
        return str(typed.number)
    return text


def _test(
    operator: Operator,
    value: str,
    written: Written,
    *,
    wild: bool = False,
    comparator: str = "",
    keep_case: bool = False,
) -> Test:
    raw = None if written.text == value else written.text
    return Test(operator, value, raw, wild, comparator, written.start, written.end, keep_case)
