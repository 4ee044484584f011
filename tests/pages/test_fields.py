"""Fields as pages: names of any kind have an address, aliases lead to their field, unknown ones to suggestions."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from detections.models import RuleName, Technique
from tests.pages import rows
from tests.pages.test_techniques import page, text

NAMES = (
    "a.b/c{}.d", "requestParameters.a[0]", "with space", "a%2Fb", "ends/", "q?x=1#y", "new\nline", "é", "(keywords)",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_kind_has_an_address(client: Client, snapshot: Technique, name: str) -> None:
    rows.rule("Of a strange name", [snapshot], [(name, "eq", ["x"], False)])
    html = page(client, reverse("field-detail", args=[name]))
    assert " ".join(name.split()) in text(html)


def test_an_alias_leads_to_its_field(client: Client, snapshot: Technique) -> None:
    assert client.get("/fields/process.name/").headers["Location"] == "/fields/Image/"
    assert client.get("/fields/PROCESSES.process_name/").headers["Location"] == "/fields/Image/"


def test_a_name_leads_to_what_most_rules_mean_by_it(client: Client, snapshot: Technique) -> None:
    for number in range(3):
        rule = rows.rule(f"Rule {number}", [snapshot], [("Image", "eq", ["x"], False)])
        RuleName.objects.create(rule=rule, name="its_own", canonical="Image" if number else "User")
    assert client.get("/fields/its_own/").headers["Location"] == "/fields/Image/"


@pytest.mark.parametrize("name", ["procss.nme", "x" * 5000, "\x00", "%ED%A0%80", "' OR 1=1 --", "..."])
def test_an_unknown_name_is_answered_with_suggestions(client: Client, snapshot: Technique, name: str) -> None:
    page(client, f"/fields/{quote(name)}/", 404)
    assert "/fields/Image/" in page(client, "/fields/procss.name/", 404)


def test_a_field_of_private_rules_alone_is_unknown(client: Client, snapshot: Technique) -> None:
    team = rows.source("team", public=False)
    rule = rows.rule("Ours", [snapshot], [("our.secret", "eq", ["x"], False)], at=team)
    RuleName.objects.create(rule=rule, name="our_name", canonical="our.secret")
    for name in ("our.secret", "our_name", "our.secre"):
        assert 'href="/fields/our.secret/"' not in page(client, f"/fields/{name}/", 404)
