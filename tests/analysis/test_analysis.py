"""From a query to predicates with canonical names, roles and keys: languages and normalization together."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from detections.analysis.analysis import MAX_DRAWN_DEPTH, analyse
from detections.analysis.draft import draft
from detections.analysis.dump import dumped
from detections.analysis.predicate import Predicate
from detections.analysis.rows import rule_row
from detections.documents.document import SideQuery
from detections.normalization.values import indicator_key


def predicates(language: str, text: str) -> tuple[Predicate, ...]:
    return analyse(draft(language, text)).predicates


def named(language: str, text: str) -> list[tuple[str, str, str, bool, str]]:
    return [
        (found.canonical, found.operator, found.value, found.negated, found.role)
        for found in predicates(language, text)
        if found.place == ""
    ]


def test_the_reference_rows_of_a_cloud_query() -> None:
    query = (
        'event.dataset: "aws.cloudtrail" and event.provider: "rds.amazonaws.com" '
        'and event.action: ("CreateDBSnapshot" or "CreateDBClusterSnapshot") and event.outcome: "success"'
    )
    assert named("kql", query) == [
        ("event.dataset", "eq", "aws.cloudtrail", False, "scope"),
        ("Provider_Name", "eq", "rds.amazonaws.com", False, "filter"),
        ("EventType", "in", "CreateDBSnapshot", False, "filter"),
        ("EventType", "in", "CreateDBClusterSnapshot", False, "filter"),
        ("event.outcome", "eq", "success", False, "filter"),
    ]


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ('file where file.path : "x"', "TargetFilename"),
        ('library where file.path : "x"', "ImageLoaded"),
        ('driver where file.name : "x"', "ImageLoaded"),
        ('authentication where host.os.type == "windows" and user.name : "x"', "TargetUserName"),
        ('process where user.name : "x"', "User"),
        ('any where event.code == "5145" and file.name : "x"', "PipeName"),
    ],
)
def test_the_kind_of_event_chooses_the_canonical_field(query: str, canonical: str) -> None:
    assert canonical in {row[0] for row in named("eql", query)}


def test_each_step_of_a_sequence_has_its_own_kind_of_event() -> None:
    query = 'sequence by host.id [file where file.path : "a"] [library where file.path : "b"]'
    assert [row[:3] for row in named("eql", query)] == [("TargetFilename", "eq", "a"), ("ImageLoaded", "eq", "b")]


def test_an_event_category_stands_beside_the_query_and_counts_as_scope() -> None:
    (category,) = [found for found in predicates("eql", 'process where process.name : "a"') if found.place]
    assert (category.place, category.canonical, category.role, category.counted) == (
        "category", "event.category", "scope", True,
    )  # fmt: skip


def test_what_stands_after_until_is_shown_and_not_counted() -> None:
    query = 'sequence by host.id [process where process.name : "a"] until [process where process.name : "b"]'
    until = [found for found in predicates("eql", query) if found.place == "until"]
    assert [found.value for found in until] == ["b"] and not any(found.counted for found in until)


def test_a_computed_left_side_is_derived_and_gives_no_indicator() -> None:
    (found,) = [row for row in predicates("eql", "process where length(process.command_line) > 500") if not row.place]
    assert (found.role, found.key, found.counted) == ("derived", "", False)


def test_a_test_of_field_against_field_shows_the_others_canonical_name() -> None:
    (found,) = [row for row in predicates("eql", "process where process.name == process.parent.name") if not row.place]
    assert (found.canonical, found.operator, found.value) == ("Image", "fieldref", "ParentImage")
    assert found.test.value == "process.parent.name"
    assert found.key == indicator_key("Image", "fieldref", "parentimage", False)


def test_a_test_for_existence_counts_as_a_field_and_never_as_an_indicator() -> None:
    row = rule_row(analyse(draft("kql", "process.name: * and not user.name: *")))
    assert [(field.field, field.operator, field.excluded) for field in row.fields] == [
        ("Image", "exists", False),
        ("User", "exists", True),
    ]
    assert row.indicators == ()


def test_one_row_of_each_indicator_is_counted_however_often_it_is_tested() -> None:
    row = rule_row(analyse(draft("kql", 'process.name: ("A.exe" or "a.exe") and not process.name: ("a.exe" or "b")')))
    counted = [(use.value, use.excluded) for use in row.indicators if use.counted]
    assert counted == [("A.exe", False), ("a.exe", True), ("b", True)]
    assert len(row.indicators) == 4


def test_letters_of_an_encoded_value_tell_two_values_apart() -> None:
    rule = (
        "title: x\nlogsource: {product: windows}\ndetection:\n  s:\n    CommandLine|base64offset|contains:\n"
        "      - 'Invoke'\n      - 'invoke'\n  condition: s\n"
    )
    keys = {found.key for found in predicates("sigma", rule) if not found.place}
    assert len(keys) == 2


def test_a_log_source_is_no_row_of_the_tables() -> None:
    rule = "title: x\nlogsource: {product: windows}\ndetection:\n  s:\n    Image: a\n  condition: s\n"
    analysis = analyse(draft("sigma", rule))
    assert {part.place for part in analysis.beside} == {"logsource"}
    assert {row.field for row in rule_row(analysis).fields} == {"Image"}


def test_a_deep_query_is_stored_as_a_flat_list_with_every_polarity() -> None:
    query = "not (a: 1 and " * (MAX_DRAWN_DEPTH + 20) + "b: 2" + ")" * (MAX_DRAWN_DEPTH + 20)
    analysis = analyse(draft("kql", query))
    assert analysis.parse == "full"
    assert any("flat list" in problem.message for problem in analysis.problems)
    polarities = [found.negated for found in analysis.predicates]
    assert polarities[:4] == [True, False, True, False] and len(polarities) == MAX_DRAWN_DEPTH + 21
    json.loads(rule_row(analysis).text["tree"])


def test_a_language_that_is_not_read_is_said_so() -> None:
    analysis = analyse(draft("painless", "x"))
    assert (analysis.parse, analysis.tree, analysis.predicates) == ("none", None, ())
    assert "not read" in analysis.problems[0].message


def test_a_dump_keeps_the_fields_as_written_and_leaves_doubles_out() -> None:
    found = dumped(analyse(draft("eql", 'process where process.name in ("a", "b") and not process.name in ("a", "b")')))
    assert [(row["field"], row["op"], row["value"], row["negated"]) for row in found["predicates"]] == [
        ("process.name", "in", "a", False),
        ("process.name", "in", "b", False),
        ("process.name", "in", "a", True),
        ("process.name", "in", "b", True),
    ]
    assert found["beside"][0]["place"] == "category"


def test_filters_beside_a_query_are_counted_and_what_they_hide_is_said() -> None:
    document = replace(
        draft("kql", "process.name: a"),
        side_queries=(
            SideQuery("filter", "dsl", '{"meta": {"negate": true}, "query": {"term": {"user.name": "b"}}}'),
            SideQuery("filter", "dsl", '{"query": {"geo_shape": {}}}', line=7),
        ),
    )
    analysis = analyse(document)
    (found,) = [row for row in analysis.predicates if row.place == "filter"]
    assert (found.canonical, found.value, found.negated, found.counted) == ("User", "b", True, True)
    assert analysis.parse == "partial"
    assert "not understood" in analysis.problems[-1].message
