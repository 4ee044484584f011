"""Exclusions on the site: the list with its filters, who shares one, the groups, and the text as a Sigma filter."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Generation, Indicator, Technique
from detections.normalization.marks import marks_digest
from detections.statistics.recomputation import recompute
from tests.pages import rows
from tests.pages.test_facets import facet
from tests.pages.test_techniques import page, text

PARENT = rows.key("ParentImage", "endswith", "\\explorer.exe")
FOLDER = rows.key("Image", "startswith", "C:\\Program Files\\Vendor\\")


@pytest.fixture
def excluding(snapshot: Technique) -> Technique:
    """Three exclusions beside the snapshot's own one: of two vendors, one of a private rule alone."""
    shell = Technique.objects.get(attack_id="T1059")
    parent = ("ParentImage", "endswith", ["\\explorer.exe"], True)
    folder = ("Image", "startswith", ["C:\\Program Files\\Vendor\\"], True)
    sigma = rows.source("sigma")
    rows.rule("Shell from the desktop", [shell], [parent, folder], at=sigma, platforms=["Windows"], language="sigma")
    rows.rule("Desktop's children", [snapshot], [parent], platforms=["Windows", "Linux"])
    rows.rule("Looks for it", [snapshot], [("Image", "startswith", ["C:\\Program Files\\Vendor\\"], False)])
    rows.rule("Ours", [shell], [("Image", "eq", ["secret.exe"], True)], at=rows.source("team", public=False))
    rows.counted()
    return snapshot


def told(html: str) -> list[tuple[str, str]]:
    """The values of the list with their rules."""
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.DOTALL)[1]
    return [
        (text(re.search(r'<a class="value".*?</a>', row, re.DOTALL)[0]),
         text(re.search(r'data-label="Rules".*?</td>', row, re.DOTALL)[0].split(">", 1)[1]))
        for row in body.split("</tr>") if "<td" in row
    ]  # fmt: skip


def values(client: Client, query: str) -> list[str]:
    return [value for value, _ in told(page(client, f"/exclusions/?{query}"))]


def test_the_list_has_what_most_rules_share_first(client: Client, excluding: Technique) -> None:
    html = page(client, "/exclusions/")
    assert told(html) == [
        ("\\explorer.exe", "2"), ("C:\\Program Files\\Vendor\\", "1"), ("backup-robot", "1"),
    ]  # fmt: skip
    assert "secret.exe" not in html and "Parent that is easily chosen" in html
    assert re.search(r'data-label="Checked by" class="number"><a [^>]*>1</a>', html)
    assert facet(html, "satisfiable") == [("all", 3), ("yes", 1), ("no known way", 2)]
    assert facet(html, "reason") == [("Parent that is easily chosen", 1)]
    assert facet(html, "vendor") == [("Elastic", 2), ("SigmaHQ", 2)]
    assert facet(html, "platform") == [("Windows", 2), ("AWS", 1), ("Linux", 1)]
    assert facet(html, "program") == [("explorer.exe", 1), ("vendor", 1)]
    assert facet(html, "field") == [("Image", 1), ("ParentImage", 1), ("User", 1)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("vendor=sigma", ["C:\\Program Files\\Vendor\\", "\\explorer.exe"]),
        ("platform=AWS", ["backup-robot"]),
        ("platform=Linux&vendor=sigma", []),
        ("technique=T1059", ["C:\\Program Files\\Vendor\\", "\\explorer.exe"]),
        ("technique=T1059&platform=Linux", []),
        ("field=User", ["backup-robot"]),
        ("operator=endswith&operator=eq", ["\\explorer.exe", "backup-robot"]),
        ("program=explorer.exe", ["\\explorer.exe"]),
        ("satisfiable=yes", ["\\explorer.exe"]),
        ("satisfiable=no", ["C:\\Program Files\\Vendor\\", "backup-robot"]),
        ("reason=chosen_parent", ["\\explorer.exe"]),
        ("q=program+FILES%5C", ["C:\\Program Files\\Vendor\\"]),
        (f"key={FOLDER}&key={PARENT}", ["\\explorer.exe", "C:\\Program Files\\Vendor\\"]),
        ("ordering=value", ["\\explorer.exe", "backup-robot", "C:\\Program Files\\Vendor\\"]),
        ("ordering=-checked", ["C:\\Program Files\\Vendor\\", "\\explorer.exe", "backup-robot"]),
        ("ordering=program", ["\\explorer.exe", "C:\\Program Files\\Vendor\\", "backup-robot"]),
        ("page_size=1&page=2", ["C:\\Program Files\\Vendor\\"]),
    ],
)
def test_filters_and_orders(client: Client, excluding: Technique, query: str, found: list[str]) -> None:
    html = page(client, f"/exclusions/?{query}")
    assert ([value for value, _ in told(html)] if found else []) == found
    if not found:
        assert "No exclusion matches all of these filters." in html


def test_rules_are_counted_that_answer_the_filters(client: Client, excluding: Technique) -> None:
    assert told(page(client, "/exclusions/?vendor=sigma"))[1] == ("\\explorer.exe", "1 of 2")
    html = page(client, f"/exclusions/{PARENT}/rules/?vendor=sigma")
    assert "1 rule" in text(html) and "Shell from the desktop" in html and "Desktop&#x27;s children" not in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("field=Nothing", "field"), ("satisfiable=maybe", "Write yes or no"), ("reason=none", "reason"),
        ("technique=T9999", "T9999"), ("key=xyz", "No live rule excludes"), ("colour=red", "colour"),
        ("ordering=size", "Write one of"), ("page=0", "whole number"), ("q=%00", "NUL"), ("vendor=team", "vendor"),
        ("program=secret.exe", "program"), ("satisfiable=yes&satisfiable=no", "once"),
    ],
)  # fmt: skip
def test_what_nothing_knows_is_an_error(client: Client, excluding: Technique, query: str, said: str) -> None:
    for path in ("/exclusions/", "/exclusions/by/field/", "/exclusions/sigma/", "/api/v1/exclusions/"):
        if path.endswith(("field/", "sigma/")) and query.startswith(("page", "ordering")):
            continue
        response = client.get(f"{path}?{query}")
        assert response.status_code == 400 and said in response.content.decode(), path


def test_who_shares_one_opens_in_place_and_as_a_page(client: Client, excluding: Technique) -> None:
    fragment = client.get(f"/exclusions/{PARENT}/rules/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment and "Shell from the desktop" in fragment and "Desktop&#x27;s children" in fragment
    html = page(client, f"/exclusions/{PARENT}/rules/")
    assert "<html" in html and "Shell from the desktop" in html and "ParentImage|endswith" in html
    assert client.get("/exclusions/0123456789abcdef/rules/").status_code == 404
    secret = rows.key("Image", "eq", "secret.exe")
    assert client.get(f"/exclusions/{secret}/rules/").status_code == 404


def test_groups_lead_to_their_exclusions(client: Client, excluding: Technique) -> None:
    for by, words in {
        "field": ["Image", "ParentImage", "User"], "program": ["explorer.exe", "vendor"],
        "vendor": ["Elastic", "SigmaHQ"],
        "reason": ["Parent that is easily chosen"], "platform": ["Windows", "AWS", "Linux"],
        "technique": ["T1059", "T1578.001"],
    }.items():  # fmt: skip
        html = page(client, f"/exclusions/by/{by}/")
        found = re.findall(r'<tr><td data-label="[^"]*"><a href="([^"]*)">(.*?)</a>', html, re.DOTALL)
        assert [text(word).split(" ")[0] if by == "technique" else text(word) for _, word in found] == words
        for address, _ in found:
            assert told(page(client, address.replace("&amp;", "&")))
    kept = page(client, "/exclusions/by/field/?vendor=elastic")
    assert "?vendor=elastic&amp;field=User" in kept and ">Image<" not in kept
    assert client.get("/exclusions/by/nothing/").status_code == 404


def test_the_exclusions_of_a_technique_and_chosen_ones_as_sigma_filter(client: Client, excluding: Technique) -> None:
    html = page(client, "/exclusions/sigma/?technique=T1059")
    assert "Exclusions of rules for T1059" in html and "Image|startswith" in html and "backup-robot" not in html
    one = page(client, f"/exclusions/sigma/?key={FOLDER}")
    assert "Exclusion of vendor" in one and "explorer" not in one
    assert "No exclusion matches" in page(client, "/exclusions/sigma/?technique=T1059&platform=AWS")


def test_members_see_what_private_rules_exclude(client: Client, excluding: Technique) -> None:
    client.force_login(User.objects.create_user("member"))
    html = page(client, "/exclusions/")
    assert ("secret.exe", "1") in told(html) and ("team" in html.lower())


def test_the_mark_stands_wherever_an_exclusion_does(client: Client, excluding: Technique) -> None:
    for path in (
        "/techniques/T1059/",
        f"/techniques/T1059/indicators/{PARENT}/rules/?excluded=1",
        f"/indicators/{PARENT}/",
        f"/exclusions/{PARENT}/rules/",
    ):
        html = page(client, path)
        if "indicators/" not in path or path.startswith("/indicators/"):
            assert "Parent that is easily chosen" in html, path
    rule = re.search(r'href="(/rules/sigma/[^"]*)">Shell from', page(client, "/rules/?vendor=sigma"))[1]
    assert "Parent that is easily chosen" in page(client, rule)


def test_a_guide_leads_to_the_exclusions_of_its_technique(client: Client, excluding: Technique) -> None:
    html = page(client, "/techniques/T1059/")
    assert "/exclusions/?technique=T1059" in html and "/exclusions/sigma/?technique=T1059" in html
    assert "/exclusions/?technique=" not in page(client, "/techniques/T1059/?subtechniques=1")


def test_what_is_only_checked_has_no_mark(client: Client, snapshot: Technique) -> None:
    checked = rows.key("Image", "endswith", "\\tool.exe")
    assert Indicator.objects.get(key=checked).satisfiable == "no_path"
    for path in (f"/indicators/{checked}/", "/techniques/T1059/"):
        assert "File name without a path" not in page(client, path)


def test_a_recomputation_follows_changed_tables(client: Client, excluding: Technique) -> None:
    Indicator.objects.update(satisfiable="", program="")
    Generation.objects.update(marked_with="another")
    before = Generation.objects.current().number
    recompute()
    assert Generation.objects.current().marked_with == marks_digest() and Generation.objects.current().number > before
    marked = Indicator.objects.get(key=PARENT)
    assert (marked.program, marked.satisfiable) == ("explorer.exe", "chosen_parent")
    assert values(client, "satisfiable=yes") == ["\\explorer.exe"]
