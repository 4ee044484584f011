"""The list of techniques and the authoring guide: what stands on them, where addresses lead, what is refused."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from detections.models import Technique
from tests.pages import rows

GUIDE = "/techniques/T1578.001/"


def text(html: str) -> str:
    """What a reader sees: no tags, single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def table(html: str, heading: str) -> list[list[str]]:
    """The cells of the first table behind a heading's id, without the rows in which something opens."""
    body = html.split(f'id="{heading}"')[1].split("<tbody", 1)[1].split("</table>")[0]
    found = re.findall(r"<tr(?: class=\"[^\"]*\")?>(.*?)</tr>", body, re.DOTALL)
    cells = [[text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in found]
    return [row for row in cells if len(row) > 1]


def page(client: Client, address: str, status: int = 200, **extra: str) -> str:
    response = client.get(address, headers=extra or None)
    assert response.status_code == status, address
    return response.content.decode()


def test_the_reference_page(client: Client, snapshot: Technique) -> None:
    html = page(client, GUIDE)
    assert '<h1><span class="parent">Modify Cloud Compute Infrastructure:</span> Create Snapshot</h1>' in html
    assert "Patterns shared across the 2 rules" in html
    assert "2 rules : 1 parsed in full, 1 not parsed." in text(html)
    assert "Fields filtered most (4 distinct)" in text(html)
    assert table(html, "fields") == [
        ["EventType", "1", "in 1", "CreateDBClusterSnapshot CreateDBSnapshot"],
        ["Provider_Name", "1", "eq 1", "rds.amazonaws.com"],
        ["event.dataset scope", "1", "eq 1", "aws.cloudtrail"],
        ["event.outcome", "1", "eq 1", "success"],
    ]
    assert "Top indicator values (5 distinct)" in text(html)
    assert "Equivalent" not in html.split('id="indicators"')[1].split("</thead>")[0]
    assert table(html, "indicators") == [
        ["EventType", "in", "CreateDBClusterSnapshot", "1", ""],
        ["EventType", "in", "CreateDBSnapshot", "1", ""],
        ["Provider_Name", "eq", "rds.amazonaws.com", "1", ""],
        ["event.dataset scope", "eq", "aws.cloudtrail", "1", ""],
        ["event.outcome", "eq", "success", "1", "2"],
    ]
    assert table(html, "excluded-fields") == [["User", "1", "eq 1", "backup-robot"]]
    assert "not how noisy it is in a network" in html
    assert "Elastic 1 rule" in text(html)
    assert "not parsed" in text(html.split('id="vendor-splunk"')[1])


def test_the_equivalent_reach_stands_beside_on_demand(client: Client, snapshot: Technique) -> None:
    assert f'href="{GUIDE}?equivalent=1#indicators"' in page(client, GUIDE)
    indicators = table(page(client, f"{GUIDE}?equivalent=1"), "indicators")
    assert indicators[3][5] == ""
    assert indicators[4][5] == "2"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/techniques/t1578.001/", "/techniques/T1578.001/"),
        ("/techniques/t1578.001/?vendor=elastic", "/techniques/T1578.001/?vendor=elastic"),
        ("/techniques/T1086/", "/techniques/T1578.001/?from=T1086"),
        ("/techniques/t1086/?vendor=elastic", "/techniques/T1578.001/?vendor=elastic&from=T1086"),
        ("/techniques/t1578.001/indicators/", "/techniques/T1578.001/indicators/"),
    ],
)
def test_addresses_that_lead_elsewhere(client: Client, snapshot: Technique, asked: str, target: str) -> None:
    rows.technique("T1086", "An old name", revoked=True, successor=snapshot)
    response = client.get(asked)
    assert (response.status_code, response.headers["Location"]) == (301, target)


def test_the_successor_tells_where_the_reader_came_from(client: Client, snapshot: Technique) -> None:
    rows.technique("T1086", "An old name", revoked=True, successor=snapshot)
    assert "T1086 An old name was revoked by T1578.001" in page(client, f"{GUIDE}?from=T1086")
    assert "no technique that was revoked by this one" in page(client, f"{GUIDE}?from=T1059", 400)


def test_a_technique_without_successor_says_so(client: Client, db: None) -> None:
    rows.technique("T1999", "Gone", deprecated=True)
    assert "marked T1999 Gone as deprecated and names no successor" in text(page(client, "/techniques/T1999/"))


@pytest.mark.parametrize("written", ["T1578.009", "T9999", "nonsense", "%00", "T1578.001%0A", "<script>"])
def test_an_unknown_id_is_not_found(client: Client, snapshot: Technique, written: str) -> None:
    html = page(client, f"/techniques/{written}/", 404)
    assert "<script>alert" not in html and "knows no technique" in html


def test_an_unknown_id_has_suggestions(client: Client, snapshot: Technique) -> None:
    assert 'href="/techniques/T1578.001/"' in page(client, "/techniques/T1578.009/", 404)
    assert 'href="/techniques/T1059/"' in page(client, "/techniques/scripting interpreter/", 404)


@pytest.mark.parametrize(
    "query",
    [
        "platform=Amiga",
        "platfrom=AWS",
        "vendor=nobody",
        "subtechniques=yes",
        "equivalent=2",
        "domain=x&domain=cloud",
        "parse=half",
    ],
)
def test_a_parameter_that_nothing_knows_is_refused_without_rows(
    client: Client, snapshot: Technique, query: str
) -> None:
    html = page(client, f"{GUIDE}?{query}", 400)
    assert 'role="alert"' in html
    assert "CreateDBSnapshot" not in html and "Snapshot of a database cluster" not in html


def test_filters_narrow_tables_and_rules(client: Client, snapshot: Technique) -> None:
    html = page(client, f"{GUIDE}?vendor=splunk")
    assert "Snapshot of a database cluster" not in html
    assert "1 rule : 1 not parsed." in text(html)
    html = page(client, f"{GUIDE}?platform=AWS&platform=Linux&domain=cloud")
    assert "2 rules : 1 parsed in full, 1 not parsed." in text(html)
    assert '<option value="AWS" selected>' in html and "or Linux" in text(html)


def test_roll_up_counts_a_rule_once_and_the_parent_alone_has_none(client: Client, snapshot: Technique) -> None:
    assert "No live rule of the catalog is tagged with this technique itself" in page(client, "/techniques/T1578/")
    html = page(client, "/techniques/T1578/?subtechniques=1")
    assert "Patterns shared across the 2 rules of this technique and its sub-techniques" in text(html)
    assert "CreateDBSnapshot" in html


def test_rules_that_do_not_count_stand_folded_and_marked(client: Client, snapshot: Technique) -> None:
    rows.rule("An old rule", [snapshot], [("EventType", "eq", ["Older"], False)], lifecycle="deprecated")
    html = page(client, GUIDE)
    folded = html.split('<details class="fold">')[-1]
    assert "An old rule" in folded and "deprecated" in folded
    assert "Older" not in html


def test_what_a_rule_says_is_text(client: Client, snapshot: Technique) -> None:
    evil = '<script>alert("x")</script>'
    rows.rule(evil, [snapshot], [(evil, "eq", [evil, "javascript:alert(1)"], False)], link="javascript:alert(1)")
    rows.counted()
    html = page(client, GUIDE)
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    assert 'href="javascript:' not in html
    rule = page(client, reverse("rule-list") + "?vendor=elastic")
    assert "<script>alert" not in rule


@pytest.mark.parametrize("htmx", [True, False])
def test_a_value_opens_the_rules_that_use_it(client: Client, snapshot: Technique, htmx: bool) -> None:
    key = rows.key("EventType", "in", "CreateDBSnapshot")
    address = f"{GUIDE}indicators/{key}/rules/"
    assert address in page(client, GUIDE)
    response = client.get(address, headers={"HX-Request": "true"} if htmx else None)
    html = response.content.decode()
    assert ("<html" in html) is not htmx
    assert "HX-Request" in response.headers["Vary"]
    assert "1 rule under T1578.001 checks EventType in CreateDBSnapshot" in text(html)
    assert "Snapshot of a database cluster" in html and "A search nobody reads" not in html


def test_a_field_opens_its_rules_and_exclusions_are_apart(client: Client, snapshot: Technique) -> None:
    assert "1 rule under T1578.001 tests event.outcome" in text(page(client, f"{GUIDE}fields/event.outcome/rules/"))
    excluded = page(client, f"{GUIDE}fields/User/rules/?excluded=1")
    assert "1 rule under T1578.001 excludes by User" in text(excluded)
    assert "0 rules under T1578.001" in text(page(client, f"{GUIDE}fields/User/rules/"))


def test_further_values_are_a_page_or_rows(client: Client, snapshot: Technique) -> None:
    values = [f"value{number:03}" for number in range(60)]
    rows.rule("Many values", [snapshot], [("CommandLine", "contains", values, False)])
    rows.counted()
    first = page(client, GUIDE)
    more = re.search(r'href="(/techniques/T1578.001/indicators/\?[^"]+)"', first)
    assert more and "50 of 65 shown" in text(first)
    address = unescape(more[1])
    fragment = page(client, address, **{"HX-Request": "true"})
    assert fragment.count('data-label="Kind"') == 15 and "<html" not in fragment
    assert "Rows 51 to 65 of 65." in page(client, address)
    shown = re.findall(r"value\d{3}", text(first.split('id="indicators"')[1].split('id="exclusions"')[0]))
    assert set(shown) | set(re.findall(r"value\d{3}", fragment)) == set(values)


def test_further_rules_of_a_vendor_are_a_page_or_rows(client: Client, snapshot: Technique) -> None:
    for number in range(170):
        rows.rule(f"Numbered {number:03}", [snapshot])
    first = page(client, GUIDE)
    assert "25 of 171 shown" in text(first) and "Numbered 025" not in first
    address = unescape(re.search(r'href="(/techniques/T1578.001/rules/[^"]+)"', first)[1])
    assert address.endswith("?vendor=elastic&offset=25")
    fragment = page(client, address, **{"HX-Request": "true"})
    assert "<html" not in fragment and fragment.count("Numbered") == 100
    assert "125 of 171 shown" in text(fragment)
    assert "Rules 26 to 125 of 171." in page(client, address)


def test_further_rules_that_do_not_count_open_too(client: Client, snapshot: Technique) -> None:
    for number in range(15):
        rows.rule(f"Retired {number:02}", [snapshot], lifecycle="retired")
    html = page(client, GUIDE)
    address = unescape(re.search(r'href="(/techniques/T1578.001/rules/[^"]+)"', html)[1])
    assert address.endswith("?vendor=elastic&live=no&offset=10") and "Retired 10" not in html
    fragment = page(client, address, **{"HX-Request": "true"})
    assert fragment.count("Retired") == 5 and "Snapshot of a database" not in fragment


def test_the_list_has_counts_by_vendor_and_tactics_in_matrix_order(client: Client, snapshot: Technique) -> None:
    html = page(client, "/techniques/")
    assert html.index('id="TA0002"') < html.index('id="TA0005"')
    assert table(html, "TA0005") == [
        ["T1578", "Modify Cloud Compute Infrastructure 1 sub-technique", "·", "·", "·", "0", "2"],
        ["T1578.001", "Create Snapshot", "1", "·", "1", "2", ""],
    ]


def test_a_long_list_folds_sub_techniques_under_their_parents(client: Client, snapshot: Technique) -> None:
    for number in range(150):
        rows.technique(f"T3{number:03}", f"Further {number}")
    whole = page(client, "/techniques/")
    assert "Create Snapshot" not in whole and 'href="?parent=T1578"' in whole
    assert "Create Snapshot" not in page(client, "/techniques/?attack_platform=IaaS")
    assert 'href="?vendor=splunk&amp;parent=T1578"' in page(client, "/techniques/?vendor=splunk")
    below = page(client, "/techniques/?vendor=splunk&parent=t1578")
    assert table(below, "TA0005") == [
        ["T1578", "Modify Cloud Compute Infrastructure 1 sub-technique"],
        ["T1578.001", "Create Snapshot", "·", "·", "1", "1", ""],
    ]
    assert "Sub-techniques of: T1578" in text(below)
    assert 'role="alert"' in page(client, "/techniques/?parent=T9999", 400)
    listed = client.get("/api/v1/techniques/?parent=T1578").json()["results"]
    assert [row["attack_id"] for row in listed] == ["T1578.001"]


def test_a_sorted_list_has_pages(client: Client, snapshot: Technique) -> None:
    for number in range(150):
        rows.technique(f"T3{number:03}", f"Further {number}")
    first = page(client, "/techniques/?ordering=attack_id&show=missing")
    assert "Page 1 of 2" in text(first) and "T3149" not in first
    following = unescape(re.search(r'rel="next" href="([^"]*)"', first)[1])
    assert "T3149" in page(client, f"/techniques/{following}")
    assert "whole number" in page(client, "/techniques/?ordering=name&page=none", 400)


def test_the_numbers_of_the_list_open_their_rules(client: Client, snapshot: Technique) -> None:
    html = page(client, "/techniques/?level=medium&vendor=elastic&vendor=splunk")
    for address, number in {
        "/rules/?technique=T1578.001&vendor=elastic&level=medium": 1,
        "/rules/?technique=T1578.001&level=medium&vendor=elastic&vendor=splunk": 2,
    }.items():
        assert f'href="{address.replace("&", "&amp;")}">{number}</a>' in html
        assert f"{number} rule" in text(page(client, address).split('id="list-count"')[1].split("</h2>")[0])
    html = page(client, "/techniques/?level=medium&show=covered")
    assert 'href="/techniques/T1578/?subtechniques=1&amp;level=medium#rules">2</a>' in html


def test_the_list_filters(client: Client, snapshot: Technique) -> None:
    rows.technique("T1600", "Nobody detects it")
    missing = page(client, "/techniques/?show=missing")
    assert "Nobody detects it" in missing and "Create Snapshot" not in missing
    assert "Nobody detects it" not in page(client, "/techniques/?show=covered")
    assert "Create Snapshot" not in page(client, "/techniques/?tactic=execution")
    assert "T1059" in page(client, "/techniques/?vendor=sigma&show=covered")
    assert "Create Snapshot" not in page(client, "/techniques/?vendor=sigma&show=covered")
    assert "Nobody detects it" not in page(client, "/techniques/?q=snapshot")
    assert 'role="alert"' in page(client, "/techniques/?show=some", 400)
    assert 'role="alert"' in page(client, "/techniques/?nonsense=1", 400)
    assert 'role="alert"' in page(client, "/techniques/?tactic=TA9999", 400)
