"""Tests written as Sigma: the other way of `values.py`. What Sigma cannot say raises `UnsayableError`, with the reason.

A test becomes a line `field|modifier: value`. Values are decoded texts; where they hold wildcards (`wild`, or the
operator wildcard) they are patterns as `shapes.pattern` writes them, which is how Sigma writes them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import yaml

from detections.languages.shapes import pattern
from detections.languages.tree import KEYWORDS, Operator

_MODIFIERS: Mapping[Operator, str] = {
    "eq": "", "in": "", "wildcard": "", "startswith": "|startswith", "endswith": "|endswith", "contains": "|contains",
    "regex_match": "|re", "cidr": "|cidr", "gt": "|gt", "gte": "|gte", "lt": "|lt", "lte": "|lte",
    "fieldref": "|fieldref",
}  # fmt: skip
_VERBATIM = frozenset({"regex_match", "cidr", "fieldref", "wildcard"})
_COMPARED = frozenset({"gt", "gte", "lt", "lte"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?", re.ASCII)
_PLAIN_KEY = re.compile(r"[A-Za-z_(][\w.()-]*(?:\|\w+)*", re.ASCII)
_LONGEST = 4_000  # characters of a value; a longer one is no filter that anybody would paste


class UnsayableError(ValueError):
    """A test for which Sigma has no words; the message says why."""


class Line(NamedTuple):
    """One test: `key` is the field with its modifier ("" for keywords), `value` as YAML."""

    key: str
    value: str


def line(field: str, operator: Operator, value: str, *, wild: bool = False, number: bool = False) -> Line:
    """A test of a field as Sigma names it. `number` says that the field holds numbers, which stand without quotes."""
    if len(value) > _LONGEST:
        raise UnsayableError("The value is too long for a filter.")
    if operator == "match":
        if field != KEYWORDS:
            raise UnsayableError("Sigma searches words in the whole event, not in one field.")
        return Line("", quoted(value if wild else pattern([value])))
    if field == KEYWORDS:
        raise UnsayableError("A search of the whole event has no modifiers.")
    if operator not in _MODIFIERS or "|" in field:
        raise UnsayableError(
            f"Sigma has no modifier for {operator}." if "|" not in field else "The field's name holds a |."
        )
    key = f"{field}{_MODIFIERS[operator]}"
    if operator in _COMPARED:
        if not _NUMBER.fullmatch(value):
            raise UnsayableError(f"Sigma compares numbers, and {value[:60]!r} is none.")
        return Line(key, value)
    if number and operator in ("eq", "in") and re.fullmatch(r"0|[1-9]\d{0,17}", value, re.ASCII):
        return Line(key, value)
    return Line(key, quoted(value if wild or operator in _VERBATIM else pattern([value])))


def quoted(text: str) -> str:
    """A text as a YAML scalar on one line: in single quotes, which need no escapes, wherever it can be."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=False, width=10**6)).strip()


def selections(lines: Iterable[Line], prefix: str) -> dict[str, dict[str, list[str]]]:
    """Selections by name, of which any one is enough: one for each key, with all of its values."""
    values: dict[str, list[str]] = {}
    for key, value in lines:
        held = values.setdefault(key, [])
        if value not in held:
            held.append(value)
    found: dict[str, dict[str, list[str]]] = {}
    for key, held in values.items():
        name = f"{prefix}_{re.sub(r'[^a-z0-9]+', '_', key.lower()).strip('_') or 'keywords'}"
        while name in found:
            name += "_2"
        found[name] = {key: held}
    return found


def selection_text(named: Mapping[str, Mapping[str, Sequence[str]]], indent: int) -> str:
    """Selections as YAML, each at `indent` blanks. Ends with a line break."""
    said = []
    pad = " " * indent
    for name, items in named.items():
        said.append(f"{pad}{name}:\n")
        for key, values in items.items():
            inner = pad + "    "
            if not key:
                said.extend(f"{inner}- {value}\n" for value in values)
            elif len(values) == 1:
                said.append(f"{inner}{_key(key)}: {values[0]}\n")
            else:
                said.append(f"{inner}{_key(key)}:\n")
                said.extend(f"{inner}    - {value}\n" for value in values)
    return "".join(said)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else quoted(key)
