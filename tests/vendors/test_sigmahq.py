"""SigmaHQ: what one file of the repository gives."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from detections.documents.document import RuleDocument
from detections.documents.problem import UnreadableError
from detections.languages.sigma.reader import read as read_sigma
from detections.languages.tree import walk
from detections.vendors.sigmahq import FOLDERS, VENDOR, read
from detections.vendors.vendor import ReadWith

ID = "0f0c5b3e-6b0a-4c47-9d0e-3f4a3c9d1e11"
RULE = f"""# A rule about lamps.
title: Red Lamp Switched On
id: {ID}
related:
  - id: 11111111-2222-4333-8444-555555555555
    type: similar
status: test
description: |
  Somebody switched a red lamp on.
references:
  - https://lamps.example/red
  - https://lamps.example/on
author: Jane Doe (Lamps, Torches), '@joe' , Jane Doe (Lamps, Torches)
date: 2024/06/22
modified: 2025-01-02
tags:
  - attack.credential_access
  - attack.defense-impairment
  - attack.t1003.001
  - attack.T1059
  - attack.g0016
  - attack.s0002
  - attack.t1003.001
  - detection.emerging-threats
logsource:
  product: Windows
  category: registry_set
  service: Sysmon
detection:
  lamp:
    Colour: red
  condition: lamp
fields: [Colour]
falsepositives:
  - Christmas
  - null
level: high
"""


def only(text: str, path: str = "rules/lamps/red.yml") -> RuleDocument:
    reading = read(text, path, ReadWith())
    assert reading.problems == ()
    (document,) = reading.documents
    return document


def fields_of(document: RuleDocument) -> list[str]:
    return [condition.field for condition, _ in walk(read_sigma(document.text, document.loaded).tree)]


def test_a_rule_says_all_that_it_says() -> None:
    document = only(RULE)
    assert (document.vendor, document.own_id, document.title) == ("sigma", ID, "Red Lamp Switched On")
    assert (document.path, document.line, document.language, document.query) == ("rules/lamps/red.yml", 1, "sigma", "")
    assert document.text == RULE
    assert document.description == "Somebody switched a red lamp on."
    assert document.authors == ("Jane Doe (Lamps, Torches)", "'@joe'")
    assert (document.licence, document.status, document.level, document.lifecycle) == (
        "",
        "test",
        "high",
        "live",
    )
    assert document.references == ("https://lamps.example/red", "https://lamps.example/on")
    assert document.false_positives == ("Christmas",)
    assert (document.created, document.modified) == ("2024-06-22", "2025-01-02")
    assert document.tags[0] == "attack.credential_access"
    assert document.technique_ids == ("T1003.001", "T1059")
    assert document.tactics == ("credential-access", "defense-impairment")
    assert [(source.kind, source.name) for source in document.log_sources] == [
        ("logsource", "Windows / registry_set / Sysmon")
    ]
    assert document.evidence == (
        ("product+service", "windows/sysmon"),
        ("product", "windows"),
        ("category", "registry_set"),
        ("service", "sysmon"),
    )
    assert document.context == {"windows", "registry_set", "sysmon", "registry"}
    assert set(document.extra) == {"logsource", "related", "fields"}
    json.dumps(document.extra)
    assert document.problems == ()
    assert fields_of(document) == ["Colour"]


@pytest.mark.parametrize(
    ("category", "family"),
    [("file_event", "file"), ("file_access", "file"), ("registry_add", "registry"), ("registry_event", "registry"),
     ("dns_query", "dns"), ("dns", "dns"), ("webserver", "web"), ("proxy", "web")],
)  # fmt: skip
def test_categories_have_families(category: str, family: str) -> None:
    assert only(RULE.replace("registry_set", category)).context == {"windows", "sysmon", category, family}


@pytest.mark.parametrize(
    ("path", "lifecycle"),
    [
        ("rules/a.yml", "live"),
        ("rules-emerging-threats/2024/a.yml", "live"),
        ("rules-of-tomorrow/a.yml", "live"),
        ("deprecated/windows/a.yml", "deprecated"),
        ("unsupported/a.yml", "unsupported"),
        ("rules/windows/deprecated/a.yml", "live"),
        ("ours/deprecated_lamps.yml", "live"),
        ("a.yml", "live"),
    ],
)
def test_the_folder_says_whether_a_rule_is_live(path: str, lifecycle: str) -> None:
    assert only(RULE, path).lifecycle == lifecycle


def test_outside_of_the_folders_the_status_says_it() -> None:
    deprecated = RULE.replace("status: test", "status: deprecated")
    assert only(deprecated, "ours/a.yml").lifecycle == "deprecated"
    assert only(deprecated, "rules/a.yml").lifecycle == "live"


def test_the_vendor_links_to_the_file() -> None:
    assert VENDOR.link("rules/a.yml#2", "abc") == "https://github.com/SigmaHQ/sigma/blob/abc/rules/a.yml"
    assert VENDOR.folders is FOLDERS


def test_a_licence_of_its_own() -> None:
    assert only(RULE + "license: CC0-1.0\n").licence == "CC0-1.0"


def test_the_documents_of_a_file_are_rules_with_places_of_their_own() -> None:
    text = RULE + "---\n" + RULE.replace(ID, "lamp-2").replace("Colour: red", "Shade: dark")
    first, second = read(text, "rules/lamps.yml", ReadWith()).documents
    assert (first.path, second.path) == ("rules/lamps.yml", "rules/lamps.yml#2")
    assert (first.line, second.line) == (1, text.split("---\n")[0].count("\n") + 2)
    assert first.text + "---\n" + second.text == text
    assert second.own_id == "lamp-2"
    assert fields_of(second) == ["Shade"]


def test_a_document_without_an_id_gets_one_from_its_place() -> None:
    text = "title: One\ndetection: {x: {A: 1}, condition: x}\n---\ntitle: Two\ndetection: {x: {A: 1}, condition: x}\n"
    first, second = read(text, "rules/a.yml", ReadWith()).documents
    assert first.own_id == str(uuid.uuid5(uuid.NAMESPACE_URL, "sigma:rules/a.yml#1"))
    assert second.own_id == str(uuid.uuid5(uuid.NAMESPACE_URL, "sigma:rules/a.yml#2"))
    assert [problem.message for problem in first.problems] == [
        "The rule has no id: one is made from its path. Give it a UUID."
    ]
    assert second.problems[0].line == 4


@pytest.mark.parametrize("own_id", ["a b", "'../etc'", "ä", '"' + "x" * 101 + '"', "'a/b'", "[1]"])
def test_an_id_that_is_no_address_is_replaced_and_said(own_id: str) -> None:
    document = only(RULE.replace(f"id: {ID}", f"id: {own_id}", 1))
    assert uuid.UUID(document.own_id).version == 5
    (problem,) = document.problems
    assert (problem.line, problem.path) == (3, "rules/lamps/red.yml")


GLOBAL = f"""action: global
title: Shared Lamps
id: {ID}
tags: [attack.t1078]
detection:
  lamp:
    Colour: red
  condition: lamp and torch
---
# the first
logsource: {{product: windows}}
detection:
  torch:
    Lit: true
---
logsource: {{product: linux}}
detection:
  torch:
    Glow: true
  broken: {{A|glows: 1}}
  condition: lamp and torch and broken
level: low
"""


def test_a_global_part_is_merged_under_each_that_follows() -> None:
    first, second = read(GLOBAL, "unsupported/lamps.yml", ReadWith()).documents
    assert (first.own_id, first.path, first.title) == (ID, "unsupported/lamps.yml", "Shared Lamps")
    assert second.own_id == str(uuid.uuid5(uuid.NAMESPACE_URL, f"sigma:{ID}#2"))
    assert (second.path, second.title, second.level) == ("unsupported/lamps.yml#2", "Shared Lamps", "low")
    assert (first.technique_ids, second.technique_ids) == (("T1078",), ("T1078",))
    assert (fields_of(first), fields_of(second)) == (["Colour", "Lit"], ["Colour", "Glow"])
    assert (first.evidence, second.evidence) == ((("product", "windows"),), (("product", "linux"),))


def test_the_text_of_a_merged_rule_reads_the_same_and_keeps_the_lines_of_the_file() -> None:
    lines = GLOBAL.split("\n")
    for document in read(GLOBAL, "unsupported/lamps.yml", ReadWith()).documents:
        reading = read_sigma(document.text, document.loaded)
        assert read_sigma(document.text) == reading
        for condition, _ in walk(reading.tree):
            written = document.text[condition.start : condition.end]
            assert written.startswith(condition.field)
            line = document.text.count("\n", 0, condition.start)
            assert written in lines[document.line - 1 + line]
    assert "Lit" not in document.text
    assert [problem.line for problem in reading.problems] == [20]


def test_a_part_with_an_id_keeps_it() -> None:
    text = GLOBAL.replace("# the first", "id: torch-1")
    first, _ = read(text, "a.yml", ReadWith()).documents
    assert first.own_id == "torch-1"


def test_a_reset_ends_a_global_part() -> None:
    text = "action: global\nid: x\n---\naction: reset\n---\ntitle: A\nid: b\ndetection: {x: {A: 1}, condition: x}\n"
    (document,) = read(text, "a.yml", ReadWith()).documents
    assert (document.own_id, document.path) == ("b", "a.yml")


def test_too_many_parts_under_one_global_are_refused() -> None:
    text = "action: global\ntitle: x\n" + "---\ndetection: {x: {A: 1}, condition: x}\n" * 150
    with pytest.raises(UnreadableError) as caught:
        read(text, "a.yml", ReadWith())
    assert (caught.value.problem.path, caught.value.problem.line) == ("a.yml", 204)


@pytest.mark.parametrize("kind", ["correlation", "filter"])
def test_correlations_and_filters_are_kept_as_rules(kind: str) -> None:
    document = only(f"title: Many\nid: many-lamps\n{kind}:\n  rules: [lamp]\n  from: 2024-01-01\n")
    assert (document.type, document.own_id) == (kind, "many-lamps")
    assert document.extra[kind] == {"rules": ["lamp"], "from": "2024-01-01"}
    reading = read_sigma(document.text, document.loaded)
    assert (reading.parse, reading.tree, reading.problems[0].severity) == ("none", None, "note")


def test_what_is_no_rule_is_a_problem_with_its_line() -> None:
    text = "lamps: [red]\n---\n- 1\n---\n" + RULE
    reading = read(text, "rules/lamps.yml", ReadWith())
    assert [(problem.path, problem.line) for problem in reading.problems] == [
        ("rules/lamps.yml", 1),
        ("rules/lamps.yml", 3),
    ]
    assert [(document.own_id, document.path) for document in reading.documents] == [(ID, "rules/lamps.yml#3")]


def test_an_empty_file_is_a_problem() -> None:
    reading = read("# nothing\n", "rules/lamps.yml", ReadWith())
    assert reading.documents == ()
    assert "holds no rule" in reading.problems[0].message


def test_broken_yaml_is_refused_with_path_and_line() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(RULE + "level: : :\n", "rules/lamps.yml", ReadWith())
    assert caught.value.problem.path == "rules/lamps.yml"
    assert caught.value.problem.line == RULE.count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("title: Red Lamp Switched On", "title: [a]", "`title` has to be a text."),
        ("status: test", "status: shiny", "Sigma does not know the status 'shiny'"),
        ("level: high", "level: 11", "Sigma does not know the level '11'"),
        ("date: 2024/06/22", "date: yesterday", "`date` is no date"),
        ("date: 2024/06/22", "date: 2024/13/45", "`date` is no date"),
        ("fields: [Colour]", "license: {a: b}", "`license` has to be a text."),
        ("  - Christmas", "  - {a: b}", "`falsepositives` has to be a list of texts"),
    ],
)
def test_metadata_of_the_wrong_shape_is_a_warning_at_its_line(before: str, after: str, message: str) -> None:
    text = RULE.replace(before, after, 1)
    document = only(text)
    problem = document.problems[0]
    assert problem.message.startswith(message)
    assert problem.severity == "warning"
    assert text.split("\n")[(problem.line or 0) - 1].startswith(message.split("`")[1] if "`" in message else after)
    assert fields_of(document) == ["Colour"]


def test_a_rule_without_a_title_has_its_files_name() -> None:
    document = only(RULE.replace("title: Red Lamp Switched On\n", ""))
    assert document.title == "red"
    assert document.problems[0].message.startswith("The rule has no title")


@pytest.mark.parametrize(
    ("written", "iso"),
    [("2024-06-22", "2024-06-22"), ("2024/6/2", "2024-06-02"), ("'2024-06-22'", "2024-06-22"), ("''", ""),
     ("2024-06-22T10:00:00Z", "2024-06-22"), ("null", "")],
)  # fmt: skip
def test_dates_are_iso(written: str, iso: str) -> None:
    assert only(RULE.replace("2024/06/22", written)).created == iso


@pytest.mark.corpora
def test_the_public_repository_is_read_whole(corpora: Path) -> None:
    root = corpora / "corpora" / "sigma"
    ids: dict[str, str] = {}
    lifecycles: dict[str, int] = {}
    for file in sorted(root.rglob("*.yml")):
        path = file.relative_to(root).as_posix()
        reading = read(file.read_text("utf-8"), path, ReadWith())
        assert reading.problems == ()
        assert reading.documents
        for document in reading.documents:
            assert document.own_id not in ids
            ids[document.own_id] = document.path
            lifecycles[document.lifecycle] = lifecycles.get(document.lifecycle, 0) + 1
            if document.lifecycle == "live":
                assert document.problems == ()
                assert document.evidence
                assert document.created
    assert lifecycles["live"] >= 3779
    assert len(ids) == sum(lifecycles.values())
