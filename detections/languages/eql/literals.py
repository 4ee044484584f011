"""Constants of EQL: strings in their four forms, numbers, booleans and null, decoded."""

from __future__ import annotations

import re

from lark import Token, Tree

from detections.languages.constants import Constant, number_text
from detections.languages.parsing import Findings, Piece, end_of, span, start_of
from detections.languages.shapes import ANY, shape
from detections.languages.tree import Operator

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{2,8})\}|(.))")
_SIGNS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def constant(piece: Piece, findings: Findings) -> Constant | None:
    """The constant that a piece is, or None when it is a field or an expression."""
    if isinstance(piece, Tree):
        if piece.data != "negative":
            return None
        number = piece.children[1]
        if not isinstance(number, Token) or number.type != "NUMBER":
            return None
        written = findings.text[start_of(piece) : end_of(piece)]
        return Constant("number", "-" + number_text(number), written, start_of(piece), end_of(piece))
    start, end = span(piece)
    match piece.type:
        case "STRING":
            written = str(piece)[1:-1]
            text = _decoded(written, start + 1, findings) if "\\" in written else written
            return Constant("string", text, written, start, end)
        case "RAW_STRING":
            return Constant("string", str(piece)[3:-3], str(piece)[3:-3], start, end)
        case "OLD_RAW_STRING":
            message = 'This raw string is written in an old form. Write it between triple quotes: """...""".'
            findings.add(start, end, message, "warning")
            return Constant("string", str(piece)[2:-1], str(piece)[2:-1], start, end)
        case "SINGLE_STRING":
            findings.add(start, end, 'EQL strings stand in double quotes ("), not in single ones. Change the quotes.')
            written = str(piece)[1:-1]
            return Constant("string", _decoded(written, start + 1, findings), written, start, end)
        case "NUMBER":
            return Constant("number", number_text(piece), str(piece), start, end)
        case "TIMESPAN":
            return Constant("number", str(piece), str(piece), start, end)
        case "BOOLEAN":
            return Constant("boolean", piece.lower(), str(piece), start, end)
        case "NULL":
            return Constant("null", "", str(piece), start, end)
    return None


def pattern(text: str, plain: Operator) -> tuple[Operator, str]:
    """Operator and value of a text whose `*` and `?` are wildcards; EQL has no escape for them."""
    if "*" not in text and "?" not in text:
        return plain, text
    if "?" in text or "*" in text.strip("*"):
        return "wildcard", text
    return shape([ANY if part == "*" else part for part in re.split(r"(\*)", text)]) or (plain, text)


def _decoded(written: str, offset: int, findings: Findings) -> str:
    def undo(match: re.Match[str]) -> str:
        code, sign = match.groups()
        if code:
            number = int(code, 16)
            if number and number < 0x110000 and not 0xD800 <= number <= 0xDFFF:
                return chr(number)
        elif sign in _SIGNS:
            return _SIGNS[sign]
        advice = "Write a backslash as `\\\\`."
        message = f"EQL has no escape `{match.group()}`; it was kept as written. {advice}"
        findings.add(offset + match.start(), offset + match.end(), message)
        return match.group()

    return _ESCAPE.sub(undo, written)
