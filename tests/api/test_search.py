"""The search in the API, the same as on the page."""

from __future__ import annotations

from typing import Any

from django.test import Client

from detections.models import Technique
from tests.api.test_guide import answer


def searched(client: Client, words: str) -> dict[str, Any]:
    return answer(client, f"/api/v1/search/?q={words}")


def test_every_group_is_answered(client: Client, snapshot: Technique) -> None:
    found = searched(client, "snap")
    assert found["q"] == "snap" and found["meant"] == []
    assert found["techniques"]["results"] == [
        {"attack_id": "T1578.001", "name": "Modify Cloud Compute Infrastructure: Create Snapshot", "rules": 2}
    ]
    assert found["indicators"]["count"] == 2
    assert {row["value"] for row in found["indicators"]["results"]} == {"CreateDBClusterSnapshot", "CreateDBSnapshot"}
    (rule,) = found["rules"]["results"]
    assert (rule["id"], rule["vendor"], rule["excerpt"]) == ("snapshot", "elastic", [])
    fields = searched(client, "eventtype")["fields"]
    assert fields["count"] == 1 and "winlog.event_data.EventType" in fields["results"][0].pop("names")
    assert fields["results"] == [{"field": "EventType", "rules": 1}]
    assert [row["shortname"] for row in searched(client, "impairment")["tactics"]] == ["defense-impairment"]


def test_tests_are_answered_with_what_matched(client: Client, snapshot: Technique) -> None:
    (rule,) = searched(client, "field:User+value:*robot*+excluded:yes")["rules"]["results"]
    (test,) = rule["tests"]
    assert (test["field"], test["operator"], test["excluded"]) == ("User", "eq", True)
    assert test["value"] == [{"text": "backup-", "marked": False}, {"text": "robot", "marked": True}]


def test_it_counts_what_the_list_of_rules_counts(client: Client, snapshot: Technique) -> None:
    for words in ("value:success", "tool", "-vendor:splunk", "technique:T1059+-parse:none", "nothing+has+this"):
        listed = answer(client, f"/api/v1/rules/?q={words}")
        assert searched(client, words)["rules"]["count"] == listed["count"], words


def test_nothing_found_is_told_with_what_may_have_been_meant(client: Client, snapshot: Technique) -> None:
    assert searched(client, "snapshto")["meant"] == ["snapshot"]


def test_what_cannot_be_read_is_a_problem(client: Client, snapshot: Technique) -> None:
    response = client.get("/api/v1/search/?q=feild:a")
    assert response.status_code == 400
    assert response.json()["errors"]["q"][0].startswith("At 1, feild:a: there is no key 'feild'.")
