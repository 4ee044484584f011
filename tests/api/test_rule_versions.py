"""The versions of a rule through the API: what its page of versions says."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from tests.api.test_guide import answer
from tests.importing.checkouts import Checkout
from tests.pages.staff import FIRST, A, B, catalog, signed_in

VERSIONS = f"/api/v1/rules/sigma/{A}/versions/"


@pytest.fixture
def sigma(tmp_path: Path, db: None) -> Checkout:
    return catalog(tmp_path)


@pytest.fixture
def editor(sigma: Checkout) -> Client:
    found = signed_in("editor", "ada")
    text = FIRST.replace("tool.exe", "ours.exe")
    found.post(f"/rules/sigma/{A}/edit/", {"do": "save", "text": text, "reason": "Another program.", "version": 1})
    return found


def test_a_version_says_what_came_and_went_and_how_the_text_changed(editor: Client) -> None:
    told = answer(editor, VERSIONS)
    second, first = told["results"]
    assert told["count"] == 2
    assert (second["number"], second["current"], second["applied"], second["lifecycle"]) == (2, True, True, "live")
    assert (second["origin"], second["author"], second["reason"]) == ("edit", "ada", "Another program.")
    assert second["came"] == [{"field": "Image", "operator": "endswith", "value": "\\ours.exe", "excluded": False}]
    assert second["went"] == [{"field": "Image", "operator": "endswith", "value": "\\tool.exe", "excluded": False}]
    changed = [line for line in second["difference"].splitlines() if line[0] in "+-"]
    assert [line.partition(":")[0] for line in changed] == ["-    Image|endswith", "+    Image|endswith"]
    assert "@ " in second["difference"] and "\n " in second["difference"]
    assert (first["number"], first["current"], first["difference"], first["came"]) == (1, False, "", [])


def test_names_and_reasons_are_for_people_with_an_account(editor: Client, client: Client) -> None:
    told = answer(client, VERSIONS)["results"][0]
    assert (told["number"], told["author"], told["reason"]) == (2, "", "")
    lines = b"".join(client.get(f"{VERSIONS}?format=csv").streaming_content).decode()
    assert "came.field" in lines and "ada" not in lines and "Another program" not in lines


def test_a_rule_that_never_changed_has_none(client: Client, sigma: Checkout) -> None:
    assert answer(client, f"/api/v1/rules/sigma/{B}/versions/") == {
        "count": 0, "next": None, "previous": None, "results": [],
    }  # fmt: skip
    assert "no rule" in answer(client, "/api/v1/rules/sigma/none/versions/", 404)["detail"]
