"""The search page: what it finds, in groups, with what matched; its empty, mistaken and broken searches."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from detections.models import Rule, RuleName, Technique
from detections.searching.grammar import KEYS, LONGEST, OPERATORS
from tests.pages import rows
from tests.pages.test_techniques import text


def searched(client: Client, words: str, status: int = 200, **more: str) -> str:
    response = client.get("/search/", {"q": words, **more})
    assert response.status_code == status, response.content.decode()
    return response.content.decode()


def marks(html: str) -> list[str]:
    return [unescape(mark) for mark in re.findall(r'<mark class="found">(.*?)</mark>', html)]


def counts(html: str) -> dict[str, str]:
    return dict(re.findall(r'<h2 id="(\w+)">\w+ <span class="dim">([\d,]+)</span>', html))


def test_every_group_is_found_counted_and_marked(client: Client, snapshot: Technique) -> None:
    rule = Rule.objects.get(own_id="snapshot")
    RuleName.objects.create(rule=rule, name="db.snapshot.type", canonical="EventType")
    html = searched(client, "snap")
    assert counts(html) == {"techniques": "1", "fields": "1", "indicators": "2", "rules": "1"}
    assert 'href="/techniques/T1578.001/"' in html and 'href="/rules/elastic/snapshot/"' in html
    assert "EventType 1 rule · also db.snapshot.type" in text(html)
    assert {mark.lower() for mark in marks(html)} == {"snap", "snapshot"}


def test_what_the_title_does_not_say_is_shown_out_of_the_text_that_does(client: Client, snapshot: Technique) -> None:
    html = searched(client, "database createdbcl")
    assert '<p class="excerpt of-query">' in html and "CreateDBClusterSnapshot" in marks(html)
    rows.rule("Plain", [snapshot], description="First.\n\nSomebody   exports a snapshot. " + "More. " * 90)
    html = searched(client, "exports")
    assert "First. Somebody exports a snapshot." in text(html) and " …" in text(html)


def test_a_test_that_was_asked_for_is_shown_beside_its_rule(client: Client, snapshot: Technique) -> None:
    html = searched(client, "field:User value:*robot excluded:yes")
    assert counts(html) == {"indicators": "1", "rules": "1"}
    assert "excluded User eq backup- robot" in text(html) and marks(html) == ["robot", "robot"]
    assert counts(searched(client, "field:User value:*robot excluded:no")) == {}


def test_texts_are_escaped_also_where_they_are_marked(client: Client, snapshot: Technique) -> None:
    rows.rule("<script>alert(1)</script>", [snapshot], [("X", "eq", ["<img src=x>"], False)], own_id="evil")
    rows.counted()
    for words in ("script alert", "<img", "value:*<img*", "'><script>"):
        html = searched(client, words)
        assert "<script>alert" not in html and "<img src=x>" not in html
    assert set(marks(searched(client, "script"))) == {"Script", "script"}


def test_groups_lead_to_all_of_theirs(client: Client, snapshot: Technique) -> None:
    for number in range(60):
        rows.rule(
            f"Extra {number:02}",
            [snapshot],
            [(f"Extra{number}", "eq", [f"extra {number}"], False)],
            at=rows.source("sigma"),
        )
    rows.counted()
    html = searched(client, "extra")
    assert counts(html) == {"fields": "60", "indicators": "60", "rules": "60"}
    for name in ("rules", "fields", "indicators"):
        assert f'href="/{name}/?q=extra"' in html
        said = text(client.get(f"/{name}/?q=extra").content.decode())
        assert f"60 {name}" in said, said
    (way,) = {unescape(way) for way in re.findall(r'href="(/search/\?[^"]+)"', searched(client, "extra value:extra*"))}
    whole = client.get(way).content.decode()
    assert counts(whole) == {"indicators": "60"} and "Page 1 of 2" in text(whole)
    by_vendor = searched(client, "a")
    assert 'href="/rules/?q=a&amp;vendor=elastic"' in by_vendor


def test_a_mistyped_word_is_answered_with_those_that_are_alike(client: Client, snapshot: Technique) -> None:
    html = searched(client, "snapshto database")
    assert "Nothing answers “snapshto database”." in text(html)
    assert "Did you mean snapshot database ?" in text(html)
    assert counts(searched(client, "snapshot database"))["rules"] == "1"
    assert "Did you mean" not in searched(client, "qqqqzzzz")


def test_nobody_is_told_of_the_words_of_a_private_rule(client: Client, snapshot: Technique) -> None:
    rows.rule("Kryptonite", [snapshot], at=rows.source("team", public=False))
    assert "ryptonite" not in searched(client, "kryptonit").replace("kryptonit", "")


def test_nothing_typed_shows_how_to_search(client: Client, snapshot: Technique) -> None:
    assert "How to search" in text(client.get("/search/").content.decode())


def test_what_cannot_be_read_is_shown_in_its_place(client: Client, snapshot: Technique) -> None:
    html = searched(client, 'tool feild:Image value:"a', 400)
    assert marks(html) == ["feild:Image", 'value:"a']
    assert "At 6, feild:Image: there is no key 'feild'. Did you mean field?" in text(html)
    assert "the quote is not closed" in text(html) and counts(html) == {}
    assert "No more than" in text(searched(client, "x" * 500, 400)) or "at most" in text(
        searched(client, "x" * 500, 400)
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [("group=rules", "Write one of: indicators."), ("page=0", "whole number"), ("x=1", "no parameter 'x'")],
)
def test_a_parameter_that_nothing_knows_is_told(client: Client, snapshot: Technique, query: str, message: str) -> None:
    response = client.get(f"/search/?q=a&{query}")
    assert response.status_code == 400 and message in text(response.content.decode())


@pytest.mark.parametrize("words", ["snapshot", "Snapshot ", "SNAPSHOT"])
def test_the_id_of_a_rule_leads_to_it(client: Client, snapshot: Technique, words: str) -> None:
    assert client.get("/search/", {"q": words}).status_code == 302


PIECES = st.sampled_from(
    [
        *(f"{key}:" for key in KEYS), *OPERATORS, "-", '"', "*", " ", "\\", "[*]", "a", "Image", "É", ":", "yes",
        "\x00", "'", "%", "_", "(", ")", "NEAR(", " OR ", " AND ", " NOT ", "title:", "^", "+", "&", "|", "<->", ":*",
        "!", "--", ";", "\U0001f512", "T1578", "elastic", "success", "event.outcome", "İ", "ß", "ǆ", "Ⅷ", "²",
    ]
)  # fmt: skip


@pytest.mark.django_db
class AnythingTest(TestCase):
    """Whatever is typed: an answer or an explanation, never an error of the server or of the database."""

    def setUp(self) -> None:
        rows.snapshot_catalog()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(st.text(max_size=LONGEST + 20), st.lists(PIECES, max_size=24).map("".join)))
    def test_anything_is_answered(self, typed: str) -> None:
        query = urlencode({"q": typed}, errors="surrogatepass")
        for address in ("/search/", "/search/suggest/", "/rules/", "/api/v1/rules/", "/api/v1/search/"):
            response = self.client.get(f"{address}?{query}")
            assert response.status_code in (200, 302, 400), (address, typed)
