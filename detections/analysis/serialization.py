"""The tree of conditions as JSON: what the database keeps and the rule page draws.

A branch is {kind, label, start, end, children}. A condition is {kind: "condition", field, canonical, role, derived,
start, end, tests}, a test {operator, value, start, end, indicator} with raw, wild and comparator where they say
something. `indicator` is the key of the counted row, "" where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from detections.analysis.predicate import Predicate
from detections.languages.tree import Condition, Node


def tree_json(tree: Node | None, predicates: Iterator[Predicate]) -> dict[str, Any] | None:
    """`tree` with the canonical names and keys of its `predicates`, which must be in the order of `walk`."""
    return None if tree is None else _node(tree, predicates)


def _node(node: Node, predicates: Iterator[Predicate]) -> dict[str, Any]:
    if isinstance(node, Condition):
        return _condition(node, [next(predicates) for _ in node.tests])
    return {
        "kind": node.kind,
        "label": node.label,
        "start": node.start,
        "end": node.end,
        "children": [_node(child, predicates) for child in node.children],
    }


def _condition(condition: Condition, predicates: list[Predicate]) -> dict[str, Any]:
    first = predicates[0]
    return {
        "kind": "condition",
        "field": condition.field,
        "canonical": first.canonical,
        "role": first.role,
        "derived": condition.derived,
        "start": condition.start,
        "end": condition.end,
        "tests": [_test(predicate) for predicate in predicates],
    }


def _test(predicate: Predicate) -> dict[str, Any]:
    test = predicate.test
    found: dict[str, Any] = {
        "operator": test.operator,
        "value": test.value,
        "start": test.start,
        "end": test.end,
        "indicator": predicate.key if predicate.counted else "",
    }
    if test.raw is not None:
        found["raw"] = test.raw
    if test.wild:
        found["wild"] = True
    if test.comparator:
        found["comparator"] = test.comparator
    return found
