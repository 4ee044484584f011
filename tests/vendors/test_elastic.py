"""Elastic's TOML to rule documents, and what is said about files that are none."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from detections.analysis.analysis import analyse
from detections.documents.document import LogSource, RuleDocument
from detections.documents.problem import UnreadableError
from detections.vendors.checkout import read_file, rule_paths
from detections.vendors.elastic import VENDOR, context, read
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
    assert rule.log_sources == (
        LogSource("integration", "aws"), LogSource("index", "filebeat-*"), LogSource("dataset", "aws.cloudtrail"),
    )  # fmt: skip
    assert "aws" in rule.context
    assert rule.problems == ()


def test_the_query_begins_on_the_line_that_is_told() -> None:
    rule = only(RULE)
    assert RULE.split("\n")[rule.query_line - 1].startswith("event.dataset")
    assert rule.query.startswith("event.dataset")


HEAD, REST = RULE.split('query = """')[0], RULE[RULE.index("[[rule.threat]]") :]


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        ("query = 'a: 1'", "query = 'a: 1'"),
        ('query = "a: \\"1\\""', "query ="),
        ("query = '''\na: 1'''", "a: 1"),
        ('"query" = """a: 1\n  and b: 2"""', '"query" ='),
        ('query = """\nc:"x\\\\\\\\y"\n"""', 'c:"x'),
        ('note = """\nquery = "z: 1"\n"""\nquery = """\na: 1\n"""', "a: 1"),
        ('query_of = "a: 1"\nquery = """\n\na: 1\n"""', ""),
    ],
)
def test_the_line_is_found_whatever_the_kind_of_string(written: str, begins: str) -> None:
    text = f"{HEAD}{written}\n{REST}"
    rule = only(text)
    line = text.split("\n")[rule.query_line - 1]
    assert line.startswith(begins) and bool(line) == bool(begins)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("from logs-a.b-* metadata _id | where x == 1", [("dataset", "a.b")]),
        ("// from logs-no.no-*\n/* nor | this */ FROM logs-a.b-*,\n  other-*  // both\n| limit 1",
         [("dataset", "a.b"), ("index", "other-*")]),
        ('from "logs-a*", metrics-x.y-default', [("index", "logs-a*"), ("index", "metrics-x.y-default")]),
        ("row a = 1", []),
        ("// nothing " * 2000, []),
    ],
)  # fmt: skip
def test_an_esql_query_names_its_indices(query: str, names: list[tuple[str, str]]) -> None:
    text = re.sub(r"(?m)^(index|integration) = .*\n", "", HEAD).replace('"query"', '"esql"')
    rule = only(f'{text}query = """\n{query.replace(chr(34), chr(92) + chr(34))}"""\n{REST}')
    assert [(source.kind, source.name) for source in rule.log_sources] == names


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


def test_what_filters_the_threat_indicators_is_asked_of_them_with_their_query() -> None:
    filters = """
[[rule.threat_filters]]
[rule.threat_filters.meta]
disabled = false
negate = true
[rule.threat_filters.query.match_phrase]
"threat.feed.name" = "Ours"
"""
    text = RULE.replace('type = "query"', 'type = "threat_match"\nthreat_query = "threat.indicator.ip: *"') + filters
    rule = only(text)
    assert [(side.place, side.language) for side in rule.side_queries] == [
        ("threat_query", "kql"), ("threat_query", "dsl"),
    ]  # fmt: skip
    assert text.splitlines()[rule.side_queries[1].line - 1] == "[[rule.threat_filters]]"
    analysis = analyse(rule)
    asked = [one for one in analysis.predicates if one.place == "threat_query"]
    found = [(one.condition.field, one.value, one.negated) for one in asked]
    assert found == [("threat.indicator.ip", "", False), ("threat.feed.name", "Ours", True)]
    assert analysis.parse == "full" and all(one.counted for one in asked)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]', "tags = {a = 1}", "tags"),
        ('tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]', 'tags = "x"', "tags"),
        ('tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]', "tags = 3", "tags"),
        ('tags = ["Domain: Cloud", "Data Source: AWS", "Use Case: Audit"]', "tags = ['x', 3]", "tags"),
        ('index = ["filebeat-*", "logs-aws.cloudtrail-*"]', 'index = "filebeat-*"', "index"),
        ('description = "Ours."', "description = true", "description"),
        ('maturity = "production"', "maturity = 3", "maturity"),
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
    assert (only(head).technique_ids, only(head).problems) == ((), ())
    for wrong in ("3", '"T1059"', "{technique = 3}", '["T1059"]'):
        rule = only(head.replace("[rule]", f"[rule]\nthreat = {wrong}"))
        assert rule.technique_ids == ()
        assert [problem.message for problem in rule.problems] == ["`threat` has to be a list of tables."]


def test_a_wrong_technique_id_is_shown_where_it_stands() -> None:
    text = RULE.replace('id = "T1578.001"', 'id = "T15"')
    (problem,) = only(text).problems
    assert text.split("\n")[(problem.line or 0) - 1] == 'id = "T15"'
    assert only(text).technique_ids == ("T1578",)


def test_ids_are_upper_cased_once_and_in_order() -> None:
    text = RULE + '[[rule.threat]]\n[[rule.threat.technique]]\nid = "t1059"\n[[rule.threat.technique]]\nid = "T1578"\n'
    assert only(text).technique_ids == ("T1578", "T1578.001", "T1059")


@pytest.mark.parametrize("query", ["", 'query = " "\n', "query = 3\n", 'query = ["a: 1"]\n'])
def test_a_rule_without_a_query_is_kept_with_a_problem(query: str) -> None:
    rule = only(HEAD + query + REST)
    assert (rule.query.strip(), rule.title) == ("", "A snapshot was made")
    assert any("query" in problem.message for problem in analyse(rule).problems)


def test_a_rule_without_metadata_is_read() -> None:
    rule = only("[rule]" + RULE.split("[rule]")[1])
    assert (rule.status, rule.created, rule.modified, rule.lifecycle) == ("", "", "", "live")
    assert rule.own_id == "0b7a1f5c-91d4-4a43-9a4a-2f0a5a5b7d11"


def test_the_id_of_a_rule_without_one_follows_its_path() -> None:
    text = RULE.replace('rule_id = "0b7a1f5c-91d4-4a43-9a4a-2f0a5a5b7d11"\n', "")
    here, again, there = only(text), only(text), only(text, "rules/aws/b.toml")
    assert here.own_id == again.own_id != there.own_id


def test_a_long_file_with_a_mistake_is_read_at_once() -> None:
    # Searches for keys and lines are linear: the square of this length would not end.
    text = "\n" * 200_000 + RULE.replace('severity = "low"', "severity = 3")
    rule = only(text)
    assert text.split("\n")[rule.query_line - 1].startswith("event.dataset")
    assert (rule.problems[0].line or 0) > 200_000


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


@pytest.mark.corpora
def test_every_rule_of_the_corpus_is_read_as_its_label_says(corpora: Path) -> None:
    root = corpora / "corpora" / "elastic"
    rules = {}
    for path in rule_paths(VENDOR, root):
        reading = read_file(VENDOR, root, path, ReadWith())
        assert reading.problems == ()
        (rules[path],) = reading.documents
    assert len(rules) == 2189
    assert [path for path, rule in rules.items() if rule.problems] == []
    labels = [
        json.loads(line)
        for name in ("elastic_eql", "elastic_kql")
        for line in gzip.decompress((corpora / "labels" / f"{name}.jsonl.gz").read_bytes()).splitlines()
    ]
    compared = [label for label in labels if label["path"] in rules]
    assert len(compared) >= 1740
    for label in compared:
        rule = rules[label["path"]]
        said = {
            "id": rule.own_id, "title": rule.title, "status": rule.status, "level": rule.level, "type": rule.type,
            "language": {"kql": "kuery"}.get(rule.language, rule.language), "index": rule.extra.get("index", []),
            "tags": list(rule.tags), "techniques": sorted(rule.technique_ids),
        }  # fmt: skip
        # Labels hold no order of techniques, and null where a rule names a data view in place of an index.
        assert said == {key: label[key] or ([] if key == "index" else label[key]) for key in said}, rule.path
    for path, rule in rules.items():
        first = re.split(r"[\\\"']", rule.query.split("\n")[0].strip(), maxsplit=1)[0]
        assert first in rule.text.split("\n")[rule.query_line - 1], path
