"""Values of SPL: out of quotes and escapes, and the operator that their shape gives."""

from __future__ import annotations

import ipaddress
import re

from detections.languages.shapes import ANY, shape
from detections.languages.tree import Operator

_ESCAPE = re.compile(r'\\([\\"|])')
_NETWORK = re.compile(r"[0-9a-fA-F.:]+/\d{1,3}")
_STARS = re.compile(r"\*+")
_PERCENTS = re.compile(r"%+")


def inside(written: str) -> str:
    """The text between the quotes, or the text itself. Two quotes before and behind it are meant as one."""
    if len(written) > 4 and written[:2] == written[-2:] == '""':
        return written[2:-2]
    if len(written) > 1 and written[0] == written[-1] == '"':
        return written[1:-1]
    return str(written)


def decoded(written: str) -> str:
    """A value out of its quotes and escapes. A backslash escapes a backslash, a quote and a pipe, nothing else."""
    text = inside(written)
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def searched(text: str, plain: Operator) -> tuple[Operator, str]:
    """Operator and value of a decoded value in the search grammar, where a star is a wildcard that nothing escapes."""
    if "*" in text:
        return _shaped(_STARS.split(text), text)
    if "/" in text and _is_network(text):
        return "cidr", text
    return plain, text


def likened(text: str) -> tuple[Operator, str]:
    """Operator and value of a pattern of like(): a percent sign is a wildcard; an underscore is meant as itself."""
    if "%" not in text:
        return "eq", text
    pieces = _PERCENTS.split(text)
    return _shaped(pieces, "*".join(pieces))


def _shaped(pieces: list[str], whole: str) -> tuple[Operator, str]:
    """The shape of literal pieces with stars between. Nothing is escaped in a pattern: its value is its text."""
    parts: list[object] = [pieces[0]]
    for piece in pieces[1:]:
        parts += (ANY, piece)
    found = shape(parts)
    if found is None or found.operator == "wildcard":
        return "wildcard", whole
    return found.operator, found.value


def _is_network(text: str) -> bool:
    if not _NETWORK.fullmatch(text):
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
