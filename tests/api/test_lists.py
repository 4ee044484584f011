"""Techniques, rules, sources and ATT&CK through the API."""

from __future__ import annotations

import pytest
from django.test import Client

from detections.models import RuleText, Technique
from tests.api.test_guide import answer
from tests.pages import rows

TECHNIQUES, RULES = "/api/v1/techniques/", "/api/v1/rules/"


def ids(client: Client, address: str, key: str = "attack_id") -> list[str]:
    return [row[key] for row in answer(client, address)["results"]]


def test_techniques_with_their_rules(client: Client, snapshot: Technique) -> None:
    found = answer(client, TECHNIQUES)
    assert found["count"] == 3
    child = found["results"][2]
    assert child["attack_id"] == "T1578.001" and child["name"] == "Create Snapshot" and child["rules"] == 2
    assert child["is_subtechnique"] is True and child["parent"]["attack_id"] == "T1578"
    assert child["platforms"] == ["IaaS"] and child["tactics"][0]["attack_id"] == "TA0005"
    assert [row["rules"] for row in found["results"]] == [2, 0, 2]
    rolled = answer(client, f"{TECHNIQUES}?subtechniques=1")["results"]
    assert [row["rules"] for row in rolled] == [2, 2, 2]


def test_techniques_are_filtered_and_ordered(client: Client, snapshot: Technique) -> None:
    assert ids(client, f"{TECHNIQUES}?tactic=execution") == ["T1059"]
    assert ids(client, f"{TECHNIQUES}?tactic=TA0002&tactic=TA0005") == ["T1059", "T1578", "T1578.001"]
    assert ids(client, f"{TECHNIQUES}?tactic=Execution") == ["T1059"]
    assert ids(client, f"{TECHNIQUES}?vendor=sigma") == ["T1059"]
    assert ids(client, f"{TECHNIQUES}?vendor=splunk") == ["T1059", "T1578.001"]
    assert ids(client, f"{TECHNIQUES}?vendor=sigma&platform=Linux") == []
    assert ids(client, f"{TECHNIQUES}?q=snapshot") == ["T1578.001"]
    assert ids(client, f"{TECHNIQUES}?q=t1578") == ["T1578", "T1578.001"]
    assert ids(client, f"{TECHNIQUES}?ordering=-rules") == ["T1059", "T1578.001", "T1578"]
    assert ids(client, f"{TECHNIQUES}?ordering=-name")[0] == "T1578"
    one = answer(client, f"{TECHNIQUES}?vendor=splunk&fields=attack_id,rules")["results"]
    assert one == [{"attack_id": "T1059", "rules": 1}, {"attack_id": "T1578.001", "rules": 1}]


def test_pages_of_a_list(client: Client, snapshot: Technique) -> None:
    first = answer(client, f"{TECHNIQUES}?page_size=2&q=t1")
    assert first["count"] == 3 and len(first["results"]) == 2 and first["previous"] is None
    assert "page=2" in first["next"] and "q=t1" in first["next"]
    assert ids(client, f"{TECHNIQUES}?page_size=2&page=2") == ["T1578.001"]


def test_one_technique(client: Client, snapshot: Technique) -> None:
    found = answer(client, "/api/v1/techniques/T1578/")
    assert found["rules"] == 0 and found["description"] == "What it is, in **our** words."
    assert found["subtechniques"] == [{"attack_id": "T1578.001", "name": "Create Snapshot"}]
    assert found["attack_version"] == "19.0" and "The MITRE Corporation" in found["attack_licence"]
    assert answer(client, "/api/v1/techniques/T1578/?subtechniques=1&vendor=splunk")["rules"] == 1


def test_rules_are_listed_and_filtered(client: Client, snapshot: Technique) -> None:
    rows.rule("Was here", [snapshot], own_id="old", lifecycle="deprecated")
    titles = ["A search nobody reads", "A tool starts", "Snapshot of a database cluster"]
    assert ids(client, RULES, "title") == titles
    assert ids(client, f"{RULES}?live=no", "title") == ["Was here"]
    assert len(ids(client, f"{RULES}?live=all", "title")) == 4
    assert ids(client, f"{RULES}?technique=t1059", "title") == titles[:2]
    assert ids(client, f"{RULES}?technique=T1059&technique=T1578.001", "title") == titles
    assert ids(client, f"{RULES}?technique=T1578", "title") == []
    assert ids(client, f"{RULES}?q=database+snapshot", "id") == ["snapshot"]
    assert ids(client, f"{RULES}?q=SNAPSHOT&language=kql&platform=AWS", "id") == ["snapshot"]
    assert ids(client, f"{RULES}?platform=AWS&platform=Linux&ordering=-title", "title") == [titles[2], titles[0]]


def test_a_revoked_id_finds_the_rules_of_its_successor(client: Client, snapshot: Technique) -> None:
    rows.technique("T1086", "An old name", revoked=True, successor=snapshot)
    assert ids(client, f"{RULES}?technique=T1086&vendor=elastic", "id") == ["snapshot"]


def test_one_rule_says_everything(client: Client, snapshot: Technique) -> None:
    text = RuleText.objects.get(rule__own_id="snapshot")
    text.beside = [{"place": "logsource", "tree": text.tree["children"][0]}]
    text.save()
    found = answer(client, f"{RULES}elastic/snapshot/")
    assert found["id"] == "snapshot" and found["licence"] == "Ours-1.0" and found["authors"] == ["Somebody"]
    assert found["query"].startswith("event.dataset") and found["text"].startswith("[rule]")
    outcome = next(row for row in found["predicates"] if row["canonical"] == "event.outcome")
    assert (outcome["value"], outcome["reach"], outcome["negated"]) == ("success", 2, False)
    assert found["query"][outcome["start"] : outcome["end"]] == '"success"'
    assert [row["value"] for row in found["exclusions"]] == ["backup-robot"]
    assert {row["excluded"] for row in found["indicators"]} == {True, False} and len(found["indicators"]) == 6
    assert found["beside"][0]["place"] == "logsource"
    assert found["beside"][0]["predicates"][0]["value"] == "aws.cloudtrail"
    assert found["tree"]["kind"] == "and"
    assert {"written": "T1578", "technique": "T1578", "structural": True} in found["stated"]
    unread = answer(client, f"{RULES}splunk/{ids(client, f'{RULES}?vendor=splunk', 'id')[0]}/")
    assert unread["tree"] is None and unread["predicates"] == [] and unread["problems"][0]["line"] == 3


def test_sources_and_attack(client: Client, snapshot: Technique) -> None:
    sources = answer(client, "/api/v1/sources/")["results"]
    assert [(row["slug"], row["rules"]) for row in sources] == [("elastic", 1), ("sigma", 1), ("splunk", 1)]
    attack = answer(client, "/api/v1/attack/")
    assert attack["version"] == "19.0" and "The MITRE Corporation" in attack["licence"]
    assert answer(client, "/api/v1/attack/?fields=version") == {"version": "19.0"}


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        (f"{RULES}?colour=red", "colour"),
        (f"{RULES}?technique=T9999", "technique"),
        (f"{RULES}?technique=%00", "technique"),
        (f"{RULES}?technique=%C3%A9", "technique"),
        (f"{RULES}?q=%00", "q"),
        (f"{RULES}?q=a&q=b", "q"),
        (f"{RULES}?q={'a' * 500}", "q"),
        (f"{RULES}?page=0", "page"),
        (f"{RULES}?page=99999999999999999999999", "page"),
        (f"{RULES}?page=9999999", "page"),
        (f"{RULES}?page=-1", "page"),
        (f"{RULES}?page_size=501", "page_size"),
        (f"{RULES}?ordering=colour", "ordering"),
        (f"{RULES}?ordering=%00", "ordering"),
        (f"{RULES}?fields=%00", "fields"),
        (f"{RULES}elastic/snapshot/?nothing=1", "nothing"),
        (f"{TECHNIQUES}?tactic=TA9999", "tactic"),
        (f"{TECHNIQUES}?technique=T1059", "technique"),
        ("/api/v1/techniques/T1059/?limits=1", "limits"),
        ("/api/v1/sources/?vendor=nobody", "vendor"),
        ("/api/v1/sources/?level=high", "level"),
        ("/api/v1/attack/?fields=versions", "fields"),
    ],
)
def test_bad_parameters_are_told_by_name(client: Client, snapshot: Technique, address: str, parameter: str) -> None:
    found = answer(client, address, 400)
    assert list(found["errors"]) == [parameter] and found["errors"][parameter][0]


@pytest.mark.parametrize(
    "address",
    [
        f"{RULES}elastic/none/", f"{RULES}nobody/snapshot/", f"{RULES}elastic/a%00b/", f"{RULES}elastic/{'a' * 200}/",
        "/api/v1/", "/api/v1/nothing/", "/api/nothing/", "/api/v2/rules/", "/api/v1/rules/elastic/",
    ],
)  # fmt: skip
def test_what_is_not_there_says_so_in_json(client: Client, snapshot: Technique, address: str) -> None:
    assert answer(client, address, 404)["detail"]


def test_an_address_without_its_last_slash_leads_to_the_one_with(client: Client, snapshot: Technique) -> None:
    response = client.get("/api/v1/rules?q=tool")
    assert (response.status_code, response.headers["Location"]) == (301, "/api/v1/rules/?q=tool")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(client: Client, snapshot: Technique, method: str) -> None:
    response = getattr(client, method)(TECHNIQUES)
    assert response.status_code == 405 and response.json()["detail"]


@pytest.mark.parametrize(
    ("address", "most"),
    [
        (TECHNIQUES, 8), (RULES, 8), (f"{RULES}elastic/snapshot/", 9),
        ("/api/v1/techniques/T1578.001/guide/", 12),
        ("/api/v1/techniques/T1578.001/guide/?subtechniques=1&vendor=elastic&platform=AWS&from=T1086", 12),
    ],
)  # fmt: skip
def test_queries_do_not_grow_with_the_rows(
    client: Client, snapshot: Technique, django_assert_max_num_queries, address: str, most: int
) -> None:
    rows.technique("T1086", "An old name", revoked=True, successor=snapshot)
    for number in range(20):
        rows.rule(f"Numbered {number}", [snapshot], [("CommandLine", "contains", [f"v{number}"], False)])
    rows.counted()
    with django_assert_max_num_queries(most):
        answer(client, address)


def test_a_rules_text_comes_with_its_licence_and_author(client: Client, snapshot: Technique) -> None:
    raw = client.get(f"{RULES}elastic/snapshot/raw/")
    assert raw.content.decode() == RuleText.objects.get(rule__own_id="snapshot").text
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (raw.headers["X-Licence"], raw.headers["X-Author"]) == ("Ours-1.0", "Somebody")


def test_a_rules_tests_are_a_table(client: Client, snapshot: Technique) -> None:
    text = RuleText.objects.get(rule__own_id="snapshot")
    text.beside = [{"place": "logsource", "tree": text.tree["children"][0]}]
    text.save()
    found = answer(client, f"{RULES}elastic/snapshot/predicates/")["results"]
    whole = answer(client, f"{RULES}elastic/snapshot/")
    kept = [{key: value for key, value in row.items() if key != "place"} for row in found]
    assert kept == [*whole["predicates"], *whole["exclusions"], *whole["beside"][0]["predicates"]]
    assert [row["place"] for row in found] == [""] * (len(found) - 1) + ["logsource"]


def test_the_rules_behind_a_row_of_a_guide(client: Client, snapshot: Technique) -> None:
    at = "/api/v1/techniques/T1578.001/"
    for row in answer(client, f"{at}indicators/")["results"]:
        assert answer(client, f"{at}rules/?indicator={row['id']}")["count"] == row["rules"]
    for row in answer(client, f"{at}fields/")["results"]:
        assert answer(client, f"{at}rules/?field={row['field']}")["count"] == row["rules"]
    for row in answer(client, f"{at}log-sources/")["results"]:
        address = f"{at}rules/?source={row['vendor']}&kind={row['kind']}&name={row['name']}"
        assert answer(client, address)["count"] == row["rules"]
