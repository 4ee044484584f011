"""One rule's predicates as a JSON object, in the shape of `manage.py dump_predicates`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from detections.analysis.analysis import Analysis
from detections.analysis.predicate import Predicate
from detections.documents.problem import Problem


def dumped(analysis: Analysis) -> dict[str, Any]:
    """`predicates` are the query's own tests, `beside` what stands beside it with its place. Doubles are left out."""
    document = analysis.document
    own: dict[tuple[object, ...], dict[str, Any]] = {}
    beside: dict[tuple[object, ...], dict[str, Any]] = {}
    for predicate in analysis.predicates:
        written = predicate.condition.field, predicate.operator, predicate.test.value, predicate.negated
        if predicate.place:
            beside.setdefault((predicate.place, *written), {"place": predicate.place} | _predicate(predicate))
        else:
            own.setdefault(written, _predicate(predicate) | {"role": predicate.role})
    return {
        "path": document.path,
        "id": document.own_id,
        "title": document.title,
        "language": document.language,
        "techniques": list(document.technique_ids),
        "platforms": list(analysis.places.platforms),
        "domains": list(analysis.places.domains),
        "parse": analysis.parse,
        "problems": [_problem(problem) for problem in analysis.problems],
        "predicates": list(own.values()),
        "beside": list(beside.values()),
    }


def _predicate(predicate: Predicate) -> dict[str, Any]:
    test = predicate.test
    found: dict[str, Any] = {
        "field": predicate.condition.field,
        "canonical": predicate.canonical,
        "op": test.operator,
        "value": test.value,
        "negated": predicate.negated,
    }
    if test.raw is not None:
        found["raw"] = test.raw
    return found


def _problem(problem: Problem) -> dict[str, Any]:
    return {key: value for key, value in asdict(problem).items() if value not in (None, "")}
