"""Every query language against its case files, `cases/<language>/<theme>.yaml`.

A case is a `query` with its `predicates` ([field, operator, value, negated], in text order, as often as written) and,
where they matter, `parse` (full when absent), `problems` (part of a message, or [severity, line, column, part of a
message]; none when absent), `beside` ([place, field, operator, value, negated]), `joins`, `labels` of branches,
`contexts`, `paths` and `derived` (reason and base fields) of the conditions, `comparators` and `raw` of the tests,
and `written` and `marked`: what the offsets of each condition and of each test cut out of the query.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from detections.languages.kql.reader import read as read_kql
from detections.languages.lucene.reader import read as read_lucene
from detections.languages.tree import Branch, Node, Reading, walk

_EMBEDDED = {"kql": read_kql, "lucene": read_lucene}
_FOLDER = Path(__file__).with_name("cases")


def _cases() -> list[Any]:
    found = []
    for language in ("kql", "eql", "dsl", "lucene", "esql"):
        for file in sorted((_FOLDER / language).glob("*.yaml")):
            for number, case in enumerate(yaml.safe_load(file.read_text(encoding="utf-8")), 1):
                found.append(pytest.param(language, case, id=f"{language}/{file.stem}-{number}"))
    return found


def _predicates(tree: Node | None) -> list[list[Any]]:
    return [[c.field, test.operator, test.value, flipped] for c, flipped in walk(tree) for test in c.tests]


def _labels(tree: Node | None) -> list[str]:
    if not isinstance(tree, Branch):
        return []
    return ([tree.label] if tree.label else []) + [label for child in tree.children for label in _labels(child)]


def _told(case: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The reading in the words of the case file, as far as the case speaks about it."""
    conditions = [condition for condition, _ in walk(reading.tree)]
    told: dict[str, Any] = {
        "predicates": _predicates(reading.tree),
        "parse": reading.parse,
        "beside": [[beside.place, *row] for beside in reading.beside for row in _predicates(beside.tree)],
        "joins": list(reading.join_fields),
        "labels": _labels(reading.tree),
        "contexts": [condition.context for condition in conditions],
        "paths": [condition.path for condition in conditions],
        "derived": [[condition.derived, *condition.base_fields] for condition in conditions],
        "comparators": [test.comparator for condition in conditions for test in condition.tests],
        "raw": [test.raw for condition in conditions for test in condition.tests],
        "written": [case["query"][condition.start : condition.end] for condition in conditions],
        "marked": [case["query"][test.start : test.end] for condition in conditions for test in condition.tests],
    }
    return {key: value for key, value in told.items() if key in case}


def _read(language: str, query: str) -> Reading:
    module = importlib.import_module(f"detections.languages.{language}.reader")
    reading: Reading = module.read(query, _EMBEDDED) if language in ("dsl", "esql") else module.read(query)
    return reading


@pytest.mark.parametrize(("language", "case"), _cases())
def test_case(language: str, case: dict[str, Any]) -> None:
    reading = _read(language, case["query"])
    case = {"parse": "full", "problems": [], **case}
    expected = {key: value for key, value in case.items() if key not in ("query", "problems", "why")}

    assert _told(case, reading) == expected
    assert len(reading.problems) == len(case["problems"]), reading.problems
    for problem, said in zip(reading.problems, case["problems"], strict=True):
        severity, line, column, part = said if isinstance(said, list) else ("error", problem.line, problem.column, said)
        assert (problem.severity, problem.line, problem.column) == (severity, line, column), problem
        assert part in problem.message
