"""The comparison of two vendors: who has a rule for what, by tactic and technique."""

from __future__ import annotations

import csv
import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Rule, Technique
from tests.pages import rows
from tests.pages.test_lists import links, said
from tests.pages.test_techniques import page, text

PAIR = "vendor=elastic&vendor=splunk"


def states(html: str) -> dict[str, list[str]]:
    """The numbers of each tactic."""
    body = html.split('class="states"')[1].split("</table>")[0]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)[1:]:
        found[text(row.split("</th>")[0])] = [text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
    return found


def techniques(html: str, tactic: str) -> list[list[str]]:
    body = html.split(f'aria-labelledby="{tactic}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [[text(cell) for cell in re.split(r"<td>", row)[1:]] for row in body.split("<tr")[1:]]


def test_two_vendors_by_tactic_and_technique(client: Client, snapshot: Technique) -> None:
    html = page(client, f"/compare/?{PAIR}")
    assert states(html) == {
        "Execution": ["0", "0", "1", "0"],
        "Defense Impairment": ["2", "0", "0", "0"],
        "Each technique once of 3": ["2 66.7 %", "0 0 %", "1 33.3 %", "0 0 %"],
    }
    assert techniques(html, "TA0005") == [
        ["T1578", "Modify Cloud Compute Infrastructure", "0 / 1", "0 / 1", "both"],
        [".001", "Create Snapshot", "1", "1", "both"],
    ]
    assert techniques(html, "TA0002") == [["T1059", "Command and Scripting Interpreter", "0", "1", "only Splunk"]]
    assert f'href="/techniques/T1059/?{PAIR.replace("&", "&amp;")}"' in html
    assert "vendor=splunk&amp;vendor=elastic" in html  # the same, the other way round


def test_the_list_of_what_one_lacks(client: Client, snapshot: Technique) -> None:
    found = re.search(r'<a href="([^"]*)"><span class="of-wide">only Splunk', page(client, f"/compare/?{PAIR}"))
    link = unescape(found[1])
    html = page(client, link)
    assert "T1059" in html and "T1578" not in html
    assert states(html)["Defense Impairment"] == ["2", "0", "0", "0"]
    assert "show only Splunk ×" in said(html)
    assert links(html, "clear") == [("Clear filters", f"/compare/?{PAIR}")]
    assert "No technique matches" in page(client, f"/compare/?{PAIR}&show=neither")


def test_the_numbers_of_a_tactic_open_its_techniques(client: Client, snapshot: Technique) -> None:
    html = page(client, f"/compare/?{PAIR}&tactic=execution&level=medium")
    found = re.search(r'<td class="number second"><a href="([^"]*)">1</a>', html)
    assert unescape(found[1]) == f"/compare/?{PAIR}&level=medium&show=second&tactic=execution"
    assert [row[0] for row in techniques(page(client, unescape(found[1])), "TA0002")] == ["T1059"]


def test_a_lone_subtechnique_says_whose_it_is(client: Client, snapshot: Technique) -> None:
    parent = snapshot.parent
    child = rows.technique("T1578.002", "Create Instance", parent=parent)
    rows.rule("Only here", [child], at=rows.source("splunk"))
    html = page(client, f"/compare/?{PAIR}&show=second")
    assert techniques(html, "TA0005")[0][1] == "Modify Cloud Compute Infrastructure: Create Instance"


def test_filters_of_rules_and_platforms(client: Client, snapshot: Technique) -> None:
    rows.technique("T1900", "Windows alone", platforms=["Windows"])
    assert techniques(page(client, f"/compare/?{PAIR}"), "TA0005")[-1][4] == "neither"
    html = page(client, f"/compare/?{PAIR}&platform=AWS")
    assert "T1900" not in html
    assert techniques(html, "TA0005")[1][2:] == ["1", "0", "only Elastic"]


def test_left_out_vendors_are_the_first_ones(client: Client, snapshot: Technique) -> None:
    assert "Elastic and SigmaHQ by tactic" in text(page(client, "/compare/"))
    assert "Splunk and Elastic by tactic" in text(page(client, "/compare/?vendor=splunk"))
    rows.source("aaa", public=False)
    assert "Elastic and SigmaHQ by tactic" in text(page(client, "/compare/"))
    client.force_login(User.objects.create_user("reader"))
    assert "Aaa and Elastic by tactic" in text(page(client, "/compare/"))


def test_a_catalog_of_one_source_has_nothing_to_compare(client: Client, db: None) -> None:
    rows.rule("Alone", [rows.technique("T1000", "Only")])
    assert "There are not two sources to compare" in page(client, "/compare/")


@pytest.mark.parametrize(
    "query",
    [
        "vendor=nobody", "vendor=elastic&vendor=elastic", "vendor=elastic&vendor=sigma&vendor=splunk", "show=covered",
        "platform=Amiga", "format=svg", "view=vendors",
    ],
)  # fmt: skip
def test_what_nothing_knows_is_refused(client: Client, snapshot: Technique, query: str) -> None:
    html = page(client, f"/compare/?{query}", 400)
    assert 'role="alert"' in html and "T1059" not in html.split("<main")[1]


def test_csv_holds_what_the_page_shows(client: Client, snapshot: Technique) -> None:
    response = client.get(f"/compare/?{PAIR}&format=csv")
    assert 'filename="elastic-and-splunk.csv"' in response.headers["Content-Disposition"]
    table = list(csv.DictReader(StringIO(response.content.decode(), newline="")))
    assert [row["technique"] for row in table] == ["T1059", "T1578", "T1578.001"]
    assert table[1] == {
        "tactic_id": "TA0005", "tactic": "Defense Impairment", "technique": "T1578",
        "name": "Modify Cloud Compute Infrastructure", "parent": "", "elastic": "0",
        "elastic_with_subtechniques": "1", "splunk": "0", "splunk_with_subtechniques": "1", "state": "both",
    }  # fmt: skip
    assert table[0]["state"] == "only splunk" and table[2]["parent"] == "T1578"
    some = client.get(f"/compare/?{PAIR}&show=first&format=csv").content.decode()
    assert some.count("\r\n") == 1


def test_the_number_of_queries_does_not_grow(
    client: Client, snapshot: Technique, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15) as small:
        client.get("/compare/")
    for number in range(40):
        stated = rows.technique(f"T3{number:03}", f"More {number}")
        rows.rule(f"More {number}", [stated], at=rows.source(f"source{number % 4}"))
    assert Rule.objects.count() > 40
    with django_assert_max_num_queries(15) as large:
        client.get("/compare/")
    assert len(large) == len(small)
