"""Kibana's export and savedsearches.conf become texts that Elastic's and Splunk's readers read."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml

from detections.documents.problem import UnreadableError
from detections.vendors import VENDORS, kibana, savedsearches
from detections.vendors.vendor import ReadWith

RULE = {
    "id": "0d5b", "rule_id": "aaaa-1", "name": "Odd tool", "type": "query", "language": "kuery", "severity": "low",
    "risk_score": 21, "enabled": False, "created_at": "2026-01-02T03:04:05.000Z", "updated_by": "ada", "version": 3,
    "query": 'process.name : "tool.exe"\nand not user.name : "SYSTEM\\\\x"', "index": ["logs-endpoint.events.*"],
    "tags": ["OS: Windows"], "references": [], "note": None,
    "threat": [
        {
            "framework": "MITRE ATT&CK",
            "tactic": {"id": "TA0002", "name": "Execution", "reference": "x"},
            "technique": [{"id": "T1059", "name": "y", "subtechnique": [{"id": "T1059.001", "name": None}]}],
        }
    ],
    "filters": [{"query": {"match_phrase": {"event.outcome": "success"}}, "meta": {"negate": True, "alias": None}}],
}  # fmt: skip
SUMMARY = {"exported_count": 2, "exported_rules_count": 1}
CONF = """\
# ours
[default]
disabled = 0

[Odd tool]
description = Looks for a tool.
search = index=main sourcetype=WinEventLog EventCode=4688 \\
  process_name="tool.exe" \\
| stats count by host
action.correlationsearch.enabled = 1
action.correlationsearch.label = Odd tool on a host
action.correlationsearch.annotations = {"mitre_attack": ["T1059.001"]}
disabled = 1

[No search]
description = nothing

[Plain]
search = index=main user="root"
"""


def ndjson(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_a_kibana_export_is_read_as_elastic_reads_its_own() -> None:
    texts, problems = kibana.texts(ndjson(RULE, SUMMARY), "export.ndjson")
    assert problems == () and len(texts) == 1
    table = tomllib.loads(texts[0])
    assert table["metadata"] == {"creation_date": "2026/01/02", "maturity": "disabled"}
    assert table["rule"]["query"] == RULE["query"]
    assert "updated_by" not in texts[0] and "note" not in table["rule"]
    (document,) = VENDORS["elastic"].read(texts[0], "own/a.toml", ReadWith()).documents
    assert (document.own_id, document.title, document.language) == ("aaaa-1", "Odd tool", "kql")
    assert document.technique_ids == ("T1059", "T1059.001")
    assert document.side_queries[0].place == "filter"


def test_what_is_no_rule_in_an_export_is_told() -> None:
    texts, problems = kibana.texts(ndjson({"list_id": "x", "name": "Our exceptions"}, [1], {"a": 1}), "e.ndjson")
    assert texts == []
    assert [problem.line for problem in problems] == [1, 2, 3]
    assert "Our exceptions" in problems[0].message and problems[0].severity == "warning"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{"a": 1}\n{"b": ', 2, "no JSON"),
        ('{"name": "a\\u0000b", "type": "query"}', None, "NUL"),
        ("[" * 100_000, 1, "nested too deep"),
        ("1" * 5000, 1, "cannot be read"),
    ],
)
def test_an_export_that_is_none_is_refused_with_the_place(text: str, line: int | None, said: str) -> None:
    with pytest.raises(UnreadableError, match=said) as told:
        kibana.texts(text, "e.ndjson")
    assert told.value.problem.line == line


def test_saved_searches_are_read_as_splunk_reads_its_own() -> None:
    texts, problems = savedsearches.texts(CONF, "savedsearches.conf")
    assert len(texts) == 2
    assert [(problem.line, problem.severity) for problem in problems] == [(15, "warning")]
    first, second = (VENDORS["splunk"].read(text, "own/a.yml", ReadWith()).documents[0] for text in texts)
    assert (first.title, first.status, first.technique_ids) == ("Odd tool on a host", "disabled", ("T1059.001",))
    assert first.query.splitlines()[1].strip() == 'process_name="tool.exe"'
    assert (second.title, second.status) == ("Plain", "production")
    assert first.own_id != second.own_id
    again, _ = savedsearches.texts(CONF, "elsewhere.conf")
    assert yaml.safe_load(again[0])["id"] == first.own_id


def test_lines_that_are_nothing_are_told_with_their_place() -> None:
    texts, problems = savedsearches.texts(
        "nonsense\n[a]\nsearch = x=1\naction.correlationsearch.annotations = {\n", "s.conf"
    )
    assert len(texts) == 1
    assert [problem.line for problem in problems] == [1, 2]
    assert "no JSON" in problems[1].message
