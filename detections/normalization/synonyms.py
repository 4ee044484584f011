"""Enumerations that vendors spell differently: `Network` and `3` are the same logon type."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

from detections.normalization.catalogue import TABLES, CatalogueError, base_catalogue


@cache
def synonyms() -> Mapping[tuple[str, str], str]:
    """(canonical field, lower-cased value) to the value that stands for all. Raises `CatalogueError`."""
    found: dict[tuple[str, str], str] = {}
    file = TABLES / "value_synonyms.csv"
    with file.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            key = (row["canonical"], row["value"])
            if row["canonical"] not in base_catalogue().fields:
                raise CatalogueError(f"{file.name}:{reader.line_num}: {row['canonical']!r} is no canonical field.")
            if key in found:
                raise CatalogueError(f"{file.name}:{reader.line_num}: {key} stands twice.")
            found[key] = row["means"]
    return found
