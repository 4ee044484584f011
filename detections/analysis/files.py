"""Files of a checkout to rows: the work function of an import, run in the workers of its pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from detections.analysis.analysis import analyse
from detections.analysis.rows import FileRow, problems_json, rule_row
from detections.normalization.catalogue import Catalogue, base_catalogue
from detections.vendors import VENDORS
from detections.vendors.checkout import read_file
from detections.vendors.vendor import ReadWith


def analyse_files(
    vendor: str, root: str, files: list[tuple[str, str]], read_with: ReadWith, catalogue: Catalogue | None = None
) -> list[FileRow]:
    """One `FileRow` for each (path, fingerprint). No content of a file makes it raise."""
    return list(_rows(vendor, Path(root), files, read_with, catalogue or base_catalogue()))


def _rows(
    slug: str, root: Path, files: Iterable[tuple[str, str]], read_with: ReadWith, catalogue: Catalogue
) -> Iterator[FileRow]:
    vendor = VENDORS[slug]
    for path, fingerprint in files:
        reading = read_file(vendor, root, path, read_with)
        rules = tuple(rule_row(analyse(document, catalogue)) for document in reading.documents)
        yield FileRow(path, fingerprint, problems_json(reading.problems), rules)
