"""Scores predicates against labels: precision, recall, F1, and the share of rules exactly right.

A predicate's key is (field, operator, value, negated); a value may equal the label's `value` or its `raw` text. Rules
are joined on their path. Doubles of a key in one rule count once.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Key = tuple[str, str, str, bool]
LABELS = {  # by language: the vendor whose rules are labelled, and the file of labels
    "sigma": ("sigma", "sigma.jsonl.gz"),
    "kql": ("elastic", "elastic_kql.jsonl.gz"),
    "eql": ("elastic", "elastic_eql.jsonl.gz"),
    "esql": ("elastic", "elastic_esql_sample.jsonl"),
    "spl": ("splunk", "splunk_spl_sample.jsonl"),
}


@dataclass
class Score:
    """`different` maps the path of a rule that is not exactly right to its (missing, extra) keys, sorted."""

    rules: int = 0
    exact: int = 0
    absent: list[str] = field(default_factory=list)
    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    different: dict[str, tuple[list[Key], list[Key]]] = field(default_factory=dict)

    @property
    def f1(self) -> float:
        wrong = self.false_positives + self.false_negatives
        return 2 * self.true_positives / (2 * self.true_positives + wrong or 1)

    @property
    def exact_share(self) -> float:
        return self.exact / (self.rules or 1)


def labels(file: Path) -> Iterator[dict[str, Any]]:
    """The labelled rules of a JSON lines file, gzipped or not."""
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    yield from map(json.loads, text.splitlines())


def score(wanted: Iterable[Mapping[str, Any]], found: Mapping[str, list[Mapping[str, Any]]]) -> Score:
    """`found` maps a path to the predicates that we read in it."""
    result = Score()
    merged: dict[str, list[Mapping[str, Any]]] = {}
    for rule in wanted:
        merged.setdefault(rule["path"], []).extend(rule["predicates"])
    for path, predicates in merged.items():
        result.rules += 1
        expected = {_key(predicate): predicate for predicate in predicates}
        if path not in found:
            result.absent.append(path)
            result.false_negatives += len(expected)
            continue
        ours = {_key(predicate) for predicate in found[path]}
        used: set[Key] = set()
        missing: list[Key] = []
        for key, predicate in expected.items():
            hits = _spellings(predicate) & ours
            if hits:
                used |= hits
                result.true_positives += 1
            else:
                missing.append(key)
        extra = sorted(ours - used)
        result.false_negatives += len(missing)
        result.false_positives += len(extra)
        if missing or extra:
            result.different[path] = (sorted(missing), extra)
        else:
            result.exact += 1
    return result


def _key(predicate: Mapping[str, Any]) -> Key:
    return predicate["field"], predicate["op"], str(predicate["value"] or ""), bool(predicate["negated"])


def _spellings(predicate: Mapping[str, Any]) -> set[Key]:
    keys = {_key(predicate)}
    if "raw" in predicate:
        keys.add(_key({**predicate, "value": predicate["raw"]}))
    return keys
