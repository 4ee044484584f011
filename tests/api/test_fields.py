"""Fields in the API: the same figures as on the pages, for every filter."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from django.test import Client

from detections.models import Rule, RuleName, Technique
from tests.api.test_guide import answer
from tests.guide.random_catalog import write_catalog

QUERIES = ["", "?vendor=elastic", "?platform=Windows&technique=T1000", "?domain=cloud&vendor=sigma&vendor=elastic"]


@pytest.fixture
def catalog(db: None) -> None:
    write_catalog(9)
    random = Random(9)  # noqa: S311 no secret
    for rule in Rule.objects.filter(fields__field="Image").distinct():
        for name in random.sample(["process.name", "?process.name", "Image", "comm"], 2):
            RuleName.objects.create(rule=rule, name=name, canonical="Image")


def context(client: Client, address: str) -> Any:
    """What a page's template was given."""
    return client.get(address).context


@pytest.mark.parametrize("query", [*QUERIES, "?operator=in", "?ordering=name", "?ordering=-excluded&q=im"])
def test_the_list_is_the_pages(client: Client, catalog: None, query: str) -> None:
    shown = context(client, f"/fields/{query}")["page_obj"]
    found = answer(client, f"/api/v1/fields/{query}")
    assert found["count"] == shown.paginator.count > 0
    for row, told in zip(shown.object_list, found["results"], strict=True):
        parts = ("name", "rules", "checked", "excluded", "vendors", "operators", "exclusion_operators")
        assert {part: told[part] for part in parts} == {part: getattr(row, part) for part in parts}


@pytest.mark.parametrize("query", QUERIES)
def test_one_field_is_its_pages(client: Client, catalog: None, query: str) -> None:
    shown = context(client, f"/fields/Image/{query}")
    told = answer(client, f"/api/v1/fields/Image/{query}")
    assert (told["rules"], told["checked"], told["excluded"]) == (
        shown["row"].rules, shown["row"].checked, shown["row"].excluded,
    )  # fmt: skip
    assert [(row["attack_id"], row["rules"]) for row in told["techniques"]] == [
        (use.technique.attack_id, use.rules) for use in shown["techniques"].first
    ]
    assert [row["rules"] for row in told["log_sources"]] == [row.rules for row in shown["log_sources"].first]
    for part, address in (("techniques", "techniques"), ("log_sources", "log-sources")):
        assert answer(client, f"/api/v1/fields/Image/{address}/{query}")["results"] == told[part], part
    values = answer(client, told["values"] + query)
    assert values["count"] == shown["values"].total
    rows = [{part: getattr(row, part) for part in row.__slots__} for row in shown["values"].rows]
    assert values["results"][: len(rows)] == rows
    names = answer(client, told["aliases"] + query)["results"]
    counted = {row["name"]: row["rules"] for row in names}
    columns = shown["name_columns"]
    for column in (one for one in columns if one.title in ("ECS", "CIM")):
        assert all(counted[name.name] == number for name, number in [*column.names.first, *column.names.further])
    for column in columns[:-2]:
        for name, number in column.names.first:
            formats = next(row["formats"] for row in names if row["name"] == name.name)
            assert number in formats.values()


def test_values_are_filtered_and_sorted(client: Client, snapshot: Technique) -> None:
    values = "/api/v1/fields/EventType/values/"
    assert [row["value"] for row in answer(client, values)["results"]] == [
        "CreateDBClusterSnapshot", "CreateDBSnapshot",
    ]  # fmt: skip
    assert [row["value"] for row in answer(client, f"{values}?q=cluster")["results"]] == ["CreateDBClusterSnapshot"]
    assert answer(client, f"{values}?excluded=1")["count"] == 0
    assert answer(client, f"{values}?operator=eq")["count"] == 0
    assert answer(client, f"{values}?ordering=-value")["results"][0]["value"] == "CreateDBSnapshot"
    excluded = answer(client, "/api/v1/fields/User/values/?excluded=1")["results"]
    assert [(row["value"], row["checked"], row["excluded"], row["excluded_reach"]) for row in excluded] == [
        ("backup-robot", 0, 1, 1)
    ]


def test_names_tell_their_namespaces(client: Client, snapshot: Technique) -> None:
    RuleName.objects.create(rule=Rule.objects.get(source__slug="sigma"), name="?process.name", canonical="Image")
    rows = answer(client, "/api/v1/fields/Image/aliases/?page_size=500")["results"]
    assert rows[0] == {
        "name": "process.name", "rules": 1, "formats": {"sigma": 1},
        "namespaces": [{"namespace": "ecs", "category": "", "form": "base"}, *rows[0]["namespaces"][1:]],
    }  # fmt: skip
    assert "Processes.process_name" in [row["name"] for row in rows]


def test_an_alias_leads_to_its_field_and_an_unknown_name_to_suggestions(client: Client, snapshot: Technique) -> None:
    response = client.get("/api/v1/fields/process.name/values/?q=x")
    assert (response.status_code, response.headers["Location"]) == (302, "/api/v1/fields/Image/values/?q=x")
    found = answer(client, "/api/v1/fields/Imgae/", 404)
    assert {"name": "Image"} in found["suggestions"] and "Imgae" in found["detail"]
    for query in ("vendor=nobody", "colour=red"):
        answer(client, f"/api/v1/fields/Image/?{query}", 400)
        answer(client, f"/api/v1/fields/?{query}", 400)
