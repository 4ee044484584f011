"""What is suggested while somebody types in the search box."""

from __future__ import annotations

import pytest
from django.test import Client

from detections.models import RuleName, Technique
from tests.pages import rows


def suggested(client: Client, words: str) -> list[dict[str, str]]:
    response = client.get("/search/suggest/", {"q": words})
    assert response.status_code == 200
    results = response.json()["results"]
    assert len(results) <= 12
    assert all(set(one) == {"group", "title", "detail", "url"} for one in results)
    return results


@pytest.mark.parametrize(
    ("words", "group", "title", "url"),
    [
        ("t1578.0", "technique", "Modify Cloud Compute Infrastructure: Create Snapshot", "/techniques/T1578.001/"),
        ("create snap", "technique", "Modify Cloud Compute Infrastructure: Create Snapshot", "/techniques/T1578.001/"),
        ("eventty", "field", "EventType", "/fields/EventType/"),
        ("createdbcl", "indicator", "CreateDBClusterSnapshot", "/indicators/"),
        ("database cluster", "rule", "Snapshot of a database cluster", "/rules/elastic/snapshot/"),
        ("matr", "page", "Matrix", "/matrix/"),
    ],
)
def test_each_group_is_suggested(
    client: Client, snapshot: Technique, words: str, group: str, title: str, url: str
) -> None:
    RuleName.objects.create(rule=rows.Rule.objects.get(own_id="snapshot"), name="EventType", canonical="EventType")
    found = [one for one in suggested(client, words) if one["group"] == group]
    assert found[0]["title"] == title and found[0]["url"].startswith(url)


def test_nothing_typed_leads_to_the_pages(client: Client, snapshot: Technique) -> None:
    assert {one["group"] for one in suggested(client, " ")} == {"page"}


@pytest.mark.parametrize("words", ["\x00", "%", "x" * 100_000, "' OR 1=1 --", "(" * 50, "a " * 5000, "\\"])
def test_nothing_typed_breaks_it(client: Client, snapshot: Technique, words: str) -> None:
    suggested(client, words)


def test_a_text_that_is_no_utf8_breaks_nothing(client: Client, snapshot: Technique) -> None:
    assert client.get("/search/suggest/?q=%ED%A0%80").status_code == 200
