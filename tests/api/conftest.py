"""The small catalog that pages, API and guide are tested on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from detections.models import Technique
from tests.pages import rows

# Parts of the addresses of the schema, as the small catalog has them.
KNOWN = {
    "attack_id": "T1578.001", "source": "elastic", "own_id": "snapshot", "id": 0, "name": "User", "field": "User",
    "by": "field", "key": rows.key("event.outcome", "eq", "success"),
}  # fmt: skip
ELSEWHERE = {
    "/api/v1/runs/{id}/": "The small catalog has no run.",
    "/api/v1/aliases/": "It is for people with an account.",
}


def asked_addresses(client: Client, form: str = "") -> dict[str, dict[str, Any]]:
    """Every address of the schema that anybody may read (in this form), with what the schema tells of it."""
    paths = client.get("/api/schema/?format=json").json()["paths"]
    gets = {path: methods["get"] for path, methods in paths.items() if "get" in methods and path not in ELSEWHERE}
    return {
        path.format(**KNOWN): told
        for path, told in gets.items()
        if not form or form in told["responses"]["200"].get("content", {})
    }


@pytest.fixture
def snapshot(db: None) -> Technique:
    """T1578.001 as on the reference page, with rules of three vendors around it."""
    return rows.snapshot_catalog()
