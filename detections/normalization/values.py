"""Values: when two tests look for the same thing. The identity of a value for exact reach (`predicates.md` 0)."""

from __future__ import annotations

import hashlib
import math
import re
from functools import lru_cache

from detections.normalization.catalogue import Field

NUMERIC_TYPES = frozenset({"number", "port", "event id"})
_BACKSLASHES = re.compile(r"\\+")
_LEADING = re.compile(r"\\{2,}")
_COMPARED = frozenset({"eq", "in", "gt", "gte", "lt", "lte"})  # the others test a text, also of a number
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MAX_DIGITS = 300  # a longer text is no number that anybody compares
_SEPARATOR = "\x1f"


def folded(field: Field, operator: str, value: str, wild: bool = False, *, keep_case: bool = False) -> str:
    """A value as identity sees it: lower case, runs of backslashes reduced to one (a leading run of two or more to
    two), numbers in one spelling where the field is numeric. A regular expression stays verbatim."""
    if operator == "regex_match":
        return value
    if field.type in NUMERIC_TYPES and operator in _COMPARED:
        number = _number(value)
        if number is not None:
            return number
    text = value if keep_case else value.lower()
    if "\\\\" not in text:
        return text
    leading = _LEADING.match(text)
    if leading:
        return "\\\\" + _BACKSLASHES.sub(r"\\", text[leading.end() :])
    return _BACKSLASHES.sub(r"\\", text)


def folded_part(text: str) -> str:
    """A part of a value as it stands in folded ones, regular expressions apart: lower case, single backslashes."""
    return _BACKSLASHES.sub(r"\\", text.lower())


@lru_cache(maxsize=200_000)
def indicator_key(canonical: str, operator: str, folded_value: str, wild: bool) -> str:
    """The key of an indicator: the first 16 hex digits of SHA-256 over its four parts."""
    parts = _SEPARATOR.join((canonical, operator, folded_value, "1" if wild else "0"))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _number(value: str) -> str | None:
    """A decimal integer or the shortest float; None for text, hexadecimal included."""
    text = value.strip()
    if len(text) > _MAX_DIGITS:
        return None
    if _INTEGER.fullmatch(text):
        return str(int(text))
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    if math.isinf(number):
        return None
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
