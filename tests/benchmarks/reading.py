"""Reads whole corpora through the product's own door, as `manage.py dump_predicates` does."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from detections.analysis.analysis import Analysis, analyse
from detections.analysis.dump import dumped
from detections.documents.decoding import read_text
from detections.documents.document import RuleDocument
from detections.documents.problem import UnreadableError
from detections.vendors import VENDORS
from detections.vendors.checkout import read_file, rule_paths


@dataclass
class CorpusReading:
    """Every rule of one vendor and what it says, with the CPU seconds of loading and of analysing, in one process."""

    vendor: str
    documents: list[RuleDocument] = field(default_factory=list)
    analyses: list[Analysis] = field(default_factory=list)
    file_problems: list[str] = field(default_factory=list)
    loading: float = 0.0
    analysing: float = 0.0

    def analyse(self) -> None:
        """Fill in `analyses`, and how long they took."""
        begun = time.process_time()
        self.analyses.extend(map(analyse, self.documents))
        self.analysing = time.process_time() - begun

    def predicates(self) -> dict[str, list[dict[str, Any]]]:
        """What the rules of each path say, as `manage.py dump_predicates` tells it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for analysis in self.analyses:
            found.setdefault(analysis.document.path, []).extend(dumped(analysis)["predicates"])
        return found

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


def load_corpus(vendor: str, root: Path) -> CorpusReading:
    """Every rule document of a checkout, one file after the other; nothing analysed yet."""
    row = VENDORS[vendor]
    result = CorpusReading(vendor)
    read_with = row.read_with(root)
    begun = time.process_time()
    for path in rule_paths(row, root):
        reading = read_file(row, root, path, read_with)
        result.documents.extend(reading.documents)
        result.file_problems.extend(str(problem) for problem in reading.problems)
    result.loading = time.process_time() - begun
    return result


def read_corpus(vendor: str, root: Path) -> CorpusReading:
    """Load and analyse every rule of a checkout."""
    result = load_corpus(vendor, root)
    result.analyse()
    return result


def merely_loaded(vendor: str, root: Path) -> float:
    """CPU seconds of loading the checkout's rule files with PyYAML's C loader and tomllib, and nothing else."""
    row = VENDORS[vendor]
    texts = []
    for path in rule_paths(row, root):
        try:
            texts.append((path, read_text(root / path, path)))
        except UnreadableError:
            continue
    begun = time.process_time()
    for path, text in texts:
        try:
            tomllib.loads(text) if path.endswith(".toml") else list(yaml.load_all(text, yaml.CSafeLoader))
        except (ValueError, RecursionError, yaml.YAMLError):
            continue
    return time.process_time() - begun
