"""The guide's answer: its keys, its figures, its parameters, where addresses lead."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from detections.models import Technique
from tests.pages import rows

GUIDE = "/api/v1/techniques/T1578.001/guide/"


def answer(client: Client, address: str, status: int = 200, **headers: str) -> Any:
    response = client.get(address, headers=headers or None)
    assert response.status_code == status, (address, response.status_code, response.content[:300])
    kind = "application/json" if status < 400 else "application/problem+json"
    assert response.headers["Content-Type"] == kind, address
    return response.json()


def test_the_reference_page_as_json(client: Client, snapshot: Technique) -> None:
    guide = answer(client, GUIDE)
    assert guide["attack_id"] == "T1578.001" and guide["name"] == "Create Snapshot"
    assert guide["parent"] == {"attack_id": "T1578", "name": "Modify Cloud Compute Infrastructure"}
    assert guide["tactics"] == [{"attack_id": "TA0005", "name": "Defense Impairment"}]
    assert guide["rules"] == 2 and guide["parsed"] == {"full": 1, "partial": 0, "none": 1}
    assert guide["fields"][0] == {
        "field": "EventType", "name": "EventType", "published": True, "role": "filter", "rules": 1,
        "operators": {"in": 1}, "samples": ["CreateDBClusterSnapshot", "CreateDBSnapshot"],
    }  # fmt: skip
    assert [row["field"] for row in guide["fields"]] == [
        "EventType", "Provider_Name", "event.dataset", "event.outcome",
    ]  # fmt: skip
    assert guide["indicators_count"] == 5
    assert guide["indicators"][0] == {
        "id": rows.key("EventType", "in", "CreateDBClusterSnapshot"), "field": "EventType", "operator": "in",
        "name": "EventType", "published": True,
        "value": "CreateDBClusterSnapshot", "role": "filter", "rules": 1, "reach": None,
    }  # fmt: skip
    assert [row["reach"] for row in guide["indicators"]] == [None, None, None, None, 2]
    assert [row["role"] for row in guide["indicators"]][3] == "scope"
    assert guide["exclusions"]["fields"][0]["field"] == "User"
    assert guide["exclusions"]["indicators"][0]["value"] == "backup-robot"
    assert guide["exclusions"]["indicators_count"] == 1
    assert [group["vendor"] for group in guide["vendors"]] == ["elastic", "splunk"]
    assert guide["vendors"][0]["rules"] == [
        {
            "id": "snapshot", "title": "Snapshot of a database cluster", "vendor": "elastic", "level": "medium",
            "status": "production", "platforms": ["AWS"], "domains": ["cloud"], "parse": "full",
            "url": "/rules/elastic/snapshot/",
        }
    ]  # fmt: skip
    assert guide["attack_version"] == "19.0" and "The MITRE Corporation" in guide["attack_licence"]


def test_filters_repeat_for_or_and_combine_for_and(client: Client, snapshot: Technique) -> None:
    def vendors(query: str) -> list[str]:
        return [group["vendor"] for group in answer(client, f"{GUIDE}?{query}")["vendors"]]

    assert vendors("vendor=elastic") == ["elastic"]
    assert vendors("vendor=elastic&vendor=splunk") == ["elastic", "splunk"]
    assert vendors("platform=AWS&platform=Linux&domain=cloud") == ["elastic", "splunk"]
    assert vendors("platform=Linux&parse=full") == []
    assert vendors("parse=none&language=spl&status=production&level=medium") == ["splunk"]
    assert vendors("vendor=") == ["elastic", "splunk"]


def test_roll_up_and_limit(client: Client, snapshot: Technique) -> None:
    parent = "/api/v1/techniques/T1578/guide/"
    assert answer(client, parent)["rules"] == 0
    rolled = answer(client, f"{parent}?subtechniques=1&limit=2")
    assert (rolled["rules"], len(rolled["indicators"]), rolled["indicators_count"]) == (2, 2, 5)
    assert len(rolled["fields"]) == 4


def test_fields_choose_keys(client: Client, snapshot: Technique) -> None:
    assert answer(client, f"{GUIDE}?fields=rules,parsed") == {
        "rules": 2,
        "parsed": {"full": 1, "partial": 0, "none": 1},
    }


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("platfrom=AWS", "platfrom", "platform"),
        ("platform=aws", "platform", "AWS"),
        ("vendor=elastik", "vendor", "elastic"),
        ("vendor=nobody&vendor=elastic", "vendor", "splunk"),
        ("parse=half", "parse", "partial"),
        ("live=maybe", "live", "yes, no or all"),
        ("live=no&live=yes", "live", "once"),
        ("subtechniques=yes", "subtechniques", "1"),
        ("subtechnique=1", "subtechnique", "Did you mean subtechniques"),
        ("subtechniques=%00", "subtechniques", "NUL"),
        ("limit=0", "limit", "10000"),
        ("limit=10001", "limit", "10000"),
        ("limit=many", "limit", "whole number"),
        ("limit=99999999999999999999", "limit", "whole number"),
        ("limit=%D9%A3", "limit", "whole number"),
        ("fields=ruels", "fields", "rules"),
        ("format=xml", "format", "json"),
        ("from=T1059", "from", "revoked"),
        ("vendor=%00", "vendor", "NUL"),
        ("domain=a%00b", "domain", "NUL"),
        ("%00=1", "\x00", "no parameter"),
        ("level=%ED%A0%80", "level", "no value"),
    ],
)
def test_what_nothing_knows_is_refused(
    client: Client, snapshot: Technique, query: str, parameter: str, said: str
) -> None:
    errors = answer(client, f"{GUIDE}?{query}", 400)["errors"]
    assert list(errors) == [parameter] and said in " ".join(errors[parameter])


@pytest.mark.parametrize("ending", ["", "guide/"])
def test_addresses_that_lead_elsewhere(client: Client, snapshot: Technique, ending: str) -> None:
    rows.technique("T1086", "An old name", revoked=True, successor=snapshot)
    for asked, target in (
        ("t1578.001", ""), ("T1086", "?from=T1086"), ("t1086", "?from=T1086"),
    ):  # fmt: skip
        response = client.get(f"/api/v1/techniques/{asked}/{ending}")
        assert response.status_code == 301
        assert response.headers["Location"] == f"/api/v1/techniques/T1578.001/{ending}{target}"
        assert answer(client, response.headers["Location"])["attack_id"] == "T1578.001"
    response = client.get(f"/api/v1/techniques/T1086/{ending}?vendor=elastic")
    assert response.headers["Location"].endswith("?vendor=elastic&from=T1086")


@pytest.mark.parametrize(
    "written", ["T1578.009", "T9999", "nonsense", "%00", "T1578.001%0A", "%F0%9F%94%92", "T" * 500]
)
@pytest.mark.parametrize("ending", ["", "guide/"])
def test_an_unknown_id_is_not_found(client: Client, snapshot: Technique, written: str, ending: str) -> None:
    found = answer(client, f"/api/v1/techniques/{written}/{ending}", 404)
    assert "no technique" in found["detail"] and isinstance(found["suggestions"], list)


def test_an_unknown_id_has_suggestions(client: Client, snapshot: Technique) -> None:
    found = answer(client, "/api/v1/techniques/T1578.009/", 404)["suggestions"]
    assert {"attack_id": "T1578.001", "name": "Modify Cloud Compute Infrastructure: Create Snapshot"} in found
