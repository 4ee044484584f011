"""ATT&CK bundles: what is read, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from detections.attack.bundle import read_bundle
from detections.attack.facts import bundle_facts, is_facts, read_facts
from detections.attack.technique import end_of_chain
from detections.documents.problem import UnreadableError


def pattern(attack_id: str, name: str, **values: Any) -> dict[str, Any]:
    return {
        "type": "attack-pattern",
        "id": f"attack-pattern--{attack_id}",
        "name": name,
        "external_references": [
            {"source_name": "mitre-attack", "external_id": attack_id, "url": f"https://example.org/{attack_id}"},
            {"source_name": "A source", "description": "What it is.", "url": "https://example.org/a"},
        ],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "second"}],
        "x_mitre_platforms": ["Windows"],
        **values,
    }


def relation(kind: str, source: str, target: str) -> dict[str, Any]:
    return {
        "type": "relationship",
        "relationship_type": kind,
        "source_ref": f"attack-pattern--{source}",
        "target_ref": f"attack-pattern--{target}",
    }


def tactic(attack_id: str, shortname: str) -> dict[str, Any]:
    return {
        "type": "x-mitre-tactic",
        "id": f"x-mitre-tactic--{shortname}",
        "name": shortname.title(),
        "x_mitre_shortname": shortname,
        "external_references": [{"source_name": "mitre-attack", "external_id": attack_id}],
    }


def bundle(*objects: dict[str, Any], **values: Any) -> str:
    matrix = {"type": "x-mitre-matrix", "tactic_refs": ["x-mitre-tactic--first", "x-mitre-tactic--second"]}
    tactics = [tactic("TA0002", "second"), tactic("TA0001", "first")]
    return json.dumps({"type": "bundle", "objects": [*tactics, matrix, *objects], **values})


SMALL = bundle(
    pattern("T1001", "Top", kill_chain_phases=[
        {"kill_chain_name": "mitre-attack", "phase_name": name} for name in ("second", "first")
    ]),
    pattern("T1001.001", "Below", x_mitre_is_subtechnique=True),
    pattern("T1002", "Old", revoked=True),
    pattern("T1003", "Newer", revoked=True),
    pattern("T1004", "Given up", x_mitre_deprecated=True),
    relation("subtechnique-of", "T1001.001", "T1001"),
    relation("revoked-by", "T1002", "T1003"),
    relation("revoked-by", "T1003", "T1001"),
    spec_version="2.0",
)  # fmt: skip


def test_tactics_stand_in_matrix_order() -> None:
    assert [row.shortname for row in read_bundle(SMALL).tactics] == ["first", "second"]


def test_techniques_know_parent_tactics_and_last_successor() -> None:
    rows = {row.attack_id: row for row in read_bundle(SMALL).techniques}
    assert rows["T1001"].tactics == ("first", "second")
    assert (rows["T1001.001"].parent, rows["T1001.001"].is_subtechnique) == ("T1001", True)
    assert (rows["T1002"].revoked, rows["T1002"].successor) == (True, "T1001")
    assert (rows["T1004"].deprecated, rows["T1004"].successor) == (True, "")
    assert rows["T1001"].citations == {"A source": ("What it is.", "https://example.org/a")}


def test_a_circle_of_revocations_has_no_end() -> None:
    assert end_of_chain("a", {"a": "b", "b": "c", "c": "a"}) == ""
    assert end_of_chain("a", {"a": "b"}) == "b"


def test_the_version_is_told_by_the_collection_or_the_files_name() -> None:
    assert read_bundle(SMALL, "x/enterprise-attack-18.1.json").version == "18.1"
    assert read_bundle(SMALL, "x/enterprise-attack.json").version == ""
    collection = {"type": "x-mitre-collection", "x_mitre_version": "19.0"}
    assert read_bundle(bundle(pattern("T1001", "Top"), collection)).version == "19"
    assert (read_bundle(SMALL).spec, read_bundle(bundle(pattern("T1001", "Top"))).spec) == ("2.0", "2.1")


def test_techniques_of_other_domains_are_left_out() -> None:
    text = bundle(pattern("T1001", "Top"), pattern("T1400", "Phone", x_mitre_domains=["mobile-attack"]))
    assert [row.attack_id for row in read_bundle(text).techniques] == ["T1001"]


def test_tactics_and_matrices_of_other_domains_are_left_out() -> None:
    phone = tactic("TA0100", "phone") | {"x_mitre_domains": ["mobile-attack"]}
    plant = tactic("TA0101", "plant")
    plant["external_references"][0]["source_name"] = "mitre-ics-attack"
    matrix = {
        "type": "x-mitre-matrix", "tactic_refs": [phone["id"], "x-mitre-tactic--second"],
        "x_mitre_domains": ["mobile-attack"],
    }  # fmt: skip
    text = json.dumps({"type": "bundle", "objects": [matrix, phone, plant, *json.loads(SMALL)["objects"]]})
    assert [row.shortname for row in read_bundle(text).tactics] == ["first", "second"]


def test_the_collection_of_enterprise_tells_the_version() -> None:
    collections = [
        {"type": "x-mitre-collection", "name": name, "x_mitre_version": version}
        for name, version in (("Mobile ATT&CK", "7.0"), ("Enterprise ATT&CK", "19.2"))
    ]
    assert read_bundle(bundle(pattern("T1001", "Top"), *collections)).version == "19.2"


def test_a_sub_technique_without_a_relation_has_the_parent_of_its_id() -> None:
    rows = {
        row.attack_id: row for row in read_bundle(bundle(pattern("T1001", "A"), pattern("T1001.002", "B"))).techniques
    }
    assert (rows["T1001.002"].parent, rows["T1001"].parent) == ("T1001", "")


def test_of_two_objects_with_one_id_the_one_in_force_counts() -> None:
    old = pattern("T1001", "Old", revoked=True) | {"id": "attack-pattern--0"}
    read = read_bundle(bundle(old, pattern("T1001", "New")))
    assert [(row.name, row.revoked) for row in read.techniques] == [("New", False)]
    assert [problem.message[:12] for problem in read.problems] == ["T1001 stands"]


def test_what_looks_wrong_in_a_bundle_is_said() -> None:
    read = read_bundle(
        bundle(
            pattern("T1001.001", "Orphan"),
            pattern("T1002", "Gone", revoked=True),
            pattern("T1003", "Round", revoked=True),
            pattern("T1004", "And round", revoked=True),
            pattern("T10", "No id"),
            relation("revoked-by", "T1003", "T1004"),
            relation("revoked-by", "T1004", "T1003"),
        ),
        "bundle.json",
    )
    said = "\n".join(map(str, read.problems))
    assert "T1001.001 stands below T1001, which is not in the bundle" in said
    assert [f"{name} is revoked" in said for name in ("T1002", "T1003", "T1004")] == [True, True, True]
    assert "'attack-pattern--T10' has no id of a technique" in said
    assert {(problem.path, problem.severity) for problem in read.problems} == {("bundle.json", "warning")}
    assert read_bundle(SMALL).problems == ()


@pytest.mark.parametrize(
    "odd",
    [
        {"x_mitre_platforms": 5}, {"x_mitre_platforms": "Windows"}, {"x_mitre_platforms": [1, None]},
        {"kill_chain_phases": {"a": 1}}, {"kill_chain_phases": [1]},
        {"kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": []}]},
        {"x_mitre_domains": "enterprise-attack"}, {"name": 7}, {"description": ["x"]}, {"id": None},
    ],
)  # fmt: skip
def test_values_of_the_wrong_shape_are_left_out(odd: dict[str, Any]) -> None:
    matrix = {"type": "x-mitre-matrix", "tactic_refs": [["x"], {}, 3]}
    relations = {"type": "relationship", "relationship_type": "revoked-by", "source_ref": [], "target_ref": {}}
    (row,) = read_bundle(bundle(pattern("T1001", "Top") | odd, matrix, relations)).techniques
    assert row.attack_id == "T1001"
    assert all(isinstance(name, str) for name in (*row.platforms, *row.tactics, row.name, row.description))


def test_broken_json_is_told_with_its_place() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_bundle('{"type": "bundle",\n  "objects": [,]}', "bundle.json")
    assert (caught.value.problem.path, caught.value.problem.line, caught.value.problem.column) == ("bundle.json", 2, 15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[]", "no STIX bundle"),
        ('{"type": "bundle"}', "no STIX bundle"),
        ('{"type": "bundle", "objects": [1, null, {}]}', "no ATT&CK technique"),
        ("[" * 100_000, "nested too deep"),
        ('{"type": "bundle", "objects": [], "x": "\\ud800"}', "surrogate"),
        ('{"type": "bundle\x00"}', "NUL"),
    ],
)
def test_what_is_no_bundle_is_refused(text: str, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        read_bundle(text, "bundle.json")


def test_facts_come_back_as_they_were_but_for_descriptions() -> None:
    read = read_bundle(SMALL)
    text = bundle_facts(read)
    again = {row.attack_id: row for row in read_facts(text).techniques}
    assert is_facts(text) and not is_facts(SMALL)
    for row in read.techniques:
        other = again[row.attack_id]
        assert (other.name, other.tactics, other.platforms, other.parent) == (
            row.name, row.tactics, row.platforms, row.parent,
        )  # fmt: skip
        assert (other.revoked, other.deprecated, other.successor) == (row.revoked, row.deprecated, row.successor)
    assert is_facts(json.dumps(json.loads(text), indent=2))


@pytest.mark.parametrize(
    ("techniques", "said"),
    [
        ([], "no list of techniques"),
        ({"T1001": "Top"}, "no list of techniques"),
        (["T1001"], "row 1 of its techniques: it is no object"),
        ([{"id": "T1001", "name": "A"}, {"id": "T1002"}], "row 2 of its techniques: the key 'name' is missing"),
        ([{"id": "T1001", "name": 7}], "the key 'name' should hold a text"),
        ([{"id": "T1001", "name": ""}], "the key 'name' should hold a text"),
        ([{"id": "T1001", "name": "A", "platforms": "Windows"}], "'platforms' should hold a list of texts"),
        ([{"id": "T1001", "name": "A", "tactics": ["first", 2]}], "'tactics' should hold a list of texts"),
        ([{"id": "T1001", "name": "A", "revoked": "no"}], "'revoked' should hold true or false"),
        ([{"id": "../admin", "name": "A"}], "'../admin' is no id of ATT&CK"),
        ([{"id": "T1001", "name": "A"}, {"id": "T1001", "name": "B"}], "row 2 of its techniques: T1001 stands twice"),
    ],
)
def test_a_broken_table_of_facts_is_refused_with_its_row(techniques: Any, said: str) -> None:
    tactics = [{"id": "TA0001", "shortname": "first", "name": "First"}]
    text = json.dumps({"format": "fieldguide-attack-facts", "tactics": tactics, "techniques": techniques})
    with pytest.raises(UnreadableError, match=re.escape(said)):
        read_facts(text, "attack.json")


@pytest.mark.parametrize("text", ["[]", "{}", '{"tactics": 5}', '{"tactics": []}'])
def test_a_table_without_tactics_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match=r"^facts\.json: This table of ATT&CK facts is broken"):
        read_facts(text, "facts.json")


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "spec", "tactics", "techniques", "subtechniques", "revoked"),
    [("18.1", "2.0", 14, 356, 479, 132), ("19", "2.1", 15, 365, 493, 149)],
)
def test_mitres_bundles_are_read(
    corpora: Path, name: str, spec: str, tactics: int, techniques: int, subtechniques: int, revoked: int
) -> None:
    path = corpora / "attack" / f"enterprise-attack-{name}.json"
    found = read_bundle(path.read_text(), str(path))
    below = [row for row in found.techniques if row.is_subtechnique]
    gone = [row for row in found.techniques if row.revoked]
    assert (found.spec, len(found.tactics)) == (spec, tactics)
    assert (len(found.techniques) - len(below), len(below), len(gone)) == (techniques, subtechniques, revoked)
    assert all(row.successor for row in gone)
    assert all(row.parent for row in below)


@pytest.mark.corpora
def test_the_newer_bundle_splits_a_tactic_and_moves_techniques(corpora: Path) -> None:
    path = corpora / "attack" / "enterprise-attack-19.json"
    found = read_bundle(path.read_text(), str(path))
    rows = {row.attack_id: row for row in found.techniques}
    assert {"Stealth", "Defense Impairment"} <= {row.name for row in found.tactics}
    assert (rows["T1562"].successor, rows["T1562.004"].successor) == ("T1685", "T1686")
    assert rows["T1578.001"].tactics == ("defense-impairment",)
