"""Lucene where it stands in rules: a rule's own query, ES|QL's QSTR, and the filters beside a query."""

from __future__ import annotations

import json
from dataclasses import replace

from catalog.pages.marking import conditions, marks
from detections.analysis.analysis import analyse, read_query
from detections.analysis.draft import draft
from detections.analysis.rows import rule_row
from detections.documents.document import SideQuery
from detections.languages.tree import Node, walk


def _rows(tree: Node | None) -> list[tuple[str, str, str, bool]]:
    return [(c.field, test.operator, test.value, negated) for c, negated in walk(tree) for test in c.tests]


def test_a_query_gets_canonical_names_and_keys() -> None:
    analysis = analyse(
        draft("lucene", 'process.name:("a.exe" OR b.exe) AND NOT user.name:c* AND event.category:process')
    )
    assert analysis.parse == "full"
    assert [(row.canonical, row.test.operator, row.value, row.negated, row.role) for row in analysis.predicates] == [
        ("Image", "in", "a.exe", False, "filter"),
        ("Image", "in", "b.exe", False, "filter"),
        ("User", "startswith", "c", True, "filter"),
        ("event.category", "eq", "process", False, "scope"),
    ]


def test_the_page_marks_every_condition_where_it_stands() -> None:
    query = 'a:(x OR "y z")\n  AND NOT b:[1 TO 5] AND -c:/d\\/e/ AND foo^2'
    tree = json.loads(rule_row(analyse(draft("lucene", query))).text["tree"])
    marked = [(query[mark.start : mark.end], mark.kind) for mark in marks(tree, []) if mark.value]
    assert marked == [
        ("x", "check"), ('"y z"', "check"), ("1", "excluded"), ("5", "excluded"), ("/d\\/e/", "excluded"),
        ("foo", "check"),
    ]  # fmt: skip
    assert len(list(conditions(tree))) == 5


def test_esql_hands_its_query_strings_to_lucene_and_its_kql_to_kql() -> None:
    reading = read_query("esql", 'from x | where not qstr("a:(b OR c*) AND NOT d:e") and kql("f: g*")')
    assert reading.parse == "full"
    assert _rows(reading.tree) == [
        ("a", "in", "b", True),
        ("a", "startswith", "c", True),
        ("d", "eq", "e", False),
        ("f", "startswith", "g", False),
    ]


def test_filters_hand_their_query_strings_to_lucene() -> None:
    filters = json.dumps([{"meta": {"negate": True}, "query": {"query_string": {"query": "user.name:(a OR b)"}}}])
    analysis = analyse(replace(draft("lucene", "x:1"), side_queries=(SideQuery("filter", "dsl", filters),)))
    found = [(row.canonical, row.value, row.negated) for row in analysis.predicates if row.place == "filter"]
    assert (found, analysis.parse) == ([("User", "a", True), ("User", "b", True)], "full")
