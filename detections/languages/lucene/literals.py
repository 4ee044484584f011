"""Literals of Lucene: terms, phrases and regular expressions, decoded."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from lark import Token

from detections.languages.parsing import Findings, span
from detections.languages.shapes import ANY, ONE, shape
from detections.languages.tree import Operator

_PIECE = re.compile(r"\\u([0-9a-fA-F]{4})|\\([\s\S])|([*?])|[^\\*?]+|\\")
_KEPT = frozenset("*?\\")
_NETWORK = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")


class Literal(NamedTuple):
    """A literal: its decoded text, the text as written (inside its quotes), its place, whether it was quoted.

    `pattern` keeps the escapes of wildcards and of the backslash so that it can be read again; `parts` are decoded
    text, `ANY` and `ONE`.
    """

    text: str
    written: str
    pattern: str
    parts: tuple[object, ...]
    quoted: bool
    start: int
    end: int

    @property
    def lone_star(self) -> bool:
        return bool(self.parts) and all(part is ANY for part in self.parts)

    def operator(self, plain: Operator) -> tuple[Operator, str]:
        """The operator and value of a test on this literal; `plain` is the operator of a text without wildcards."""
        if ANY not in self.parts and ONE not in self.parts:
            return ("cidr" if is_network(self.text) else plain), self.text
        shaped = shape(self.parts)
        if shaped is None or shaped.operator == "wildcard":
            return "wildcard", self.pattern
        return shaped


def literal(token: Token, findings: Findings) -> Literal:
    """The literal that a TERM or STRING token is."""
    start, end = span(token)
    quoted = token.type == "STRING"
    written = str(token)[1:-1] if quoted else str(token)
    parts: list[object] = []
    pattern: list[str] = []
    for match in _PIECE.finditer(written):
        code, sign, wildcard = match.groups()
        if wildcard and not quoted:
            if wildcard == "*" and parts and parts[-1] is ANY:
                continue
            parts.append(ANY if wildcard == "*" else ONE)
            pattern.append(wildcard)
            continue
        decoded, kept = match.group(), match.group()
        if code:
            decoded = kept = _character(code, match, start + quoted, findings)
            kept = f"\\{kept}" if kept in _KEPT else kept
        elif sign:
            decoded, kept = sign, match.group() if sign in _KEPT else sign
        parts.append(decoded)
        pattern.append(kept)
    text = "".join("*" if part is ANY else "?" if part is ONE else str(part) for part in parts)
    return Literal(text, written, "".join(pattern), tuple(parts), quoted, start, end)


def regex(token: Token) -> Literal:
    """A regular expression between slashes: only `\\/` is undone."""
    start, end = span(token)
    written = str(token)[1:-1]
    text = written.replace("\\/", "/")
    return Literal(text, written, text, (text,), True, start, end)


def is_network(text: str) -> bool:
    """Whether a text is a network such as 10.0.0.0/8; bits of the host may be set."""
    if not _NETWORK.fullmatch(text):
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _character(code: str, match: re.Match[str], offset: int, findings: Findings) -> str:
    number = int(code, 16)
    if number and not 0xD800 <= number <= 0xDFFF:
        return chr(number)
    message = f"`{match.group()}` is no character that a text can hold; it was kept as written."
    findings.add(offset + match.start(), offset + match.end(), message, "warning")
    return match.group()
