"""KQL and EQL on the real rules: read in full, printed and read again, every offset on what was written."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from detections.documents.toml import load_toml
from detections.languages.tree import walk
from tests.languages.properties import bare

pytestmark = pytest.mark.corpora


def _queries(corpora: Path, language: str) -> Iterator[tuple[str, str]]:
    folder = corpora / "corpora" / "elastic"
    for file in sorted(folder.glob("rules*/**/*.toml")):
        rule = load_toml(file.read_text(encoding="utf-8")).get("rule", {})
        if rule.get("language") == language and rule.get("query"):
            yield file.name, rule["query"]


@pytest.mark.parametrize(("name", "language", "least"), [("kql", "kuery", 700), ("eql", "eql", 1000)])
def test_real_queries(corpora: Path, name: str, language: str, least: int) -> None:
    read = importlib.import_module(f"detections.languages.{name}.reader").read
    printed = importlib.import_module(f"detections.languages.{name}.printer").printed
    count = 0
    for file, query in _queries(corpora, language):
        reading = read(query)
        assert reading.parse == "full", (file, reading.problems)
        for condition, _ in walk(reading.tree):
            for test in condition.tests:
                written = query[test.start : test.end]
                assert test.raw is None or test.raw in written, (file, test)
                assert condition.start <= test.start < test.end <= condition.end, (file, test)
            first_word = (condition.path or condition.field).split(".")[0]
            assert condition.derived or first_word in query[: condition.end], (file, condition)
        assert bare(read(printed(reading.tree)).tree) == bare(reading.tree), file
        count += 1
    assert count >= least
