"""Reads whole corpora through the product's own door, as `manage.py dump_predicates` does."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from detections.analysis.analysis import Analysis, analyse
from detections.documents.document import RuleDocument
from detections.vendors import VENDORS
from detections.vendors.checkout import read_file, rule_paths


@dataclass
class CorpusReading:
    """Every analysed rule of one vendor, with the seconds of loading and of analysing (in one process)."""

    vendor: str
    analyses: list[Analysis] = field(default_factory=list)
    file_problems: list[str] = field(default_factory=list)
    loading: float = 0.0
    analysing: float = 0.0

    def parsed(self) -> dict[str, Counter[str]]:
        """How many live rules of each language are parsed in full, in part, not at all."""
        found: dict[str, Counter[str]] = {}
        for analysis in self.analyses:
            if analysis.document.lifecycle == "live":
                found.setdefault(analysis.document.language, Counter())[analysis.parse] += 1
        return found

    def resolved_share(self) -> tuple[int, int]:
        """Distinct (rule, raw field) pairs of live rules: how many the alias tables know, and how many there are."""
        known: dict[tuple[str, str], bool] = {}
        for analysis in self.analyses:
            document = analysis.document
            if document.lifecycle != "live":
                continue
            for predicate in analysis.predicates:
                if predicate.place in ("logsource", "category") or predicate.condition.derived:
                    continue
                pair = (document.own_id, predicate.condition.field)
                known[pair] = known.get(pair, True) and predicate.known
        return sum(known.values()), len(known)


def read_corpus(vendor: str, root: Path) -> CorpusReading:
    """Load and analyse every rule of a checkout, one file after the other."""
    row = VENDORS[vendor]
    result = CorpusReading(vendor)
    read_with = row.read_with(root)
    documents: list[RuleDocument] = []
    begun = time.process_time()
    for path in rule_paths(row, root):
        reading = read_file(row, root, path, read_with)
        documents.extend(reading.documents)
        result.file_problems.extend(str(problem) for problem in reading.problems)
    result.loading = time.process_time() - begun
    begun = time.process_time()
    result.analyses.extend(analyse(document) for document in documents)
    result.analysing = time.process_time() - begun
    return result
