"""Splunk's YAML, in three generations of its schema, to rule documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detections.analysis.analysis import analyse
from detections.documents.document import LogSource, RuleDocument
from detections.documents.problem import UnreadableError
from detections.vendors.checkout import read_file, rule_paths
from detections.vendors.metadata import MAX_PROBLEMS
from detections.vendors.splunk import VENDOR, context, read, read_with
from detections.vendors.vendor import ReadWith

HEAD = """\
name: A program starts another
id: 5f1c9c1e-6a0b-4f43-8a4c-0e6b8a3a1b22
version: 3
author: Somebody, Another (Team, One)
status: production
type: TTP
description: Ours.
data_source:
- Sysmon EventID 1
search: '| tstats count from datamodel=Endpoint.Processes where Processes.process_name=tool.exe'
known_false_positives: Administrators.
references:
- https://example.org/
"""
A = (
    HEAD
    + """\
date: '2024-09-30'
tags:
  analytic_story: [Ours]
  asset_type: Endpoint
  mitre_attack_id: [T1218, T1218.011]
  security_domain: endpoint
  risk_score: 64
"""
)
B = (
    HEAD
    + """\
date: 2025-02-10
rba:
  message: Something happened
  risk_objects: [{field: user, type: user, score: 10}]
tags:
  analytic_story: [Ours]
  asset_type: Endpoint
  mitre_attack_id: [T1218.011]
"""
)
C = (
    HEAD
    + """\
creation_date: 2024-09-30
modification_date: 2026-06-01
finding: {title: Something happened}
analytic_story: [Ours]
asset_type: Endpoint
mitre_attack_id: [T1218.011]
"""
)


def only(text: str, path: str = "detections/endpoint/a.yml") -> RuleDocument:
    (document,) = read(text, path, ReadWith()).documents
    return document


@pytest.mark.parametrize(
    ("text", "modified", "techniques"),
    [
        (A, "2024-09-30", ("T1218", "T1218.011")),
        (B, "2025-02-10", ("T1218.011",)),
        (C, "2026-06-01", ("T1218.011",)),
    ],
)
def test_every_generation_of_the_schema_is_read(text: str, modified: str, techniques: tuple[str, ...]) -> None:
    rule = only(text)
    assert (rule.language, rule.type, rule.status) == ("spl", "TTP", "production")
    assert (rule.modified, rule.technique_ids) == (modified, techniques)
    assert rule.tags == ("Ours",)
    assert rule.extra["asset_type"] == "Endpoint"
    assert rule.problems == ()


def test_authors_data_sources_and_data_models_are_taken_apart() -> None:
    rule = only(A)
    assert rule.authors == ("Somebody", "Another (Team, One)")
    assert only(A.replace("Somebody, Another (Team, One)", '"A (B, C), D, A (E"')).authors == ("A (B, C)", "D", "A (E")
    assert LogSource("data_source", "Sysmon EventID 1") in rule.log_sources
    assert LogSource("data model", "Endpoint.Processes") in rule.log_sources
    assert rule.context == {"process_creation"}
    assert A.split("\n")[rule.query_line - 1].startswith("search:")


@pytest.mark.parametrize(
    ("path", "status", "lifecycle"),
    [
        ("detections/endpoint/a.yml", "production", "live"),
        ("detections/endpoint/a.yml", "experimental", "live"),
        ("detections/deprecated/a.yml", "deprecated", "deprecated"),
        ("detections/endpoint/a.yml", "deprecated", "deprecated"),
        ("removed/detections/a.yml", "removed", "retired"),
    ],
)
def test_folder_and_status_decide_what_is_live(path: str, status: str, lifecycle: str) -> None:
    assert only(A.replace("status: production", f"status: {status}"), path).lifecycle == lifecycle


def test_a_misspelt_data_source_and_an_absent_technique_are_tolerated() -> None:
    text = A.replace("data_source:", "data_sources:").replace("[T1218, T1218.011]", "None")
    rule = only(text)
    assert LogSource("data_source", "Sysmon EventID 1") in rule.log_sources
    assert rule.technique_ids == () and rule.problems == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("search: '| tstats", "search: {a: 1}\nother: '| tstats", "search"),
        ("  asset_type: Endpoint\n", "  asset_type: {a: 1}\n", "asset_type"),
        ("date: '2024-09-30'", "date: soon", "date"),
        ("name: A program starts another\n", "", "name"),
        ("T1218, ", "T12, ", "T12"),
        ("status: production", "status: 3", "status"),
        ("name: A program starts another", "name: [a]", "name"),
        ("references:\n- https://example.org/", "references: https://example.org/", "references"),
        ("- Sysmon EventID 1", "- {a: 1}", "data_source"),
        ("author: Somebody, Another (Team, One)", "author: {a: 1}", "author"),
        ("id: 5f1c9c1e-6a0b-4f43-8a4c-0e6b8a3a1b22\n", "", "has no `id`"),
    ],
)
def test_what_has_the_wrong_shape_is_a_problem_with_a_line(old: str, new: str, said: str) -> None:
    found = [problem for problem in only(A.replace(old, new)).problems if said in problem.message]
    assert found and all(problem.line for problem in found)
    assert len({problem.message for problem in found}) == len(found)


@pytest.mark.parametrize("tags", ["tags: x\n", "tags: [x]\n", "tags: 3\n"])
def test_tags_that_are_no_table_are_a_problem(tags: str) -> None:
    rule = only(HEAD + tags)
    assert [problem.message for problem in rule.problems] == ["`tags` has to be a table."]
    assert rule.technique_ids == ()


def test_a_detection_without_a_search_is_kept_with_a_problem() -> None:
    rule = only("".join(line for line in A.splitlines(True) if not line.startswith("search:")))
    assert (rule.query, rule.title) == ("", "A program starts another")
    assert any("no query" in problem.message for problem in analyse(rule).problems)


def test_many_mistakes_of_one_rule_are_cut_short() -> None:
    wrong = ", ".join(f"X{number}" for number in range(3000))
    assert len(only(A.replace("T1218, T1218.011", wrong)).problems) == MAX_PROBLEMS


def test_numbers_that_json_has_not_are_texts() -> None:
    extra = only(A.replace("risk_score: 64", "risk_score: .inf")).extra
    assert extra["risk_score"] == "inf"
    json.dumps(extra, allow_nan=False)


def test_a_file_that_is_no_detection_is_a_problem() -> None:
    reading = read("a: 1", "detections/a.yml", ReadWith())
    assert reading.documents == () and "no Splunk detection" in reading.problems[0].message


@pytest.mark.parametrize("text", ["- a\n- b", "name: [", "", "a: 1\n---\nb: 2"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text, "detections/a.yml", ReadWith())


def searching(search: str, head: str = A) -> RuleDocument:
    return only(head.replace(head.split("search: ")[1].split("\n")[0], "'" + search.replace("'", "''") + "'"))


@pytest.mark.parametrize(
    ("search", "tokens"),
    [
        ("`cloudtrail` eventName=X", {"aws"}),
        ("`O365_Management_Activity` Operation=X", {"m365"}),
        ("| from datamodel Endpoint.Registry", {"registry"}),
        ('| tstats count FROM datamodel = "Change"', {"change"}),
        ("index=main", set()),
    ],
)
def test_macros_and_data_models_tell_the_kind_of_log(search: str, tokens: set[str]) -> None:
    assert searching(search).context == tokens


def test_data_sources_tell_the_kind_of_log() -> None:
    assert context((), (), ("Linux Auditd Execve",)) == {"auditd"}


def test_source_types_are_those_of_the_search_and_of_its_macros() -> None:
    macros = {
        "ours": json.dumps({"definition": '(sourcetype="our:log" OR sourcetype=our:audit) user=*', "arguments": []}),
        "theirs": json.dumps({"definition": "sourcetype=their:log", "arguments": []}),
        "filter": json.dumps({"definition": "search *", "arguments": []}),
    }
    text = A.replace("'| tstats", "'`ours` OR sourcetype=bare OR sourcetype=any* `filter` `unknown` | tstats")
    (rule,) = read(text, "detections/endpoint/a.yml", ReadWith(macros)).documents
    assert [source.name for source in rule.log_sources if source.kind == "sourcetype"] == [
        "bare", "our:log", "our:audit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        ("search: index=a x=1\n", "search: index=a"),
        ("search: |-\n  index=a\n  | stats count\n", "  index=a"),
        ("search: >\n  index=a\n  x=1\n", "  index=a"),
        ("search:\n  'index=a x=1'\n", "  'index=a"),
        ("note: |\n  search: index=b\nsearch: index=a\n", "search: index=a"),
    ],
)
def test_the_search_begins_on_the_line_that_is_told(written: str, begins: str) -> None:
    lines = f"name: Ours\n# of ours\n{written}"
    rule = only(lines)
    assert lines.split("\n")[rule.query_line - 1].startswith(begins)


def test_macros_of_a_checkout_are_read_with_their_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "macros"
    folder.mkdir()
    (folder / "ours.yml").write_text("name: ours\ndefinition: sourcetype=ours\n")
    (folder / "both.yml").write_text("name: both\ndefinition: a=$x$ b=$y$\narguments: [x, y]\n")
    (folder / "empty.yml").write_text("name: empty\n")
    (folder / "broken.yml").write_text("name: [")
    found = read_with(tmp_path)
    assert set(found.texts) == {"ours", "both(2)"}
    assert json.loads(found.texts["both(2)"]) == {"definition": "a=$x$ b=$y$", "arguments": ["x", "y"]}
    (folder / "ours.yml").write_text("name: ours\ndefinition: sourcetype=other\n")
    assert read_with(tmp_path).digest != found.digest


@pytest.mark.corpora
def test_every_detection_of_the_corpus_is_read_whole(corpora: Path) -> None:
    root = corpora / "corpora" / "splunk"
    macros = read_with(root)
    rules = []
    for path in rule_paths(VENDOR, root):
        reading = read_file(VENDOR, root, path, macros)
        assert reading.problems == ()
        rules += reading.documents
    assert len(rules) == 1711
    assert [rule.path for rule in rules if rule.problems] == []
    for rule in rules:
        first = rule.query.split("\n")[0].strip()[:12]
        assert first in rule.text.split("\n")[rule.query_line - 1], rule.path
        assert rule.own_id and rule.title and rule.type and rule.status and rule.authors and rule.modified, rule.path
