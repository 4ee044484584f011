"""The starter corpus: complete, readable, our own, and worth looking at."""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from detections.analysis.rows import RuleRow
from detections.attack.bundle import read_bundle
from detections.attack.facts import bundle_facts, read_facts
from detections.attack.technique import Bundle
from detections.documents.document import FileReading, RuleDocument
from detections.importing.first_catalog import STARTER
from detections.languages import READERS
from detections.languages.spl import reader as spl
from detections.languages.tree import walk
from detections.vendors import VENDORS
from tests.starter.conftest import read_checkout

AUTHOR = "Fieldguide starter corpus"
CALL = re.compile(r"`(\w+)(?:\([^`]*\))?`")


@pytest.fixture(scope="module")
def facts() -> Bundle:
    return read_facts((STARTER / "attack.json").read_text())


def test_every_file_gives_one_rule_without_a_problem(readings: list[FileReading]) -> None:
    assert [reading.path for reading in readings if len(reading.documents) != 1] == []
    said = [*(str(problem) for reading in readings for problem in reading.problems)]
    said += [str(problem) for reading in readings for document in reading.documents for problem in document.problems]
    assert said == []


def test_every_macro_file_is_read() -> None:
    """A macro file that cannot be read would only be an undefined macro, which nobody sees."""
    macros = VENDORS["splunk"].read_with(STARTER / "splunk").texts
    names = {name.split("(")[0] for name in macros}
    assert names == {file.stem for file in (STARTER / "splunk" / "macros").glob("*.yml")}
    called = {
        name for file in (STARTER / "splunk" / "detections").rglob("*.yml") for name in CALL.findall(file.read_text())
    }
    assert names <= called
    assert {name for name in called - names if not name.endswith("_filter")} == set()


def test_the_corpus_is_as_large_as_a_first_look_needs(documents: list[RuleDocument]) -> None:
    live = [document for document in documents if document.lifecycle == "live"]
    assert len(live) >= 48
    assert len({name for document in live for name in document.technique_ids}) >= 28
    assert {document.language for document in live} == {"sigma", "kql", "eql", "esql", "spl", "none"}
    assert {document.type for document in live if document.vendor == "elastic"} == {
        "query", "eql", "esql", "threshold", "new_terms", "threat_match", "machine_learning",
    }  # fmt: skip
    gone = Counter(document.vendor for document in documents if document.lifecycle == "deprecated")
    assert gone == dict.fromkeys(VENDORS, 1)
    assert any(document.path.startswith("rules_building_block/") for document in live)


def test_both_ends_of_splunks_schema_are_there(documents: list[RuleDocument]) -> None:
    splunk = [document for document in documents if document.vendor == "splunk"]
    oldest = [document for document in splunk if "observable" in document.extra]
    newest = [document for document in splunk if {"finding", "intermediate_findings"} & document.extra.keys()]
    assert len(oldest) >= 5 and len(newest) >= 5
    assert len(oldest) + len(newest) == len(splunk)


def test_rules_are_marked_as_our_own(documents: list[RuleDocument]) -> None:
    assert {document.authors for document in documents} == {(AUTHOR,)}
    # Splunk's format has no place for a licence: there the source's own holds.
    assert {(document.vendor, document.licence) for document in documents} == {
        ("sigma", "Apache-2.0"), ("elastic", "Apache-2.0"), ("splunk", ""),
    }  # fmt: skip
    assert {uuid.UUID(document.own_id).version for document in documents} == {4}
    assert len({document.own_id for document in documents}) == len(documents)
    assert len({document.title.casefold() for document in documents}) == len(documents)


def test_every_rule_is_complete(documents: list[RuleDocument], rows: dict[str, list[RuleRow]]) -> None:
    for document in documents:
        held = (document.description, document.false_positives, document.references, document.technique_ids)
        assert all((*held, document.created or document.modified, document.log_sources)), document.path
    for row in (row for of_vendor in rows.values() for row in of_vendor):
        assert row.platforms and row.domains, row.values["path"]


def test_every_rule_in_a_language_that_is_read_is_read_in_full(rows: dict[str, list[RuleRow]]) -> None:
    for row in (row for of_vendor in rows.values() for row in of_vendor if row.values["language"] in READERS):
        assert (row.values["parse"], row.text["problems"]) == ("full", "[]"), row.values["path"]
        assert row.indicators, row.values["path"]


def test_splunks_searches_are_read_in_full_with_the_macros_beside_them(documents: list[RuleDocument]) -> None:
    vendor = VENDORS["splunk"]
    macros = vendor.read_with(STARTER / "splunk").texts
    for document in (document for document in documents if document.vendor == "splunk"):
        reading = spl.read(document.query, macros)
        assert (reading.parse, reading.problems) == ("full", ()), document.path
        assert "_macro" not in {condition.field for condition, _ in walk(reading.tree)}, document.path


def test_most_rules_exclude_something(rows: dict[str, list[RuleRow]]) -> None:
    read = [row for of_vendor in rows.values() for row in of_vendor if row.values["parse"] == "full"]
    assert sum(any(indicator.excluded for indicator in row.indicators) for row in read) > len(read) * 0.7


def test_the_operators_of_rules_are_shown(rows: dict[str, list[RuleRow]]) -> None:
    used = {field.operator for of_vendor in rows.values() for row in of_vendor for field in row.fields}
    assert used >= {
        "eq",
        "in",
        "wildcard",
        "startswith",
        "endswith",
        "contains",
        "regex_match",
        "cidr",
        "exists",
        "match",
    }
    sigma = "".join(path.read_text() for path in (STARTER / "sigma").rglob("*.yml"))
    assert all(
        modifier in sigma for modifier in ("|base64offset", "|wide", "|windash", "|cidr", "|re:", "|contains|all")
    )


def test_techniques_are_known_to_the_table(documents: list[RuleDocument], facts: Bundle) -> None:
    known = {technique.attack_id: technique for technique in facts.techniques}
    tagged = {name for document in documents for name in document.technique_ids}
    assert tagged - known.keys() == set()
    assert {known[name].successor for name in tagged if known[name].revoked} >= {"T1685", "T1685.002", "T1685.005"}


def test_tactics_and_names_are_those_of_the_techniques(documents: list[RuleDocument], facts: Bundle) -> None:
    """A revoked id is held against its successor: its own tactics may be gone from the matrix."""
    known = {technique.attack_id: technique for technique in facts.techniques}
    names = {row.attack_id: row.name for row in (*facts.tactics, *facts.techniques)}
    for document in documents:
        if not document.tactics:  # Splunk names none
            assert document.vendor == "splunk"
            continue
        written = {name.lower().replace(" ", "-").replace("_", "-") for name in document.tactics}
        rows = [known[known[name].successor or name] for name in document.technique_ids]
        assert all(written & set(row.tactics) for row in rows), document.path
        assert written <= {name for row in rows for name in row.tactics}, document.path
    for file in (STARTER / "elastic").rglob("*.toml"):
        for threat in tomllib.loads(file.read_text())["rule"]["threat"]:
            below = [row for technique in threat["technique"] for row in technique.get("subtechnique", [])]
            for row in (threat["tactic"], *threat["technique"], *below):
                assert row["name"] == names[row["id"]], (file.name, row["id"])


def test_the_reference_technique_is_seen_by_three_vendors(rows: dict[str, list[RuleRow]]) -> None:
    found = {
        slug: [row for row in of_vendor if "T1578.001" in row.techniques] for slug, of_vendor in rows.items()
    }  # fmt: skip
    assert {slug: len(held) for slug, held in found.items()} == {"sigma": 1, "elastic": 1, "splunk": 1}
    (rule,) = found["elastic"]
    tests = {(row.field, row.operator, row.value) for row in rule.indicators if not row.excluded}
    assert tests >= {
        ("event.dataset", "eq", "aws.cloudtrail"),
        ("event.outcome", "eq", "success"),
        ("Provider_Name", "eq", "rds.amazonaws.com"),
        ("EventType", "in", "CreateDBSnapshot"),
    }
    assert {row.field for row in rule.indicators if row.excluded} == {"userIdentity.invokedBy"}


@pytest.mark.parametrize(
    "technique", ["T1003.001", "T1053.005", "T1059.001", "T1105", "T1218.011", "T1490", "T1547.001", "T1566.001"]
)
def test_names_and_values_of_the_vendors_meet(rows: dict[str, list[RuleRow]], technique: str) -> None:
    """At least one test of a field and a value is the same for every vendor whose language is read."""
    shared: dict[str, set[str]] = defaultdict(set)
    for slug, of_vendor in rows.items():
        live = [row for row in of_vendor if technique in row.techniques and row.values["lifecycle"] == "live"]
        assert live, (technique, slug)
        for row in live:
            for indicator in row.indicators:
                if indicator.equivalence and not indicator.excluded:
                    shared[indicator.equivalence].add(slug)
    read = {slug for slug, of_vendor in rows.items() if any(row.values["parse"] == "full" for row in of_vendor)}
    assert read >= {"sigma", "elastic"}
    assert [key for key, slugs in shared.items() if slugs == read]


def test_the_table_of_attack_holds_facts_and_no_descriptions(facts: Bundle) -> None:
    text = (STARTER / "attack.json").read_text()
    keys = {key for row in json.loads(text)["techniques"] for key in row}
    assert keys == {"id", "name", "tactics", "platforms", "parent", "revoked", "deprecated", "successor"}
    assert facts.version.startswith("19")
    assert (len(facts.tactics), len(facts.techniques)) == (15, 858)
    assert bundle_facts(facts) == text
    assert sum(line.startswith('{"id":"T') for line in text.splitlines()) == 873


@pytest.mark.corpora
def test_the_table_of_attack_says_what_the_bundle_says(corpora: Path) -> None:
    path = corpora / "attack" / "enterprise-attack-19.json"
    assert bundle_facts(read_bundle(path.read_text(), str(path))) == (STARTER / "attack.json").read_text()


@pytest.mark.corpora
def test_no_title_and_no_query_is_a_vendors(corpora: Path, documents: list[RuleDocument]) -> None:
    titles, queries, ids = set(), set(), set()
    for slug in VENDORS:
        for reading in read_checkout(slug, corpora / "corpora" / slug):
            for document in reading.documents:
                titles.add(folded(document.title))
                queries.add(folded(logic(document)))
                ids.add(document.own_id)
    assert len(queries) > 7000
    assert [document.path for document in documents if folded(document.title) in titles] == []
    assert [document.path for document in documents if logic(document) and folded(logic(document)) in queries] == []
    assert [document.path for document in documents if document.own_id in ids] == []


def logic(document: RuleDocument) -> str:
    """The query, or for Sigma the text of the rule's detection."""
    if document.language != "sigma":
        return document.query
    lines = iter(document.text.splitlines())
    for line in lines:
        if line.startswith("detection:"):
            break
    kept = []
    for line in lines:
        if line[:1] not in ("", " ", "#", "-"):
            break
        kept.append(line)
    return "\n".join(kept)


def folded(text: str) -> str:
    """A text without regard to letter case and layout."""
    return "".join(text.casefold().split())
