"""The lists: what is filtered is said and taken off, headings sort, pages keep filters, empty lists say what to do."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.template.loader import render_to_string
from django.test import Client

from detections.models import Technique
from tests.pages import rows
from tests.pages.test_techniques import page, table, text

FILTERED = "/rules/?vendor=elastic&vendor=splunk&domain=cloud"


def said(html: str) -> str:
    """The filters in force, as they are seen."""
    if '<div class="in-force"' not in html:
        return ""
    return re.sub(r"Take off [^:]*: ", "", text(html.split('<div class="in-force"')[1].split("</div>")[0]))


def links(html: str, css_class: str) -> list[tuple[str, str]]:
    """(words, address) of the links of a class."""
    found = re.findall(rf'<a class="{css_class}"[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    return [(text(words), unescape(address)) for address, words in found]


def titles(html: str) -> list[str]:
    return re.findall(r'class="opens"[^>]*>([^<]*)</a>', html)


def test_what_is_filtered_is_said_in_words_and_taken_off_one_by_one(client: Client, snapshot: Technique) -> None:
    html = page(client, FILTERED)
    assert "vendor Elastic × or Splunk × and domain cloud × Clear filters" in said(html)
    assert links(html, "chip") == [
        ("Take off Vendor: Elastic ×", "/rules/?domain=cloud&vendor=splunk"),
        ("Take off Vendor: Splunk ×", "/rules/?domain=cloud&vendor=elastic"),
        ("Take off Domain: cloud ×", "/rules/?vendor=elastic&vendor=splunk"),
    ]
    assert said(page(client, "/rules/")) == ""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tactic=TA0002", "tactic Execution"),
        ("language=spl", "language SPL"),
        ("parse=none", "parsed not parsed"),
        ("live=all", "shown all"),
        ("q=database", "search database"),
        ("technique=t1059", "technique T1059"),
    ],
)
def test_every_filter_has_its_words(client: Client, snapshot: Technique, query: str, words: str) -> None:
    assert words in said(page(client, f"/rules/?{query}"))


def test_taking_off_keeps_order_and_size_but_not_the_page(client: Client, snapshot: Technique) -> None:
    html = page(client, "/rules/?vendor=elastic&ordering=-title&page_size=1&page=1")
    assert links(html, "chip")[0][1] == links(html, "clear")[0][1] == "/rules/?ordering=-title&page_size=1"
    form = html.split('<form class="facets"')[1].split("</form>")[0]
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    assert hidden == [("ordering", "-title"), ("page_size", "1")]


def test_pages_keep_filters_and_order(client: Client, snapshot: Technique) -> None:
    html = page(client, f"{FILTERED}&ordering=-title&page_size=1")
    following = unescape(re.search(r'rel="next" href="([^"]*)"', html)[1])
    assert set(following[1:].split("&")) == {
        "vendor=elastic", "vendor=splunk", "domain=cloud", "ordering=-title", "page_size=1", "page=2",
    }  # fmt: skip
    assert titles(html) + titles(page(client, f"/rules/{following}")) == [
        "Snapshot of a database cluster", "A search nobody reads",
    ]  # fmt: skip


def test_headings_sort_and_turn_around(client: Client, snapshot: Technique) -> None:
    for title, level in (("B", "critical"), ("C", ""), ("D", "informational"), ("E", "odd")):
        rows.rule(title, [snapshot], level=level, modified="2026-01-01" if title == "D" else "")
    html = page(client, "/rules/?ordering=-level")
    assert titles(html)[0] == "B" and titles(html)[-2:] == ["D", "C"]
    assert titles(page(client, "/rules/?ordering=level"))[0] == "D"
    assert titles(page(client, "/rules/?ordering=level"))[-2:] == ["B", "C"]
    assert titles(page(client, "/rules/?ordering=-modified"))[0] == "D"
    assert titles(page(client, "/rules/?ordering=vendor"))[-1] == "A search nobody reads"
    assert html.count("aria-sort=") == 1 and 'aria-sort="descending"' in html
    sorts = dict(links(html, "sorts"))
    assert sorts["Level ▼"] == "/rules/?ordering=level" and sorts["Modified"] == "/rules/?ordering=-modified"
    assert sorts["Rule"] == "/rules/?ordering=title"


@pytest.mark.parametrize("address", ["/rules/?ordering=colour", "/techniques/?ordering=-colour"])
def test_an_order_that_does_not_exist_is_named(client: Client, snapshot: Technique, address: str) -> None:
    html = page(client, address, 400)
    assert "ordering : Write one of" in text(html) and not titles(html)
    known = "title, vendor, level, status, modified, created" if "rules" in address else "attack_id, name, rules"
    assert known in text(html)
    assert known in client.get(f"/api/v1{address}").json()["errors"]["ordering"][0]


def test_no_rule_matches_and_the_filter_to_take_off_first_is_named(client: Client, snapshot: Technique) -> None:
    html = page(client, "/rules/?vendor=sigma&platform=AWS&q=tool")
    words = text(html)
    assert "No rule matches all of these filters. Take off platform AWS first: 1 rule would be left." in words
    assert 'href="/rules/?vendor=sigma&amp;q=tool"' in html
    html = page(client, "/rules/?vendor=sigma&platform=AWS")
    assert "Take off vendor SigmaHQ first: 1 rule would be left. Without platform AWS : 1 rule" in text(html)
    html = page(client, "/rules/?vendor=sigma&platform=AWS&q=nowhere")
    assert "No single filter is in the way" in text(html) and 'href="/rules/"' in html


def test_no_technique_matches(client: Client, snapshot: Technique) -> None:
    html = page(client, "/techniques/?q=snapshot&vendor=sigma")
    assert "No technique matches all of these filters. Take off" in text(html)
    assert 'href="/techniques/?q=snapshot"' in html and "1 technique would be left" in text(html)


def test_techniques_sort_by_rules_name_and_id_each_once(client: Client, snapshot: Technique) -> None:
    other = Technique.objects.get(attack_id="T1059")
    other.tactics.add(rows.tactic())
    rows.rule("One more", [other])
    assert page(client, "/techniques/").count("<td>T1059</td>") == 2
    html = page(client, "/techniques/?ordering=-rules")
    assert re.findall(r"<td>(T[\d.]+)</td>", html) == ["T1059", "T1578.001", "T1578"]
    assert 'aria-sort="descending"' in html and "Modify Cloud Compute Infrastructure" in html
    html = page(client, "/techniques/?ordering=name")
    assert re.findall(r"<td>(T[\d.]+)</td>", html) == ["T1059", "T1578.001", "T1578"]
    html = page(client, "/techniques/?ordering=-attack_id")
    assert re.findall(r"<td>(T[\d.]+)</td>", html) == ["T1578.001", "T1578", "T1059"]


def test_the_list_of_techniques_counts_each_vendor(client: Client, snapshot: Technique) -> None:
    assert table(page(client, "/techniques/?vendor=elastic"), "TA0005") == [
        ["T1578", "Modify Cloud Compute Infrastructure 1 sub-technique"],
        ["T1578.001", "Create Snapshot", "1", "·", "·", "1", ""],
    ]


def test_a_technique_without_rules_says_which_neighbours_have_some(client: Client, snapshot: Technique) -> None:
    alone = rows.technique("T1578.002", "Create Instance", parent=snapshot.parent)
    said = text(page(client, f"/techniques/{alone.attack_id}/"))
    assert "Its neighbours have some: Sibling T1578.001 Create Snapshot 2 rules" in said
    assert "Sub-technique T1578.001 Create Snapshot 2 rules" in text(page(client, "/techniques/T1578/"))
    rows.rule("Of the parent", [snapshot.parent], language="eql")
    assert "Parent T1578 Modify Cloud Compute Infrastructure 1 rule Sibling" in text(
        page(client, f"/techniques/{alone.attack_id}/")
    )
    filtered = page(client, f"/techniques/{alone.attack_id}/?language=eql")
    assert "Without filters" in filtered and 'href="/techniques/T1578/?language=eql"' in filtered
    assert "T1578.001" not in text(filtered.split('class="empty neighbours"')[1].split("</div>\n</section>")[0])
    only = rows.technique("T1600", "Nobody detects it")
    assert "neighbours" not in text(page(client, f"/techniques/{only.attack_id}/"))


def test_neighbours_are_the_readers_own(client: Client, snapshot: Technique) -> None:
    ours = rows.source("ours", public=False)
    parent = rows.technique("T1600", "Weaken")
    child = rows.technique("T1600.001", "Weaken more", parent=parent)
    rows.rule("Hidden", [child], at=ours)
    assert "None of its neighbours has one either" in page(client, "/techniques/T1600/")
    client.force_login(User.objects.create_user("member"))
    assert "T1600.001 Weaken more 1 rule" in text(page(client, "/techniques/T1600/"))


@pytest.mark.parametrize("written", ["T1578.01", "t1578.1", "T15780", "T1O59", "1059"])
def test_a_mistyped_id_suggests(client: Client, snapshot: Technique, written: str) -> None:
    html = page(client, f"/techniques/{written}/", 404)
    close = "T1059" if "59" in written else "T1578"
    assert f'href="/techniques/{close}' in html.split("Did you mean")[1]


@pytest.mark.parametrize("template", ["500.html", "404.html", "403.html", "400.html"])
def test_every_error_has_a_page_of_the_site(template: str, db: None) -> None:
    html = render_to_string(template)
    assert "<h1>" in html and 'href="/"' in html and "Fieldguide" in html


def test_the_page_of_a_fault_needs_no_database(client: Client, snapshot: Technique) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseError("The database is away.")

    client.raise_request_exception = False
    with connection.execute_wrapper(refuse):
        response = client.get("/rules/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "The database is away" not in response.content.decode()
