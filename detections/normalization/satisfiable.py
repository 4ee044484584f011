"""Exclusions that an attacker can satisfy: which tests anybody can make true of their own process, file or request.

The facts are rows of two tables. `satisfiable.csv` says of which fields what text can be had by anybody, and
`satisfiable_reasons.csv` why. The first row that fits a test is its reason, so that the weightiest ones stand first.

A row's pattern looks at the *outline* of a test: its folded text with a star wherever other text may stand, so that
`endswith \\x.exe` is `*\\x.exe` and `contains \\temp\\` is `*\\temp\\*`, whatever operator a language has for it. A row
without a pattern is about every test of its fields, comparisons and regular expressions too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from detections.normalization.catalogue import TABLES, TYPES, CatalogueError, base_catalogue, choose, read_rows

_COLUMNS = ("reason", "fields", "pattern", "unless")
_REASON_COLUMNS = ("reason", "title", "text")
_TYPE = "type:"  # `type:command_line` stands for all canonical fields of the type
_LITERAL_STAR = "\ue000"  # in an outline a star is a wildcard
_OUTLINES = {"eq": "{}", "in": "{}", "startswith": "{}*", "endswith": "*{}", "contains": "*{}*", "match": "*{}*",
             "wildcard": "{}"}  # fmt: skip
_STARS = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an exclusion can be satisfied: a few words, and a sentence."""

    slug: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """Tests of these fields can be satisfied; with a pattern those whose outline it finds and `unless` does not."""

    reason: str
    fields: frozenset[str]
    pattern: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def fits(self, field: str, outline: str | None) -> bool:
        if field not in self.fields:
            return False
        if self.pattern is not None and (outline is None or not self.pattern.search(outline)):
            return False
        return not (self.unless and outline is not None and self.unless.search(outline))


def reason_of(field: str, operator: str, value: str, *, wild: bool) -> str:
    """The reason's slug for a test of a canonical field, its value folded (`values.folded`); "" for none."""
    return _reason(field, operator, value, wild)


@lru_cache(maxsize=100_000)
def _reason(field: str, operator: str, value: str, wild: bool) -> str:
    shape = outline(operator, value, wild=wild)
    if shape == "":
        return ""
    return next((row.reason for row in _by_field().get(field, ()) if row.fits(field, shape)), "")


def outline(operator: str, value: str, *, wild: bool) -> str | None:
    """The outline of a test; None for a comparison, a range of addresses or a regular expression."""
    form = _OUTLINES.get(operator)
    if form is None:
        return None
    text = value if wild or operator == "wildcard" else value.replace("*", _LITERAL_STAR)
    return _STARS.sub("*", form.format(text)) if text else ""


@cache
def reasons() -> Mapping[str, Reason]:
    """Every reason by its slug, the weightiest first."""
    return load_reasons()


def load_reasons(folder: Path = TABLES) -> dict[str, Reason]:
    """Read and check `satisfiable_reasons.csv`. Raises `CatalogueError` with file and line."""
    found: dict[str, Reason] = {}
    for place, row in read_rows(folder / "satisfiable_reasons.csv", _REASON_COLUMNS):
        if not re.fullmatch(r"[a-z_]{1,20}", row["reason"]) or row["reason"] in found:
            raise CatalogueError(f"{place}: {row['reason']!r} has to be a word of a-z and _ that no other row has.")
        if not (row["title"] and row["text"]):
            raise CatalogueError(f"{place}: the reason needs a title and a text.")
        found[row["reason"]] = Reason(row["reason"], row["title"], row["text"])
    return found


def load_rows(folder: Path = TABLES) -> tuple[Row, ...]:
    """Read and check `satisfiable.csv`. Raises `CatalogueError` with file and line."""
    known, found = load_reasons(folder), []
    for place, row in read_rows(folder / "satisfiable.csv", _COLUMNS):
        choose(place, "reason", row["reason"], known)
        patterns = [_compiled(place, row[name]) for name in ("pattern", "unless")]
        found.append(Row(row["reason"], _fields(place, row["fields"]), *patterns))
    return tuple(found)


def _fields(place: str, written: str) -> frozenset[str]:
    """Names, all fields of a type, and `!name` for one that is left out. A field need not be in fields.csv."""
    named, left_out = set(), set()
    for word in written.split():
        if word.startswith(_TYPE):
            kind = word.removeprefix(_TYPE).replace("_", " ")
            choose(place, "type", kind, TYPES)
            named |= {field.canonical for field in base_catalogue().fields.values() if field.type == kind}
        elif word.startswith("!"):
            left_out.add(word[1:])
        else:
            named.add(word)
    if not named or not left_out <= named:
        raise CatalogueError(f"{place}: name the fields, and with ! only such as are named by their type.")
    return frozenset(named - left_out)


def _compiled(place: str, pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise CatalogueError(f"{place}: {pattern!r} is no regular expression: {error}.") from error


@cache
def _by_field() -> Mapping[str, tuple[Row, ...]]:
    rows = load_rows()
    return {name: tuple(row for row in rows if name in row.fields) for name in {n for row in rows for n in row.fields}}
