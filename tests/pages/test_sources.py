"""Sources: facets over their live rules, and every number opens the rules that it counts."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import SourceFile, Technique
from tests.pages import rows
from tests.pages.test_facets import facet
from tests.pages.test_lists import links, said
from tests.pages.test_techniques import page, text


@pytest.fixture
def catalog(snapshot: Technique) -> Technique:
    rows.rule("Half read", [snapshot], at=rows.source("splunk"), language="spl", parse="partial")
    rows.rule("Of another language", [snapshot], language="eql")
    rows.rule("An old one", [snapshot], at=rows.source("sigma"), lifecycle="retired", language="sigma")
    SourceFile.objects.create(source=rows.source("sigma"), path="a.yml", fingerprint="x", problems=[{"message": "Odd"}])
    return snapshot


def names(html: str) -> list[str]:
    return re.findall(r'id="source-(\w+)"', html)


def test_facets_count_live_rules_and_choose_sources(client: Client, catalog: Technique) -> None:
    html = page(client, "/sources/")
    assert names(html) == ["elastic", "sigma", "splunk"]
    assert facet(html, "vendor") == [("Elastic", 2), ("SigmaHQ", 1), ("Splunk", 2)]
    assert facet(html, "parse") == [("parsed in full", 3), ("parsed in part", 1), ("not parsed", 1)]
    assert facet(html, "public") == []
    html = page(client, "/sources/?language=spl&language=sigma&parse=partial")
    assert names(html) == ["splunk"] and "Half read" in html and "A search nobody reads" not in html
    assert "language SPL × or Sigma × and parsed parsed in part ×" in said(html)
    assert "a.yml" in page(client, "/sources/?vendor=sigma") and "a.yml" not in page(client, "/sources/?vendor=elastic")
    assert "All of them by language" not in page(client, "/sources/?vendor=sigma")


def test_nothing_matches_and_bad_values_are_refused(client: Client, catalog: Technique) -> None:
    html = page(client, "/sources/?vendor=sigma&language=spl")
    assert "No source matches all of these filters. Take off" in text(html)
    assert links(html, "clear") == [("Clear filters", "/sources/")]
    for query in ("vendor=nobody", "public=maybe", "parse=half", "colour=red"):
        assert 'role="alert"' in page(client, f"/sources/?{query}", 400)


@pytest.mark.parametrize("query", ["", "?parse=partial&parse=none", "?vendor=splunk&vendor=elastic", "?language=spl"])
def test_every_number_opens_the_rules_that_it_counts(client: Client, catalog: Technique, query: str) -> None:
    html = page(client, f"/sources/{query}")
    found = re.findall(r'<a href="(/rules/\?[^"]*)">([\d,]+)</a>', html)
    assert len(found) >= 3
    for address, number in found:
        count = re.search(r'id="list-count"[^>]*>([\d,]+) rule', page(client, unescape(address)))
        assert count and count[1] == number, address


def test_private_sources_are_a_facet_for_members(client: Client, catalog: Technique) -> None:
    rows.rule("Ours", [catalog], at=rows.source("ours", public=False), language="esql")
    assert "ours" not in page(client, "/sources/") and names(page(client, "/sources/?public=no")) == []
    client.force_login(User.objects.create_user("member"))
    html = page(client, "/sources/")
    assert facet(html, "public") == [("all", 6), ("everybody", 5), ("members", 1)]
    html = page(client, "/sources/?public=no")
    assert names(html) == ["ours"] and 'href="/rules/?vendor=ours&amp;language=esql"' in html


def test_the_api_asks_the_same(client: Client, catalog: Technique) -> None:
    found = client.get("/api/v1/sources/?language=spl").json()["results"]
    assert [(row["slug"], row["rules"]) for row in found] == [("splunk", 2)]
