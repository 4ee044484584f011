"""An analysis as plain values: what the workers of an import send back and the importer writes.

Everything here pickles fast: no dataclass of the core leaves a worker, only these tuples and JSON texts.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from detections.analysis.analysis import Analysis
from detections.analysis.predicate import Predicate
from detections.analysis.serialization import tree_json
from detections.documents.problem import Problem
from detections.languages.tree import KEYWORDS


class IndicatorRow(NamedTuple):
    """One use of an indicator by the rule; `counted` is true once for each (key, excluded)."""

    key: str
    field: str
    operator: str
    folded: str
    wild: bool
    role: str
    excluded: bool
    counted: bool
    value: str
    equivalence: str


class FieldRow(NamedTuple):
    """One (field, operator, polarity) that the rule uses."""

    field: str
    operator: str
    excluded: bool
    role: str


class NameRow(NamedTuple):
    """A field name as the rule writes it, what it was found to be, and whether a table says so."""

    name: str
    canonical: str
    known: bool


class RuleRow(NamedTuple):
    """One rule. `values` are the columns of Rule, `text` those of RuleText, JSON columns already as text."""

    own_id: str
    values: dict[str, Any]
    text: dict[str, Any]
    platforms: tuple[str, ...]
    domains: tuple[str, ...]
    techniques: tuple[str, ...]
    log_sources: tuple[tuple[str, str], ...]
    indicators: tuple[IndicatorRow, ...]
    fields: tuple[FieldRow, ...]
    names: tuple[NameRow, ...]


class FileRow(NamedTuple):
    """One file: its path, its fingerprint, what is wrong with it as JSON text, and its rules."""

    path: str
    fingerprint: str
    problems: str
    rules: tuple[RuleRow, ...]


def rule_row(analysis: Analysis) -> RuleRow:
    """The rows of one analysed rule."""
    document = analysis.document
    indicators, fields = _flat(analysis.predicates)
    values = {
        "title": document.title[:400],
        "description": document.description,
        "authors": _json(document.authors),
        "licence": document.licence[:100],
        "status": document.status[:40],
        "level": document.level[:40],
        "type": document.type[:40],
        "language": document.language,
        "parse": analysis.parse,
        "lifecycle": document.lifecycle,
        "references": _json(document.references),
        "false_positives": _json(document.false_positives),
        "created": document.created,
        "modified": document.modified,
        "tags": _json(document.tags),
        "path": document.path[:400],
        "predicate_count": len({row.key for row in indicators if not row.excluded}),
        "exclusion_count": len({row.key for row in indicators if row.excluded}),
    }
    return RuleRow(
        document.own_id,
        values,
        _text(analysis),
        analysis.places.platforms,
        analysis.places.domains,
        document.technique_ids,
        tuple(dict.fromkeys((source.kind[:20], source.name[:200]) for source in document.log_sources)),
        indicators,
        fields,
        _names(analysis.predicates),
    )


def problems_json(problems: tuple[Problem, ...]) -> str:
    """Problems as the JSON text that the database keeps."""
    return _json([problem_json(problem) for problem in problems])


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "line": problem.line,
        "column": problem.column,
        "snippet": problem.snippet,
        "start": problem.start,
        "end": problem.end,
        "severity": problem.severity,
    }


def _text(analysis: Analysis) -> dict[str, Any]:
    document = analysis.document
    predicates = iter(analysis.predicates)
    tree = tree_json(analysis.tree, predicates)
    beside = [{"place": part.place, "tree": tree_json(part.tree, predicates)} for part in analysis.beside]
    return {
        "text": document.text,
        "query": document.query,
        "line": document.line,
        "query_line": document.query_line,
        "tree": None if tree is None else _json(tree),
        "beside": _json(beside),
        "problems": problems_json(analysis.problems),
        "extra": _json(dict(document.extra)),
        "platform_rule": analysis.places.platform_rule,
        "domain_rule": analysis.places.domain_rule,
    }


def _flat(predicates: tuple[Predicate, ...]) -> tuple[tuple[IndicatorRow, ...], tuple[FieldRow, ...]]:
    indicators: dict[tuple[object, ...], IndicatorRow] = {}
    fields: dict[tuple[object, ...], FieldRow] = {}
    seen: set[tuple[str, bool]] = set()
    for predicate in predicates:
        if not predicate.counted:
            continue
        role, excluded = predicate.role, predicate.negated
        field = FieldRow(predicate.canonical[:200], predicate.operator, excluded, role)
        fields.setdefault(field[:3], field)
        if not predicate.key:
            continue
        first = (predicate.key, excluded) not in seen
        row = IndicatorRow(
            predicate.key, predicate.canonical[:200], predicate.operator, predicate.folded, predicate.test.wild,
            role, excluded, first, predicate.value, predicate.equivalence,
        )  # fmt: skip
        if indicators.setdefault((row.key, excluded, row.value, row.equivalence), row) is row:
            seen.add((predicate.key, excluded))
    return tuple(indicators.values()), tuple(fields.values())


def _names(predicates: tuple[Predicate, ...]) -> tuple[NameRow, ...]:
    """The names of counted predicates; a search of the whole event names no field."""
    rows = (
        NameRow(
            (predicate.condition.path or predicate.condition.field)[:300], predicate.canonical[:200], predicate.known
        )
        for predicate in predicates
        if predicate.counted and predicate.condition.field != KEYWORDS
    )
    return tuple({row[:2]: row for row in rows}.values())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
