"""Elastic's TOML to rule documents, and what is said about files that are none."""

from __future__ import annotations

import pytest

from detections.documents.document import LogSource, RuleDocument
from detections.documents.problem import UnreadableError
from detections.vendors.elastic import context, read
from detections.vendors.vendor import ReadWith

RULE = '''
[metadata]
creation_date = "2024/06/22"
integration = ["aws"]
maturity = "production"
updated_date = "2024/07/01"

[rule]
author = ["Somebody", "Another"]
description = "Ours."
false_positives = ["Backups."]
index = ["filebeat-*", "logs-aws.cloudtrail-*"]
language = "kuery"
license = "Apache-2.0"
name = "A snapshot was made"
references = ["https://example.org/"]
risk_score = 21
rule_id = "0b7a1f5c-91d4-4a43-9a4a-2f0a5a5b7d11"
severity = "low"
tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]
type = "query"
query = """
event.dataset: "aws.cloudtrail"
  and event.action: "CreateSnapshot"
"""

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1578"
name = "x"
[[rule.threat.technique.subtechnique]]
id = "T1578.001"
name = "y"
[rule.threat.tactic]
id = "TA0005"
name = "Defense Evasion"
'''


def only(text: str, path: str = "rules/aws/a.toml") -> RuleDocument:
    (document,) = read(text, path, ReadWith()).documents
    return document


def test_a_rule_keeps_all_that_its_file_says() -> None:
    rule = only(RULE)
    assert (rule.own_id, rule.title) == ("0b7a1f5c-91d4-4a43-9a4a-2f0a5a5b7d11", "A snapshot was made")
    assert (rule.language, rule.type, rule.status, rule.level) == ("kql", "query", "production", "low")
    assert (rule.created, rule.modified, rule.licence) == ("2024-06-22", "2024-07-01", "Apache-2.0")
    assert rule.authors == ("Somebody", "Another")
    assert rule.technique_ids == ("T1578", "T1578.001")
    assert rule.tactics == ("defense-evasion",)
    assert rule.false_positives == ("Backups.",)
    assert rule.evidence[:2] == (("tag Domain", "cloud"), ("tag Data Source", "aws"))
    assert LogSource("integration", "aws") in rule.log_sources
    assert "aws" in rule.context
    assert rule.problems == ()


def test_the_query_begins_on_the_line_that_is_told() -> None:
    rule = only(RULE)
    assert RULE.split("\n")[rule.query_line - 1].startswith("event.dataset")
    assert rule.query.startswith("event.dataset")


@pytest.mark.parametrize(
    ("path", "maturity", "lifecycle"),
    [
        ("rules/aws/a.toml", "production", "live"),
        ("rules_building_block/a.toml", "production", "live"),
        ("rules/_deprecated/a.toml", "production", "deprecated"),
        ("rules/aws/a.toml", "deprecated", "deprecated"),
        ("rules/aws/not_deprecated_at_all.toml", "production", "live"),
    ],
)
def test_folder_and_status_decide_what_is_live(path: str, maturity: str, lifecycle: str) -> None:
    text = RULE.replace('maturity = "production"', f'maturity = "{maturity}"')
    assert only(text, path).lifecycle == lifecycle


@pytest.mark.parametrize(
    ("type_", "language", "read_as"),
    [
        ("eql", "eql", "eql"), ("esql", "esql", "esql"), ("threshold", "kuery", "kql"), ("new_terms", "kuery", "kql"),
        ("query", "lucene", "lucene"),
    ],
)  # fmt: skip
def test_type_and_language_tell_how_a_query_is_read(type_: str, language: str, read_as: str) -> None:
    text = RULE.replace('type = "query"', f'type = "{type_}"').replace('"kuery"', f'"{language}"')
    assert only(text).language == read_as


def test_a_machine_learning_rule_has_no_query() -> None:
    text = RULE.replace('type = "query"', 'type = "machine_learning"\nmachine_learning_job_id = ["our_job"]')
    rule = only(text)
    assert (rule.language, rule.query) == ("none", "")
    assert rule.extra["machine_learning_job_id"] == ["our_job"]


def test_a_threat_query_stands_beside_the_query() -> None:
    text = RULE.replace('type = "query"', 'type = "threat_match"\nthreat_query = "threat.indicator.ip: *"')
    (side,) = only(text).side_queries
    assert (side.place, side.language, side.text) == ("threat_query", "kql", "threat.indicator.ip: *")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]', "tags = {a = 1}", "tags"),
        ('severity = "low"', 'severity = ["low"]', "severity"),
        ('creation_date = "2024/06/22"', 'creation_date = "soon"', "creation_date"),
        ('id = "T1578.001"', 'id = "T15"', "T15"),
        ('type = "query"', 'type = "wish"', "wish"),
        ('name = "A snapshot was made"', "", "name"),
        ('rule_id = "0b7a1f5c-91d4-4a43-9a4a-2f0a5a5b7d11"', 'rule_id = "no good id"', "id"),
    ],
)
def test_what_has_the_wrong_shape_is_a_problem_with_a_line(old: str, new: str, said: str) -> None:
    text = RULE.replace(old, new)
    rule = only(text)
    (problem,) = [problem for problem in rule.problems if said in problem.message]
    assert problem.line is not None and problem.path == "rules/aws/a.toml"


def test_a_rule_without_a_threat_list_of_the_right_shape_has_no_techniques() -> None:
    head = RULE.split("[[rule.threat]]")[0]
    assert only(head).technique_ids == ()
    assert only(head.replace("[rule]", "[rule]\nthreat = 3")).technique_ids == ()


@pytest.mark.parametrize("text", ["", "a = 1", "rule = 3"])
def test_a_file_that_is_no_rule_is_a_problem(text: str) -> None:
    reading = read(text, "rules/a.toml", ReadWith())
    assert reading.documents == () and "no Elastic rule" in reading.problems[0].message


@pytest.mark.parametrize(
    ("text", "line"), [("[rule\nname = 1", 1), ('[rule]\nname = "x', 2), ("a = " + "[" * 3000, None)]
)
def test_broken_toml_is_refused_with_its_place(text: str, line: int | None) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(text, "rules/a.toml", ReadWith())
    assert caught.value.problem.path == "rules/a.toml"
    assert line is None or caught.value.problem.line == line


def test_data_sets_and_integrations_give_the_context() -> None:
    assert context(("logs-o365.audit-*",), ()) == {"m365"}
    assert context((), ("google_workspace", "endpoint")) == {"gworkspace"}
