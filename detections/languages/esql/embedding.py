"""Queries in another language inside ES|QL (`KQL("...")`, `QSTR("...")`): their conditions at their place outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from lark import Token, Tree

from detections.languages.constants import Constant
from detections.languages.esql.expressions import arguments, called, unwrapped
from detections.languages.esql.functions import EMBEDDED
from detections.languages.esql.literals import constant
from detections.languages.parsing import Findings, end_of, start_of
from detections.languages.tree import KEYWORDS, Condition, Move, Node, Reading, Test, moved

Readers: TypeAlias = Mapping[str, Callable[[str], Reading]]


def embedded(piece: Tree[Token], readers: Readers, findings: Findings) -> Node | None:
    """The conditions of a call of KQL or QSTR. Without a reader its text is one test of every field."""
    name, given = called(piece), arguments(piece)
    value = constant(unwrapped(given[0]), findings) if given else None
    if value is None or value.kind != "string":
        message = f"`{piece.children[0]}` needs a quoted query. It was left out."
        findings.add(start_of(piece), end_of(piece), message)
        return None
    read = readers.get(EMBEDDED[name])
    if read is None:
        findings.add(value.start, value.end, f"The query inside `{piece.children[0]}` cannot be read here.")
        test = Test("match", value.text, value.raw, start=value.start, end=value.end)
        return Condition(KEYWORDS, (test,), start_of(piece), end_of(piece))
    reading = read(value.text)
    place = _place(value)
    for problem in reading.problems:
        start, end = place(problem.start or 0, problem.end or problem.start or 0)
        findings.add(start, end, problem.message, problem.severity)
    findings.incomplete = findings.incomplete or reading.parse != "full"
    return moved(reading.tree, place) if reading.tree else None


def _place(value: Constant) -> Move:
    """From offsets of the query to those outside: exact where the string has no escapes, else the whole string."""
    offset = value.start + (value.end - value.start - len(value.written)) // 2
    if value.text == value.written:
        return lambda start, end: (offset + start, offset + end)
    return lambda start, end: (value.start, value.end)
