"""Enumerations that vendors spell differently: `Network` and `3` are the same logon type."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from detections.normalization.catalogue import FORMS, TABLES, CatalogueError, base_catalogue, choose, read_rows

# (canonical field, form, folded value) to the value that stands for all its spellings.
Synonyms = Mapping[tuple[str, str, str], str]
_COLUMNS = ("canonical", "form", "value", "means", "source")


def meaning(canonical: str, form: str, value: str) -> str:
    """The value that stands for all spellings of `value`; itself when the table has none. A row without a form is
    there for every form."""
    known = _synonyms()
    return known.get((canonical, form, value)) or known.get((canonical, "", value)) or value


def has_synonyms(canonical: str, form: str) -> bool:
    """Whether vendors spell the values of the field in this form differently."""
    return any(field == canonical and of in ("", form) for field, of, _ in _synonyms())


def load_synonyms(folder: Path = TABLES) -> Synonyms:
    """Read and check `value_synonyms.csv`. Raises `CatalogueError` with file and line."""
    found: dict[tuple[str, str, str], str] = {}
    for place, row in read_rows(folder / "value_synonyms.csv", _COLUMNS):
        key = row["canonical"], row["form"], row["value"]
        choose(place, "form", row["form"], FORMS)
        if row["canonical"] not in base_catalogue().fields:
            raise CatalogueError(f"{place}: {row['canonical']!r} is no canonical field. Add it to fields.csv first.")
        for text in (row["value"], row["means"]):
            if not text or text != text.lower():
                raise CatalogueError(f"{place}: {text!r} has to be a value in lower case, as values are compared.")
        if key in found:
            raise CatalogueError(f"{place}: {row['value']!r} stands twice for {row['canonical']!r}. Remove one.")
        found[key] = row["means"]
    return found


@cache
def _synonyms() -> Synonyms:
    return load_synonyms()
