"""Constants of ES|QL: strings in both forms, numbers, booleans and null, decoded; and the patterns of LIKE."""

from __future__ import annotations

import re

from lark import Token, Tree

from detections.languages.constants import Constant, number_text
from detections.languages.parsing import Findings, Piece, end_of, start_of
from detections.languages.shapes import ANY, ONE, shape
from detections.languages.tree import Operator

_ESCAPE = re.compile(r"\\(.)")
_SIGNS = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "\\": "\\"}
_PIECE = re.compile(r"\\([\s\S]?)|([*?])|[^\\*?]+")


def constant(piece: Piece, findings: Findings) -> Constant | None:
    """The constant that a piece is, or None when it is a column, an expression or a parameter."""
    start, end = start_of(piece), end_of(piece)
    if isinstance(piece, Tree):
        number = piece.children[-1]
        if piece.data != "negative" or not isinstance(number, Token) or number.type != "NUMBER":
            return None
        sign = "-" if piece.children[0] == "-" else ""
        return Constant("number", sign + number_text(number), findings.text[start:end], start, end)
    match piece.type:
        case "STRING":
            written = str(piece)[1:-1]
            text = _decoded(written, start + 1, findings) if "\\" in written else written
            return Constant("string", text, written, start, end)
        case "RAW_STRING":
            written = str(piece)[3:-3]
            return Constant("string", written, written, start, end)
        case "NUMBER":
            return Constant("number", number_text(piece), str(piece), start, end)
        case "BOOLEAN":
            return Constant("boolean", piece.lower(), str(piece), start, end)
        case "NULL":
            return Constant("null", "", str(piece), start, end)
    return None


def text_of(piece: Piece, findings: Findings) -> str:
    """The text of a string, "" for anything else."""
    value = constant(piece, findings)
    return value.text if value is not None and value.kind == "string" else ""


def like(value: Constant, plain: Operator, findings: Findings) -> tuple[Operator, str]:
    """Operator and value of a pattern of LIKE, in which a backslash stands before `*`, `?` and itself only."""
    parts: list[object] = []
    kept: list[str] = []
    for match in _PIECE.finditer(value.text):
        escaped, wildcard = match.groups()
        if wildcard:
            parts.append(ANY if wildcard == "*" else ONE)
        elif escaped is None or (escaped and escaped in "*?\\"):
            parts.append(match.group() if escaped is None else escaped)
        else:
            message = f"A pattern has no escape `{match.group()}`; it was kept as written. Write a backslash as `\\\\`."
            findings.add(value.start, value.end, message)
            parts.append(match.group())
        kept.append(match.group())
    shaped = shape(parts)
    if shaped is None:
        return plain, "".join(str(part) for part in parts)
    return ("wildcard", "".join(kept)) if shaped.operator == "wildcard" else shaped


def _decoded(written: str, offset: int, findings: Findings) -> str:
    def undo(match: re.Match[str]) -> str:
        sign = match.group(1)
        if sign in _SIGNS:
            return _SIGNS[sign]
        message = f"ES|QL has no escape `{match.group()}`; it was kept as written. Write a backslash as `\\\\`."
        findings.add(offset + match.start(), offset + match.end(), message)
        return match.group()

    return _ESCAPE.sub(undo, written)
