"""Facets: every count is the number of rows that its value gives, and every value is a control that asks for it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Technique
from tests.pages import rows
from tests.pages.test_techniques import page, text

Control = tuple[str, str, str, int, bool]  # facet, value sent, words, rows, chosen


def controls(html: str) -> list[Control]:
    """Every checkbox and radio button of the facets."""
    found = []
    for label in re.findall(r"<label>(<input .*?)</label>", html, re.DOTALL):
        name = re.search(r'name="(\w+)"', label)[1]
        value = unescape(re.search(r'value="([^"]*)"', label)[1])
        number = re.search(r'class="rows">([\d,]+)', label)[1]
        word = text(re.search(r'class="word">(.*?)</span>', label, re.DOTALL)[1])
        found.append((name, value, word, int(number.replace(",", "")), " checked" in label))
    return found


def facet(html: str, name: str) -> list[tuple[str, int]]:
    return [(word, number) for one, _, word, number, _ in controls(html) if one == name]


def number_of_rows(html: str) -> int:
    return int(re.search(r'data-told="([\d,]+)', html)[1].replace(",", ""))


def test_the_facets_of_rules(client: Client, snapshot: Technique) -> None:
    html = page(client, "/rules/")
    assert facet(html, "vendor") == [("Elastic", 1), ("SigmaHQ", 1), ("Splunk", 1)]
    assert facet(html, "tactic") == [("Execution", 2), ("Defense Impairment", 2)]
    assert facet(html, "platform") == [("AWS", 1), ("Linux", 1), ("Windows", 1)]
    assert facet(html, "domain") == [("cloud", 2), ("endpoint", 1)]
    assert facet(html, "language") == [("KQL", 1), ("Sigma", 1), ("SPL", 1)]
    assert facet(html, "level") == [("medium", 3)] and facet(html, "status") == [("production", 3)]
    assert facet(html, "parse") == [("parsed in full", 2), ("not parsed", 1)]
    assert facet(html, "live") == []


def test_a_facets_own_values_are_counted_without_it_and_the_others_with_it(client: Client, snapshot: Technique) -> None:
    html = page(client, "/rules/?vendor=sigma")
    assert facet(html, "vendor") == [("Elastic", 1), ("SigmaHQ", 1), ("Splunk", 1)]
    assert facet(html, "platform") == [("Windows", 1)] and facet(html, "domain") == [("endpoint", 1)]
    assert facet(html, "tactic") == [("Execution", 1)]
    assert [value for name, value, *_, chosen in controls(html) if chosen] == ["sigma"]


def test_a_chosen_value_without_rows_stays_and_others_are_folded_away(client: Client, snapshot: Technique) -> None:
    html = page(client, "/rules/?vendor=sigma&platform=AWS")
    assert ("AWS", 0) in facet(html, "platform") and ("Windows", 1) in facet(html, "platform")
    assert ("SigmaHQ", 0) in facet(html, "vendor") and ("Elastic", 1) in facet(html, "vendor")
    assert "Linux" not in dict(facet(html, "platform"))


def test_a_long_facet_folds_what_is_behind_its_first_values(client: Client, snapshot: Technique) -> None:
    for number in range(12):
        rows.rule(f"Numbered {number}", [snapshot], platforms=["AWS", f"Platform {number:02}"])
    html = page(client, "/rules/")
    shown, _, folded = html.partition('<details id="further-platform">')
    folded = folded.split("</details>")[0]
    assert facet(shown, "platform")[0] == ("AWS", 13) and len(facet(shown, "platform")) == 6
    assert len(facet(folded, "platform")) == 9 and "9 more" in text(folded)
    opened = page(client, "/rules/?platform=Windows&platform=Platform 00")
    assert '<details id="further-platform" open>' in opened


def test_rules_that_do_not_count_can_be_chosen(client: Client, snapshot: Technique) -> None:
    rows.rule("Was here", [snapshot], own_id="old", lifecycle="deprecated", level="low")
    html = page(client, "/rules/")
    assert facet(html, "live") == [("live rules", 3), ("retired, deprecated, copied", 1), ("all", 4)]
    assert dict(facet(html, "level")) == {"medium": 3}
    assert dict(facet(page(client, "/rules/?live=all"), "level")) == {"medium": 3, "low": 1}


def test_a_tactic_is_asked_by_any_of_its_names_and_a_structural_parent_states_none(
    client: Client, snapshot: Technique
) -> None:
    assert number_of_rows(page(client, "/rules/?tactic=TA0002")) == 2
    assert number_of_rows(page(client, "/rules/?tactic=defense-impairment&tactic=Execution")) == 3
    other = rows.technique("T1700", "Of a third tactic", tactics=[rows.tactic("TA0040", "Impact", 9)])
    rows.rule("By form alone", [snapshot], structural=[other])
    html = page(client, "/rules/")
    assert "Impact" not in dict(facet(html, "tactic"))
    assert client.get("/api/v1/rules/?tactic=impact").json()["count"] == 0
    assert client.get("/api/v1/rules/?tactic=execution&vendor=sigma").json()["count"] == 1
    assert "Did you mean execution?" in client.get("/api/v1/rules/?tactic=executoin").json()["errors"]["tactic"][0]
    rows.technique("T1701", "Gone", deprecated=True, tactics=[rows.tactic("TA0040", "Impact", 9)])
    rows.rule("Of what is gone", [Technique.objects.get(attack_id="T1701")])
    assert number_of_rows(page(client, "/rules/?tactic=impact")) == 0


def test_the_facets_of_techniques(client: Client, snapshot: Technique) -> None:
    lonely = rows.technique("T1600", "Nobody detects it", platforms=["IaaS", "Windows"])
    html = page(client, "/techniques/")
    assert facet(html, "tactic") == [("Execution", 1), ("Defense Impairment", 3)]
    assert facet(html, "show") == [("all", 4), ("with rules", 3), ("without rules", 1)]
    assert facet(html, "attack_platform") == [("IaaS", 4), ("Windows", 1)]
    assert facet(html, "vendor") == [("Elastic", 1), ("SigmaHQ", 1), ("Splunk", 2)]
    html = page(client, "/techniques/?attack_platform=Windows")
    assert number_of_rows(html) == 1 and lonely.name in html
    assert facet(html, "vendor") == [] and ("IaaS", 4) in facet(html, "attack_platform")
    assert number_of_rows(page(client, "/techniques/?attack_platform=Windows&attack_platform=IaaS")) == 4
    found = client.get("/api/v1/techniques/?attack_platform=Windows").json()
    assert [row["attack_id"] for row in found["results"]] == ["T1600"]
    found = client.get("/api/v1/techniques/?show=missing&vendor=sigma").json()
    assert [row["attack_id"] for row in found["results"]] == ["T1578", "T1578.001", "T1600"]
    assert "attack_platform" in client.get("/api/v1/techniques/?attack_platform=Amiga").json()["errors"]


ASKED = [
    "/rules/", "/rules/?vendor=sigma", "/rules/?vendor=sigma&vendor=splunk&domain=cloud", "/rules/?live=all&level=low",
    "/rules/?q=numbered&platform=AWS&tactic=execution", "/rules/?technique=T1059&live=no",
    "/rules/?parse=none&status=x",
    "/techniques/", "/techniques/?vendor=sigma", "/techniques/?vendor=sigma&show=missing",
    "/techniques/?domain=cloud&show=covered&tactic=execution", "/techniques/?attack_platform=IaaS&level=low",
    "/techniques/?q=snapshot&platform=AWS", "/techniques/?show=missing&attack_platform=Linux",
]  # fmt: skip


@pytest.mark.parametrize("address", ASKED)
def test_every_count_is_what_choosing_the_value_alone_gives(client: Client, snapshot: Technique, address: str) -> None:
    other = Technique.objects.get(attack_id="T1059")
    rows.technique("T1600", "Nobody detects it", platforms=["Linux"])
    for number in range(9):
        rows.rule(
            f"Numbered {number}", [snapshot, other][: 1 + number % 2],
            at=rows.source(("elastic", "sigma", "splunk")[number % 3]), level=("low", "high", "")[number % 3],
            status=("x", "production")[number % 2], platforms=[("AWS", "Linux")[number % 2]],
            domains=[("cloud", "endpoint")[number > 5]], parse=("none", "partial", "full")[number // 3],
            lifecycle=("live", "retired")[number % 4 == 3],
        )  # fmt: skip
    html = page(client, address)
    path, _, query = address.partition("?")
    pairs = [tuple(pair.split("=")) for pair in query.split("&")] if query else []
    checked = 0
    for name, value, _, number, _ in controls(html):
        alone = urlencode([*(pair for pair in pairs if pair[0] != name), *([(name, value)] if value else [])])
        assert number_of_rows(page(client, f"{path}?{alone}")) == number, (name, value)
        checked += 1
    assert checked > 3


def test_private_rules_are_counted_for_members_only(client: Client, snapshot: Technique) -> None:
    ours = rows.source("ours", public=False, name="Our obscure team")
    rows.rule("Hidden", [snapshot], at=ours, platforms=["Obscure OS"], domains=["obscure"], level="obscure")
    for address in ("/rules/", "/rules/?live=all", "/techniques/", "/techniques/?show=covered"):
        html = page(client, address)
        assert "bscure" not in html
    client.force_login(User.objects.create_user("member"))
    for address in ("/rules/", "/techniques/"):
        html = page(client, address)
        assert ("Our obscure team", 1) in facet(html, "vendor") and ("Obscure OS", 1) in facet(html, "platform")


@pytest.mark.parametrize(
    "address",
    [
        "/rules/?vendor=elastic&platform=AWS&level=medium&tactic=defense-impairment&ordering=-level",
        "/rules/?vendor=sigma&platform=AWS&level=medium&q=nothing",
        "/techniques/?vendor=elastic&tactic=execution&attack_platform=IaaS&ordering=-rules",
        "/techniques/?vendor=elastic&q=nothing&show=missing",
    ],
)
def test_fifteen_queries_are_enough_and_none_grows_with_the_rows(
    client: Client, snapshot: Technique, django_assert_max_num_queries, address: str
) -> None:
    with django_assert_max_num_queries(15) as few:
        page(client, address)
    other = Technique.objects.get(attack_id="T1059")
    for number in range(20):
        rows.rule(f"Numbered {number}", [snapshot, other], platforms=["AWS", f"P{number}"])
        rows.technique(f"T18{number:02}", f"Further {number}", platforms=["IaaS", f"P{number}"])
    with django_assert_max_num_queries(len(few)):
        page(client, address)
