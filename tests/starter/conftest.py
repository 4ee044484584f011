"""The starter corpus, read once: as rule documents, and as an import sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detections.analysis.files import analyse_files
from detections.analysis.rows import RuleRow
from detections.documents.document import FileReading, RuleDocument
from detections.importing.first_catalog import STARTER
from detections.vendors import VENDORS
from detections.vendors.checkout import read_file, rule_paths


@pytest.fixture(scope="session")
def readings() -> list[FileReading]:
    """Every rule file of the corpus, read by its vendor."""
    return [reading for slug in VENDORS for reading in read_checkout(slug, STARTER / slug)]


@pytest.fixture(scope="session")
def documents(readings: list[FileReading]) -> list[RuleDocument]:
    return [document for reading in readings for document in reading.documents]


@pytest.fixture(scope="session")
def rows() -> dict[str, list[RuleRow]]:
    """The rows of each vendor's rules, as an import would store them."""
    found = {}
    for slug, vendor in VENDORS.items():
        root = STARTER / slug
        files = [(path, "") for path in rule_paths(vendor, root)]
        found[slug] = [
            row for file in analyse_files(slug, str(root), files, vendor.read_with(root)) for row in file.rules
        ]
    return found


def read_checkout(slug: str, root: Path) -> list[FileReading]:
    """Every rule file of a checkout."""
    vendor = VENDORS[slug]
    read_with = vendor.read_with(root)
    return [read_file(vendor, root, path, read_with) for path in rule_paths(vendor, root)]
