"""The schema says what the API answers, without a warning; its page needs nothing from elsewhere."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from detections.models import Technique
from tests.api.test_guide import GUIDE, answer


def test_the_schema_has_no_warnings(db: None) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_schema_names_what_is_answered(client: Client, snapshot: Technique) -> None:
    schema = client.get("/api/schema/?format=json").json()
    assert set(schema["paths"]) == {
        "/api/v1/techniques/", "/api/v1/techniques/{attack_id}/", "/api/v1/techniques/{attack_id}/guide/",
        "/api/v1/rules/", "/api/v1/rules/{source}/{own_id}/", "/api/v1/rules/{source}/{own_id}/similar/",
        "/api/v1/sources/", "/api/v1/attack/",
        "/api/v1/matrix/", "/api/v1/navigator-layer/", "/api/v1/compare/",
        "/api/v1/rules/{source}/{own_id}/retire/", "/api/v1/rules/{source}/{own_id}/revive/",
        "/api/v1/aliases/", "/api/v1/runs/", "/api/v1/runs/{id}/",
    }  # fmt: skip
    shapes = schema["components"]["schemas"]
    assert set(answer(client, GUIDE)) == set(shapes["Guide"]["properties"])
    assert set(answer(client, "/api/v1/rules/elastic/snapshot/")) == set(shapes["RuleDetail"]["properties"])
    assert set(answer(client, "/api/v1/techniques/T1578/")) == set(shapes["TechniqueDetail"]["properties"])
    assert set(answer(client, "/api/v1/matrix/")) == set(shapes["Matrix"]["properties"])
    assert set(answer(client, "/api/v1/compare/")) == set(shapes["Compare"]["properties"])
    assert set(answer(client, "/api/v1/navigator-layer/")) >= set(shapes["Layer"]["properties"])
    told = {one["name"] for one in schema["paths"]["/api/v1/techniques/{attack_id}/guide/"]["get"]["parameters"]}
    assert told >= {"vendor", "platform", "domain", "language", "status", "level", "parse", "subtechniques", "limit"}


def test_every_filter_of_the_schema_is_one_that_the_api_knows(client: Client, snapshot: Technique) -> None:
    for path, methods in client.get("/api/schema/?format=json").json()["paths"].items():
        address = path.format(attack_id="T1578.001", source="elastic", own_id="snapshot", id=1)
        for parameter in methods.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                errors = client.get(address, {parameter["name"]: "!"}).json().get("errors", {})
                assert "no parameter" not in str(errors), (path, parameter["name"])


@pytest.mark.parametrize(("query", "accept", "status"), [("?format=xml", "*/*", 400), ("", "text/csv", 406)])
def test_its_errors_are_json(client: Client, db: None, query: str, accept: str, status: int) -> None:
    response = client.get(f"/api/schema/{query}", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["detail"]


def test_its_page_loads_from_this_site_alone(client: Client, db: None) -> None:
    html = client.get("/api/").content.decode()
    loaded = re.findall(r'<script[^>]*src="([^"]+)"', html)
    assert loaded and all(address.startswith("/static/") for address in loaded)
