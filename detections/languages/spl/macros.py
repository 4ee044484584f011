"""Splunk's search macros: calls in backticks, replaced as text before anything is parsed.

A macro is defined by a text, with the names of its arguments, which stand in it as `$name$`. Expansion happens outside
of double quotes, in macros inside macros too; comments (between three backticks) go in the same pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from detections.languages.parsing import MAX_LENGTH, Findings
from detections.languages.spl.source import Source

MAX_EXPANDED = 2 * MAX_LENGTH
MAX_NESTING = 50

_PIECES = re.compile(
    r'"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]'
    r"|(?P<comment>```(?:[\s\S]*?```|[\s\S]*))"
    r"|`(?P<name>[A-Za-z_][\w.:-]*)\s*(?:\((?P<arguments>(?:[^`\"]|\"(?:[^\"\\]|\\[\s\S])*\")*)\))?\s*`"
)
_ARGUMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\[\s\S])*")+')


class Definition(NamedTuple):
    """What a macro stands for, and the names of its arguments."""

    text: str
    arguments: tuple[str, ...]


class Call(NamedTuple):
    """One use of a macro in a text."""

    name: str
    arguments: tuple[str, ...]
    start: int
    end: int

    @property
    def key(self) -> str:
        """The name as Splunk keeps it: with the number of arguments behind it when there are any."""
        return f"{self.name}({len(self.arguments)})" if self.arguments else self.name


class Comment(NamedTuple):
    start: int
    end: int
    closed: bool


class BoundError(Exception):
    """A macro that cannot be expanded within bounds; the message is for people."""


@lru_cache(maxsize=4096)
def definition(held: str) -> Definition:
    """A definition as a vendor keeps it: JSON of {definition, arguments}, or the bare text of a macro without any."""
    if held.startswith("{"):
        try:
            value = json.loads(held)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and isinstance(value.get("definition"), str):
            names = value.get("arguments")
            return Definition(value["definition"], tuple(map(str, names)) if isinstance(names, list) else ())
    return Definition(held, ())


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[Call | Comment, ...]:
    """The macro calls and comments of a text, in order; what is inside double quotes is none."""
    found: list[Call | Comment] = []
    for match in _PIECES.finditer(text):
        if match.lastgroup is None:
            continue
        start, end = match.span()
        if match.group("comment"):
            found.append(Comment(start, end, len(match.group()) > 5 and match.group().endswith("```")))
            continue
        held = match.group("arguments")
        arguments = tuple(_ARGUMENT.findall(held)) if held and held.strip() else ()
        found.append(Call(match.group("name"), tuple(map(_unquoted, arguments)), start, end))
    return tuple(found)


def _unquoted(argument: str) -> str:
    text = argument.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


class Expander:
    """Expands the macros of one query. Undefined macros stay as they are written."""

    def __init__(self, macros: Mapping[str, str], findings: Findings) -> None:
        self._macros = macros
        self._findings = findings
        self._memo: dict[tuple[str, tuple[str, ...]], str] = {}

    def expand(self, text: str) -> Source:
        """The text without comments and with its macros expanded, and where everything came from."""
        source = Source()
        at = 0
        for piece in pieces(text):
            source.add(text[at : piece.start], at, piece.start, verbatim=True)
            at = piece.start
            if isinstance(piece, Comment):
                source.add(" ", piece.start, piece.end, verbatim=False)
                at = piece.end
                if not piece.closed:
                    self._findings.add(piece.start, piece.end, "This comment is never closed. Add three backticks.")
                continue
            expanded = self._called(piece, source.length)
            if expanded is not None:
                source.add(expanded, piece.start, piece.end, verbatim=False)
                at = piece.end
        source.add(text[at:], at, len(text), verbatim=True)
        return source.closed()

    def _called(self, call: Call, length: int) -> str | None:
        try:
            expanded = self._text(call, ())
            if expanded is not None and length + len(expanded) > MAX_EXPANDED:
                raise BoundError(f"With its macros the query grows beyond {MAX_EXPANDED} characters.")
        except BoundError as error:
            self._findings.add(call.start, call.end, f"{error} The macro was left as it is.")
            return None
        return expanded

    def _text(self, call: Call, above: tuple[str, ...]) -> str | None:
        """The text that a call stands for; None when the macro is not defined."""
        held = self._macros.get(call.key)
        if held is None:
            return None
        memo = (call.key, call.arguments)
        if memo in self._memo:
            return self._memo[memo]
        if call.key in above:
            raise BoundError(f"The macro `{call.key}` calls itself.")
        if len(above) >= MAX_NESTING:
            raise BoundError(f"Macros call each other more than {MAX_NESTING} deep.")
        text, names = definition(held)
        for name, argument in zip(names, call.arguments, strict=False):
            text = text.replace(f"${name}$", argument)
            if len(text) > MAX_EXPANDED:
                raise BoundError(f"The macro `{call.key}` grows beyond {MAX_EXPANDED} characters.")
        expanded = self._inside(text, (*above, call.key))
        self._memo[memo] = expanded
        return expanded

    def _inside(self, text: str, above: tuple[str, ...]) -> str:
        parts: list[str] = []
        at = length = 0
        for piece in pieces(text):
            parts.append(text[at : piece.start])
            if isinstance(piece, Comment):
                parts.append(" ")
            else:
                expanded = self._text(piece, above)
                parts.append(text[piece.start : piece.end] if expanded is None else expanded)
            at = piece.end
            length += len(parts[-1]) + len(parts[-2])
            if length > MAX_EXPANDED:
                raise BoundError(f"The macro `{above[0]}` grows beyond {MAX_EXPANDED} characters.")
        parts.append(text[at:])
        return "".join(parts)
