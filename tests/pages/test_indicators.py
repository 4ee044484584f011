"""Indicators: the list with its filters, one indicator's page, and the rules that check several of them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.pages import indicators as module
from detections.models import Indicator, Rule, Technique
from tests.pages import rows
from tests.pages.test_lists import links, said, titles
from tests.pages.test_techniques import page, text

SUCCESS = rows.key("event.outcome", "eq", "success")
TOOL = rows.key("Image", "endswith", "\\tool.exe")
ROBOT = rows.key("User", "eq", "backup-robot")


@pytest.fixture
def tools(snapshot: Technique) -> Technique:
    """More rules around the tool of the snapshot catalog, and a private one."""
    for title, values in (("Once more", ["\\TOOL.exe", "\\other.exe"]), ("And again", ["\\other.exe"])):
        rows.rule(
            title, [snapshot],
            [("Image", "endswith", values, False), ("CommandLine", "contains", ["100%_\\Quiet"], False)], level="high",
        )  # fmt: skip
    rows.rule("Wide", [snapshot], [("Image", "contains", ["tool"], False)], at=rows.source("sigma"))
    rows.rule("Excludes", [snapshot], [("Image", "endswith", ["\\tool.exe"], True)])
    team = rows.source("team", public=False)
    rows.rule(
        "Ours", [snapshot],
        [("Image", "endswith", ["\\tool.exe"], False), ("Image", "contains", ["secret\\tool.exe"], False)], at=team,
    )  # fmt: skip
    rows.counted()
    return snapshot


def listed(html: str) -> list[list[str]]:
    """Field, operator, value, reach and excluded reach of each row."""
    body = re.search(r'indicator-list">.*?<tbody>(.*?)</tbody>', html, re.DOTALL)
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL) if body else []
    return [[text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in found]


def values(client: Client, query: str) -> list[str]:
    return [row[2] for row in listed(page(client, f"/indicators/{query}"))]


def section(html: str, heading: str) -> str:
    return html.split(f'<section class="section" aria-labelledby="{heading}"')[1].split("</section>")[0]


def test_the_list_is_by_reach(client: Client, tools: Technique) -> None:
    html = page(client, "/indicators/")
    assert listed(html)[:4] == [
        ["CommandLine", "contains", "100%_\\Quiet", "2", ""],
        ["Image", "endswith", "\\other.exe", "2", ""],
        ["Image", "endswith", "\\tool.exe", "2", "1"],
        ["event.outcome", "eq", "success", "2", ""],
    ]
    assert listed(html)[-1] == ["User", "eq", "backup-robot", "", "1"]
    assert "10 indicators" in text(html) and "secret" not in html
    assert f'/rules/?indicator={TOOL}">2</a>' in html and f'/rules/?excluded_indicator={TOOL}">1</a>' in html
    assert 'aria-sort="descending"' in html and dict(links(html, "sorts"))["Value"] == "/indicators/?ordering=value"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?field=User", ["backup-robot"]),
        ("?field=User&field=CommandLine", ["100%_\\Quiet", "backup-robot"]),
        ("?operator=contains", ["100%_\\Quiet", "tool"]),
        ("?role=scope", ["aws.cloudtrail"]),
        ("?q=TOOL", ["\\tool.exe", "tool"]),
        ("?q=%25_", ["100%_\\Quiet"]),
        ("?q=%5C%5CQUIET", ["100%_\\Quiet"]),
        ("?vendor=sigma", ["\\tool.exe", "success", "tool"]),
        ("?vendor=sigma&vendor=splunk&q=o&min_reach=2", ["\\tool.exe"]),
        ("?min_reach=0&field=User", ["backup-robot"]),
        ("?min_reach=1&field=User", []),
        ("?field=Image&ordering=value", ["\\other.exe", "\\tool.exe", "tool"]),
        ("?field=Image&ordering=-excluded", ["\\tool.exe", "\\other.exe", "tool"]),
        ("?field=&operator=&role=&vendor=&q=tool&min_reach=", ["\\tool.exe", "tool"]),
        ("?page_size=2&page=2&field=Image", ["tool"]),
    ],
)
def test_filters_and_orders(client: Client, tools: Technique, query: str, found: list[str]) -> None:
    assert values(client, query) == found
    if "=&" not in query:  # what a form without scripts sends is the page's own
        api = client.get(f"/api/v1/indicators/{query}").json()
        assert [row["value"] for row in api["results"]] == found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?field=image", "field : 'image' is no value that the catalog has. Did you mean Image?"),
        ("?operator=like", "operator : 'like' is no value that the catalog has. Known: eq, in,"),
        ("?min_reach=-1", "min_reach : Ensure this value is greater than or equal to 0."),
        ("?min_reach=many", "min_reach : Enter a whole number."),
        ("?min_reach=99999999999999999999", "min_reach : Ensure this value is less than"),
        ("?q=%00", "q :"),
        ("?vendor=team", "vendor : 'team' is no value"),
        ("?ordering=colour", "ordering : Write one of reach, excluded, field, operator, value"),
        ("?colour=red", "colour : There is no parameter 'colour'"),
        ("?page=0", "page : Write a whole number from 1."),
    ],
)
def test_what_the_list_does_not_know(client: Client, tools: Technique, query: str, words: str) -> None:
    html = page(client, f"/indicators/{query}", 400)
    assert words in text(html) and listed(html) == []


def test_the_filters_in_force_are_said_and_taken_off(client: Client, tools: Technique) -> None:
    html = page(client, "/indicators/?q=tool&vendor=sigma&min_reach=0")
    assert "part of the value tool × and vendor SigmaHQ × and reach from 0 ×" in said(html)
    html = page(client, "/indicators/?q=tool&role=scope")
    assert "No indicator matches all of these filters. Take off role scope first: 2 indicators would be left." in text(
        html
    )


def test_the_count_is_bounded(client: Client, tools: Technique, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_COUNTED", 4)
    html = page(client, "/indicators/?page_size=2&page=9")
    assert "More than 4 indicators" in text(html) and "Page 2 of 2" in text(html)
    assert "The list ends after 4 indicators" in text(html) and len(listed(html)) == 2


def test_an_indicator_tells_who_uses_it(client: Client, tools: Technique) -> None:
    html = page(client, f"/indicators/{TOOL}/")
    words = text(html)
    assert "Checked by 2 rules" in words and "Excluded by 1 rule" in words and "Equivalent reach 2 rules" in words
    assert "how common an indicator is among rule authors, not how noisy it is in a network" in words
    assert "Elastic 1 1 SigmaHQ 1" in text(section(html, "vendors"))
    assert "T1578.001 Modify Cloud Compute Infrastructure: Create Snapshot 1 1" in text(section(html, "techniques"))
    assert f"/rules/?indicator={TOOL}&amp;technique=T1578.001" in section(html, "techniques")
    assert "Image endswith \\TOOL.exe 1 Image endswith \\tool.exe 1" in text(section(html, "spellings"))
    variants = text(section(html, "variants"))
    assert "Wider Kind Value Rules contains tool 1 Narrower No rule checks one." in variants
    assert "whose operator is no stricter" in variants
    together = section(html, "together")
    assert "event.outcome eq success 1" in text(together)
    assert f'/rules/?indicator={TOOL}&amp;indicator={SUCCESS}"' in together
    assert titles(html) == ["A tool starts", "Once more"] and "Ours" not in html and "secret" not in html
    facets = html.split('<form class="facets"')[1].split("</form>")[0]
    assert 'action="/rules/"' in facets and f'name="indicator" value="{TOOL}"' in facets
    assert "SigmaHQ 1 rules" in text(facets) and "high 1 rules" in text(facets)


def test_a_member_sees_what_is_private(client: Client, tools: Technique) -> None:
    client.force_login(User.objects.create_user("member"))
    html = page(client, f"/indicators/{TOOL}/")
    assert "Checked by 3 rules" in text(html) and "Team 1" in text(section(html, "vendors"))
    assert "secret\\tool.exe" in text(section(html, "together"))
    assert values(client, "?q=secret") == ["secret\\tool.exe"]


def test_every_number_opens_its_rules(client: Client, tools: Technique) -> None:
    html = page(client, f"/indicators/{TOOL}/")
    found = re.findall(r'<a href="(/rules/\?[^"]*)"[^>]*>([\d,]+)</a>', html)
    assert len(found) >= 10
    for address, number in found:
        listing = page(client, unescape(address))
        assert text(re.search(r'id="list-count"[^>]*>(.*?)</h2>', listing, re.DOTALL)[1]).split()[0] == number


def test_the_rules_that_exclude_an_indicator(client: Client, tools: Technique) -> None:
    html = page(client, f"/indicators/{TOOL}/?excluded=1")
    assert titles(html) == ["Excludes"] and "Rules that exclude it" in html
    assert f'name="excluded_indicator" value="{TOOL}"' in html
    assert titles(page(client, f"/rules/?excluded_indicator={TOOL}")) == ["Excludes"]
    only = page(client, f"/indicators/{ROBOT}/")
    assert "Rules that exclude it" in only and titles(only) == ["Snapshot of a database cluster"]
    assert "Write 1 for exclusions" in text(page(client, f"/indicators/{TOOL}/?excluded=maybe", 400))
    assert "no parameter &#x27;vendor&#x27;" in page(client, f"/indicators/{TOOL}/?vendor=sigma", 400)


def test_an_indicator_opens_in_place(client: Client, tools: Technique) -> None:
    fragment = page(client, f"/indicators/{TOOL}/", **{"HX-Request": "true"})
    assert "<html" not in fragment
    assert "2 rules of the catalog check exactly this; 2 with every way to write it" in text(fragment)
    assert "Image endswith \\TOOL.exe 1" in text(fragment)


def test_scope_has_no_equivalent_reach(client: Client, snapshot: Technique) -> None:
    html = page(client, f"/indicators/{rows.key('event.dataset', 'eq', 'aws.cloudtrail')}/")
    assert "It selects a data source" in html and "Equivalent reach" not in html and 'id="spellings"' not in html


def test_further_spellings_and_techniques_follow(client: Client, snapshot: Technique) -> None:
    for number in range(15):
        technique = rows.technique(f"T2{number:03}", f"Technique {number}")
        spelled = "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate("tool"))
        rows.rule(f"Spelled {number}", [technique], [("Image", "endswith", [f"\\{spelled}.exe"], False)])
    rows.counted()
    html = page(client, f"/indicators/{TOOL}/")
    for heading, part, columns in (("spellings", "spellings", 4), ("techniques", "techniques", 3)):
        first = section(html, heading)
        more = re.search(rf'href="(/indicators/{TOOL}/{part}/\?offset=\d+)"', first)[1]
        rows_here = first.count("data-label") // columns
        fragment = page(client, more, **{"HX-Request": "true"})
        assert "<html" not in fragment
        whole = page(client, f"/indicators/{TOOL}/{part}/")
        assert whole.count("data-label") == first.count("data-label") + fragment.count("data-label")
        assert rows_here in (10, 12) and "<h1>" in page(client, more)
    assert "There are no more." in page(client, f"/indicators/{TOOL}/techniques/?offset=999999")


def test_rules_that_check_this_and_that(client: Client, tools: Technique) -> None:
    other = rows.key("Image", "endswith", "\\other.exe")
    quiet = rows.key("CommandLine", "contains", "100%_\\quiet")
    assert titles(page(client, f"/rules/?indicator={other}")) == ["And again", "Once more"]
    html = page(client, f"/rules/?indicator={other}&indicator={TOOL}&level=high")
    assert titles(html) == ["Once more"]
    assert "checks Image endswith \\other.exe × and Image endswith \\tool.exe ×" in said(html)
    assert links(html, "chip")[1][1] == f"/rules/?level=high&indicator={TOOL}"
    form = html.split('<form class="facets"')[1].split("</form>")[0]
    assert f'name="indicator" value="{other}"' in form and f'name="indicator" value="{TOOL}"' in form
    together = section(html, "also-checked")
    assert "CommandLine contains 100%_\\Quiet 1" in text(together)
    added = f"/rules/?level=high&indicator={other}&indicator={TOOL}&indicator={quiet}"
    assert sorted(unescape(re.search(r'href="/rules/\?([^"]*)" title', together)[1]).split("&")) == sorted(
        added.split("?")[1].split("&")
    )
    assert titles(page(client, f"{added}&excluded_indicator={ROBOT}")) == []
    nothing = text(page(client, f"/rules/?indicator={SUCCESS}&indicator={other}"))
    assert "No rule matches all of these filters." in nothing


@pytest.mark.parametrize("name", ["indicator", "excluded_indicator"])
def test_a_key_that_nobody_knows_is_told(client: Client, tools: Technique, name: str) -> None:
    secret = rows.key("Image", "contains", "secret\\tool.exe")
    for key, words in (
        ("zz", "'zz' is no key of an indicator"), ("%00", "NUL"),
        ("0" * 16, f"No live rule uses an indicator with the key {'0' * 16}"), (secret, "No live rule uses"),
    ):  # fmt: skip
        html = page(client, f"/rules/?{name}={key}", 400)
        assert words in text(html) and titles(html) == []
        assert words in client.get(f"/api/v1/rules/?{name}={key}").json()["errors"][name][0]
    many = "&".join(f"{name}={number:016x}" for number in range(21))
    assert "At most 20 indicators at once." in page(client, f"/rules/?{many}", 400)


@pytest.mark.parametrize("key", ["0" * 16, "xyz", "0" * 15])
@pytest.mark.parametrize("part", ["", "spellings/", "techniques/"])
def test_an_indicator_that_is_not_there(client: Client, snapshot: Technique, key: str, part: str) -> None:
    page(client, f"/indicators/{key}/{part}", 404)


def test_retired_rules_are_found_when_asked_for(client: Client, tools: Technique) -> None:
    Rule.objects.filter(title="Once more").update(live=False, lifecycle="retired")
    rows.counted()
    assert Indicator.objects.get(key=TOOL).public_reach == 1
    assert titles(page(client, f"/rules/?indicator={TOOL}")) == ["A tool starts"]
    assert titles(page(client, f"/rules/?indicator={TOOL}&live=all")) == ["A tool starts", "Once more"]
