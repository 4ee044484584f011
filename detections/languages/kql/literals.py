"""Literals of KQL: what is written between quotes or without them, decoded."""

from __future__ import annotations

import re
from typing import NamedTuple

from lark import Token

from detections.languages.parsing import Findings, Piece, end_of, start_of
from detections.languages.shapes import ANY, shape
from detections.languages.tree import Operator

_BLANKS = {"t": "\t", "r": "\r", "n": "\n"}
_QUOTED = re.compile(r'\\(?:([trn])|u([0-9a-fA-F]{4})|([\\"]))')
_UNQUOTED = re.compile(
    r"\\(?:((?i:and|or|not(?![^\\():<>\"*{} \t\r\n\xa0])))|([trn])|u([0-9a-fA-F]{4})|([\\():<>\"*{}])|)|(\*)"
)


class Literal(NamedTuple):
    """A literal: its decoded text, the text as written (inside the quotes), its place, whether it was quoted.

    `pattern` keeps the escapes of star and backslash so that it can be read again; `parts` are text and `ANY`.
    """

    text: str
    written: str
    pattern: str
    parts: tuple[object, ...]
    quoted: bool
    start: int
    end: int

    def operator(self, plain: Operator) -> tuple[Operator, str]:
        """The operator and value of a test on this literal; `plain` is the operator of a text without wildcards."""
        if self.quoted or ANY not in self.parts:
            return plain, self.text
        shaped = shape(self.parts)
        if shaped is None or shaped.operator == "wildcard":
            return "wildcard", self.pattern
        return shaped


def literal(piece: Piece, text: str, findings: Findings) -> Literal:
    """The literal that a STRING token or a `words` tree is."""
    start, end = start_of(piece), end_of(piece)
    if isinstance(piece, Token) and piece.type == "STRING":
        written = text[start + 1 : end - 1]
        decoded = _quoted(written, start + 1, findings) if "\\" in written else written
        return Literal(decoded, written, decoded, (decoded,), True, start, end)
    written = text[start:end]
    if "\\" not in written:
        if "*" not in written:
            return Literal(written, written, written, (written,), False, start, end)
        parts = tuple(ANY if part == "*" else part for part in re.split(r"(\*)", written))
        return Literal(written, written, written, parts, False, start, end)
    return _unquoted(written, start, end, findings)


def _quoted(written: str, offset: int, findings: Findings) -> str:
    def undo(match: re.Match[str]) -> str:
        blank, code, sign = match.groups()
        if blank:
            return _BLANKS[blank]
        if code:
            return _character(code, match, offset, findings)
        return sign

    return _QUOTED.sub(undo, written)


def _unquoted(written: str, start: int, end: int, findings: Findings) -> Literal:
    pattern: list[str] = []
    parts: list[object] = []

    def add(decoded: str, kept: str) -> None:
        parts.append(decoded)
        pattern.append(kept)

    at = 0
    for match in _UNQUOTED.finditer(written):
        add(written[at : match.start()], written[at : match.start()])
        at = match.end()
        keyword, blank, code, sign, star = match.groups()
        if star:
            parts.append(ANY)
            pattern.append("*")
        elif keyword:
            add(keyword, keyword)
        elif blank:
            add(_BLANKS[blank], _BLANKS[blank])
        elif code:
            decoded = _character(code, match, start, findings)
            add(decoded, decoded)
        elif sign:
            add(sign, match.group() if sign in "\\*" else sign)
        else:
            shown = written[match.start() : match.start() + 2]
            begin = start + match.start()
            advice = "Write a backslash as `\\\\`, or quote the value."
            findings.add(begin, begin + len(shown), f"KQL has no escape `{shown}`; it was kept as written. {advice}")
            add("\\", "\\")
    add(written[at:], written[at:])
    decoded = "".join("*" if part is ANY else str(part) for part in parts)
    return Literal(decoded, written, "".join(pattern), tuple(parts), False, start, end)


def _character(code: str, match: re.Match[str], offset: int, findings: Findings) -> str:
    number = int(code, 16)
    if number and not 0xD800 <= number <= 0xDFFF:
        return chr(number)
    findings.add(
        offset + match.start(),
        offset + match.end(),
        f"`{match.group()}` is no character that a text can hold; it was kept as written.",
        "warning",
    )
    return match.group()
