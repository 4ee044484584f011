"""The matrix, its Navigator layer and the comparison through the API: what the pages show, with the same filters."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from detections.models import Technique
from tests.api.test_guide import answer
from tests.pages import rows

MATRIX, LAYER, COMPARE = "/api/v1/matrix/", "/api/v1/navigator-layer/", "/api/v1/compare/"
QUERIES = [
    "", "?platform=AWS", "?show=missing", "?show=missing&platform=Windows", "?vendor=sigma&vendor=splunk",
    "?tactic=execution", "?q=snapshot", "?domain=cloud&status=production",
]  # fmt: skip


@pytest.fixture
def catalog(snapshot: Technique) -> Technique:
    both = [rows.tactic(), rows.tactic("TA0002", "Execution", 3)]
    rows.technique("T1100", "Nobody's Technique", tactics=both, platforms=["Windows"])
    return snapshot


def cells(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(tactic, id, rules, with sub-techniques, state) of every cell."""
    return [
        (tactic["attack_id"], cell["attack_id"], cell["rules"], cell["with_subtechniques"], cell["state"])
        for tactic in found["tactics"]
        for top in tactic["cells"]
        for cell in (top, *top["subtechniques"])
    ]


def test_the_matrix(client: Client, catalog: Technique) -> None:
    found = answer(client, MATRIX)
    assert (found["rules"], found["techniques"], found["covered"], found["missing"]) == (3, 4, 3, 1)
    assert found["attack_version"] == "19.0" and "The MITRE Corporation" in found["attack_licence"]
    assert cells(found) == [
        ("TA0002", "T1059", 2, 2, "covered"), ("TA0002", "T1100", 0, 0, "missing"),
        ("TA0005", "T1100", 0, 0, "missing"), ("TA0005", "T1578", 0, 2, "covered"),
        ("TA0005", "T1578.001", 2, 2, "covered"),
    ]  # fmt: skip
    tactic = found["tactics"][1]
    assert (tactic["name"], tactic["techniques"], tactic["covered"]) == ("Defense Impairment", 2, 1)
    assert tactic["cells"][1]["vendors"] == {"elastic": 1, "splunk": 1}
    assert answer(client, tactic["cells"][1]["subtechniques"][0]["guide"])["rules"] == 2
    assert set(answer(client, f"{MATRIX}?fields=covered,missing")) == {"covered", "missing"}


@pytest.mark.parametrize("query", QUERIES)
def test_page_and_api_answer_alike(client: Client, catalog: Technique, query: str) -> None:
    text = client.get(f"/matrix/{query}{'&' if query else '?'}format=csv").content.decode()
    table = csv.DictReader(StringIO(text, newline=""))
    assert cells(answer(client, f"{MATRIX}{query}")) == [
        (row["tactic_id"], row["technique"], int(row["rules"]), int(row["with_subtechniques"]), row["state"])
        for row in table
    ]


@pytest.mark.parametrize("query", QUERIES)
def test_mitre_s_library_reads_the_layer(client: Client, catalog: Technique, query: str) -> None:
    from mitreattack.navlayers import Layer

    response = client.get(f"{LAYER}{query}")
    assert response.headers["Content-Disposition"] == 'attachment; filename="fieldguide-layer.json"'
    written = response.json()
    layer = Layer(init_data=json.loads(response.content)).layer
    assert not isinstance(layer, str), "The library built no layer."
    assert (layer.domain, layer.versions.layer, layer.versions.attack) == ("enterprise-attack", "4.5", "19")
    shown = [one.techniqueID for one in layer.techniques]
    expected = cells(answer(client, f"{MATRIX}{query}"))
    assert shown == [cell[1] for cell in expected]
    assert [one.score for one in layer.techniques] == [cell[3] for cell in expected]
    assert [one.enabled for one in layer.techniques] == [cell[4] != "elsewhere" for cell in expected]
    # Whatever the library does not know it drops: what it writes again has to be all of what we wrote.
    again = layer.get_dict()
    assert {key for key in written if written[key]} - {"links"} <= set(again)  # links are read and never written
    assert layer.links[0].url == written["links"][0]["url"]
    assert [one["color"] for one in again["techniques"]] == [one["color"] for one in written["techniques"]]


def test_the_layer_says_what_it_counts(client: Client, catalog: Technique) -> None:
    layer = client.get(f"{LAYER}?vendor=elastic&platform=AWS&format=json").json()
    assert layer["name"] == "Fieldguide: vendor Elastic, platform AWS"
    assert layer["links"][0]["url"] == "http://testserver/matrix/?vendor=elastic&platform=AWS"
    assert client.get(layer["links"][0]["url"]).status_code == 200
    parent = next(one for one in layer["techniques"] if one["techniqueID"] == "T1578")
    assert parent["comment"] == "0 rules, 1 with sub-techniques" and parent["tactic"] == "defense-impairment"
    assert parent["metadata"] == [{"name": "Elastic", "value": "1"}]
    assert layer["gradient"]["maxValue"] == 1 and layer["legendItems"][1]["label"] == "1–4 rules"


def test_the_comparison(client: Client, catalog: Technique) -> None:
    found = answer(client, f"{COMPARE}?vendor=splunk&vendor=elastic")
    assert (found["first"], found["second"], found["techniques"]) == ("splunk", "elastic", 4)
    assert found["counts"] == {"both": 2, "first": 1, "second": 0, "neither": 1}
    assert found["tactics"][0]["techniques"][0] == {
        "attack_id": "T1059", "name": "Command and Scripting Interpreter", "is_subtechnique": False,
        "first": 1, "second": 0, "first_with_subtechniques": 1, "second_with_subtechniques": 0, "state": "first",
    }  # fmt: skip
    lacking = answer(client, f"{COMPARE}?vendor=splunk&vendor=elastic&show=first")
    assert [row["attack_id"] for tactic in lacking["tactics"] for row in tactic["techniques"]] == ["T1059"]


def test_one_source_alone_is_not_compared(client: Client, db: None) -> None:
    rows.rule("Alone", [rows.technique("T1000", "Only")])
    response = client.get(COMPARE)
    assert response.status_code == 404 and "two sources" in response.json()["detail"]


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        (f"{MATRIX}?show=some", "show"), (f"{MATRIX}?vendor=nobody", "vendor"), (f"{MATRIX}?platfrom=AWS", "platfrom"),
        (f"{MATRIX}?tactic=nothing", "tactic"), (f"{MATRIX}?view=vendors", "view"), (f"{LAYER}?show=some", "show"),
        (f"{LAYER}?platform=Amiga", "platform"), (f"{COMPARE}?vendor=elastic&vendor=elastic", "vendor"),
        (f"{COMPARE}?vendor=elastic&vendor=sigma&vendor=splunk", "vendor"), (f"{COMPARE}?show=missing", "show"),
        (f"{MATRIX}?fields=nothing", "fields"), (f"{MATRIX}?format=svg", "format"),
    ],
)  # fmt: skip
def test_what_nothing_knows_is_refused(client: Client, catalog: Technique, address: str, parameter: str) -> None:
    response = client.get(address)
    assert response.status_code == 400 and set(response.json()["errors"]) == {parameter}
