"""The schema says what the API answers, without a warning; its page needs nothing from elsewhere."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from detections.models import Technique
from tests.api.conftest import asked_addresses
from tests.api.test_guide import answer
from tests.pages import walk


def test_the_schema_has_no_warnings(db: None) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_the_schema_names_what_is_answered(client: Client, snapshot: Technique) -> None:
    """Every key of every answer, and of the rows of every list."""
    schema = client.get("/api/schema/?format=json").json()
    configured = {name for name in walk.configured() if name.startswith("api-")} - {
        "api-docs",
        "api-schema",
        "api-start",
        "api-swagger",
    }
    assert len(schema["paths"]) == len(configured)
    for address, operation in asked_addresses(client, "application/json").items():
        shape = _shape(schema, operation["responses"]["200"]["content"]["application/json"]["schema"])
        found = answer(client, address)
        assert list(found) == list(shape["properties"]), address
        if "results" in found:
            row = _shape(schema, shape["properties"]["results"]["items"])
            assert all(set(one) == set(row["properties"]) for one in found["results"]), address
    guide = schema["paths"]["/api/v1/techniques/{attack_id}/guide/"]["get"]
    told = {one["name"] for one in guide["parameters"]}
    assert told >= {"vendor", "platform", "domain", "language", "status", "level", "parse", "subtechniques", "limit"}


def _shape(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return schema["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def test_every_filter_of_the_schema_is_one_that_the_api_knows(client: Client, snapshot: Technique) -> None:
    for address, operation in asked_addresses(client).items():
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                errors = client.get(address, {parameter["name"]: "!"}).json().get("errors", {})
                assert "no parameter" not in str(errors), (address, parameter["name"])


@pytest.mark.parametrize(("query", "accept", "status"), [("?format=xml", "*/*", 400), ("", "text/csv", 406)])
def test_its_errors_are_json(client: Client, db: None, query: str, accept: str, status: int) -> None:
    response = client.get(f"/api/schema/{query}", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["detail"]


def test_its_page_loads_from_this_site_alone(client: Client, db: None) -> None:
    html = client.get("/api/").content.decode()
    loaded = re.findall(r'<script[^>]*src="([^"]+)"', html)
    assert loaded and all(address.startswith("/static/") for address in loaded)
