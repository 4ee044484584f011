"""Sigma: data-file cases, places in the text, bounds, and the whole public repository against its labels."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from detections.documents.yaml import load_documents
from detections.languages.sigma.reader import read
from detections.languages.tree import Branch, Condition, Node, Reading, walk
from detections.vendors.sigmahq import read as read_file
from detections.vendors.vendor import ReadWith

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted((Path(__file__).parent / "cases" / "sigma").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text("utf-8"))
]


def predicates(node: Node | None) -> list[list[Any]]:
    return [
        [condition.field, test.operator, test.value, negated]
        for condition, negated in walk(node)
        for test in condition.tests
    ]


def distinct(found: list[list[Any]]) -> list[list[Any]]:
    return [list(key) for key in dict.fromkeys(map(tuple, found))]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    reading = read(case["rule"])
    assert distinct(predicates(reading.tree)) == case["predicates"]
    assert reading.parse == case.get("parse", "full")
    assert [row for part in reading.beside for row in predicates(part.tree)] == case.get("beside", [])
    messages = [problem.message for problem in reading.problems]
    expected = case.get("problems", [])
    assert len(messages) == len(expected), messages
    for message, part in zip(messages, expected, strict=True):
        assert part in message


@pytest.mark.parametrize("case", CASES)
def test_every_problem_has_a_place(case: dict[str, Any]) -> None:
    reading = read(case["rule"])
    lines = case["rule"].split("\n")
    for problem in reading.problems:
        if case["rule"]:
            assert problem.line is not None
            assert 1 <= problem.line <= len(lines)


@pytest.mark.parametrize("case", CASES)
def test_offsets_lead_to_the_value_as_written(case: dict[str, Any]) -> None:
    text = case["rule"]
    assert misplaced(text, read(text)) == []


def misplaced(text: str, reading: Reading) -> list[tuple[str, str]]:
    """Tests whose span does not hold their written value, with what it holds."""
    wrong = []
    for tree in (reading.tree, *(part.tree for part in reading.beside)):
        for condition, _ in walk(tree):
            assert 0 <= condition.start <= condition.end <= len(text)
            for test in condition.tests:
                span = text[test.start : test.end]
                written = yaml.load(span, yaml.BaseLoader) or ""  # noqa: S506 (texts only)
                if isinstance(written, list):  # the empty list, which is read as null
                    written = ""
                if written != (test.value if test.raw is None else test.raw):
                    wrong.append((span, test.value))
    return wrong


def test_a_reading_of_one_document_of_a_file_has_places_in_its_own_text() -> None:
    text = "title: a\ndetection: {x: {A: 1}, condition: x}\n---\n# second\ndetection: {y: {B: two}, condition: y}\n"
    second = load_documents(text)[1]
    reading = read(second.own_text, second)
    (condition, _), *_ = walk(reading.tree)
    assert second.own_text[condition.start : condition.end] == "B: two"
    assert misplaced(second.own_text, reading) == []


def test_branches_carry_the_names_of_their_selections() -> None:
    text = """detection:
  lamp:
    Colour: red
  filter_a:
    Shade: dark
  filter_b:
    Shade: deep
  condition: lamp and not 1 of filter_*
"""
    tree = read(text).tree
    assert shape_of(tree) == (
        "and", "", [
            ("and", "lamp", ["Colour"]),
            ("not", "", [("or", "1 of filter_*", [("and", "filter_a", ["Shade"]), ("and", "filter_b", ["Shade"])])]),
        ],
    )  # fmt: skip


def shape_of(node: Node | None) -> Any:
    if isinstance(node, Condition):
        return node.field
    assert isinstance(node, Branch)
    return node.kind, node.label, [shape_of(child) for child in node.children]


def test_an_or_list_is_one_condition_and_an_and_list_is_one_for_each_value() -> None:
    text = "detection: {x: {A: [1, 2, '3*'], 'B|contains|all': [4, '5']}, condition: x}"
    conditions = [condition for condition, _ in walk(read(text.replace("4", "'4'")).tree)]
    assert [(condition.field, len(condition.tests)) for condition in conditions] == [("A", 3), ("B", 1), ("B", 1)]


def test_values_keep_what_they_were_written_as() -> None:
    text = r"""detection:
  x:
    A: 0x0
    'B|contains': '\\*x'
    'C|contains': 'x?y'
    'D|base64': Abc
    'E|fieldref|endswith': F
  condition: x
"""
    tests = {condition.field: condition.tests[0] for condition, _ in walk(read(text).tree)}
    assert (tests["A"].value, tests["A"].raw) == ("0", "0x0")
    assert (tests["B"].operator, tests["B"].value, tests["B"].raw, tests["B"].wild) == (
        "contains", r"\\*x", None, True,
    )  # fmt: skip
    assert tests["C"].wild
    assert tests["D"].keep_case
    assert not tests["C"].keep_case
    assert tests["E"].comparator == "endswith"


def test_a_part_of_a_time_stamp_is_derived() -> None:
    ((condition, _),) = walk(read("detection: {x: {'Made|hour': 3}, condition: x}").tree)
    assert (condition.derived, condition.base_fields) == ("function", ("Made",))


def test_log_sources_are_scope() -> None:
    reading = read("logsource: {product: lamps}\ndetection: {x: {A: 1}, condition: x}")
    (part,) = reading.beside
    assert part.place == "logsource"
    assert all(condition.scope for condition, _ in walk(part.tree))


@pytest.mark.parametrize(
    "condition",
    ["not " * 200 + "x", "(" * 200 + "x" + ")" * 200, "not (" * 5000 + "x" + ")" * 5000, "x or " * 20_000 + "x"],
    ids=["nots", "parentheses", "both", "length"],
)
def test_a_condition_beyond_bounds_is_refused(condition: str) -> None:
    reading = read(f"detection:\n  x: {{A: 1}}\n  condition: {condition}\n")
    assert reading.parse == "none"
    assert reading.problems[0].line == 3


def test_a_long_condition_within_bounds_is_read() -> None:
    names = [f"x{number}" for number in range(1000)]
    selections = "".join(f"  {name}: {{A: {name}}}\n" for name in names)
    reading = read(f"detection:\n{selections}  condition: {' or '.join(names)}\n")
    assert reading.parse == "full"
    assert len(predicates(reading.tree)) == 1000


def test_repeating_a_large_selection_does_not_grow_without_bound() -> None:
    values = ", ".join(map(str, range(2000)))
    condition = " or ".join(["x"] * 500)
    reading = read(f"detection:\n  x: {{A: [{values}]}}\n  condition: {condition}\n")
    assert reading.parse == "partial"
    assert len(predicates(reading.tree)) == 100_000
    assert "more than 100000 tests" in reading.problems[0].message


def test_many_problems_are_cut_off() -> None:
    selections = "".join(f"    F{number}|glows: 1\n" for number in range(500))
    reading = read(f"detection:\n  x:\n{selections}  condition: x\n")
    assert reading.parse == "none"
    assert len(reading.problems) == 51


def test_patterns_with_many_stars_are_matched_in_no_time() -> None:
    name = "a" * 3000
    reading = read(f"detection:\n  {name}: {{A: 1}}\n  condition: 1 of {'a*' * 200}b\n")
    assert reading.parse == "none"


@pytest.mark.parametrize(
    "text",
    [
        "detection: {x: {'A|re': ''}, condition: x}",
        "detection: {x: {'A|re|contains': ''}, condition: x}",
        "detection: {x: {'A|re': '" + "(" * 5000 + "'}, condition: x}",
        "detection: {x: {'A|exists': maybe}, condition: x}",
        "detection: {x: {'|exists': true}, condition: x}",
        "detection: {x: {'A|gt': five}, condition: x}",
        "detection: {x: {A: .nan}, condition: x}",
        "detection: {x: {'A|wide': 'ü€'}, condition: x}",
        "detection: {x: {'|': 1}, condition: x}",
        "detection: {1: {A: 1}, on: {A: 2}, condition: 1 and on}",
        "detection: {x: {? [a] : b}, condition: x}",
        "detection: {x: {1: a, 01: b}, condition: x}",
        "detection: {x: {A: !!binary aGk=}, condition: x}",
        "detection: {x: {A: !!set {a, b}}, condition: x}",
        "detection: {x: {A: {<<: 1}}, condition: x}",
        "detection: {condition: condition}",
        "detection: {x: {A: 1}, condition: 5}",
        "detection: {x: {A: 1}, condition: [x, [x]]}",
        "detection: {x: {A: 1}, condition: null}",
        "detection: null",
        "action: global\n---\n- x\n---\ndetection: {x: {A: 1}, condition: x}",
        "action: global\n---\naction: global",
        "action: [global]",
        "a: 1\n" * 3000,
    ],
)
def test_odd_documents_never_raise(text: str) -> None:
    reading = read(text)
    assert (reading.parse == "none") == (reading.tree is None)
    assert reading.parse == "full" or reading.problems


@pytest.mark.corpora
def test_the_public_rules_say_what_their_labels_say(corpora: Path) -> None:
    with gzip.open(corpora / "labels" / "sigma.jsonl.gz", "rt", encoding="utf-8") as lines:
        labels = [json.loads(line) for line in lines]
    root = corpora / "corpora" / "sigma"
    wrong: list[str] = []
    absent: list[str] = []
    places: list[tuple[str, str]] = []
    for label in labels:
        file = root / label["path"]
        if not file.exists():
            absent.append(label["path"])
            continue
        (document,) = read_file(file.read_text("utf-8"), label["path"], ReadWith()).documents
        reading = read(document.text, document.loaded)
        expected = {(p["field"], p["op"], str(p["value"]), p["negated"]) for p in label["predicates"]}
        metadata = (document.own_id, document.title, document.status, document.level, list(document.tags))
        said = tuple(label[key] for key in ("id", "title", "status", "level", "tags"))
        same = set(map(tuple, predicates(reading.tree))) == expected and reading.parse == "full"
        if not same or metadata != said or list(document.technique_ids) != label["techniques"]:
            wrong.append(label["path"])
        places += misplaced(document.text, reading)
    assert len(absent) <= 1  # the one file that the checkout leaves out
    assert wrong == []
    assert places == []
