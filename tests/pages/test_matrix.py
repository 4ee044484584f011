"""The matrix: what its cells say, what is missing where, its exports, what is refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from catalog.exports.csv import csv_text
from catalog.pages.matrix import short_marks
from catalog.shades import OTHER, SHADES
from detections.models import Technique
from tests.pages import rows
from tests.pages.test_lists import links, said
from tests.pages.test_techniques import page, text

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def catalog(snapshot: Technique) -> Technique:
    """The small catalog with techniques of other platforms, and one under two tactics."""
    both = [rows.tactic(), rows.tactic("TA0002", "Execution", 3)]
    rows.technique("T1100", "Nobody's Technique", tactics=both, platforms=["IaaS"])
    rows.technique("T1101", "Nobody's <Windows> Technique", platforms=["Windows"])
    parent = rows.technique("T1200", "Family", platforms=["Windows"])
    first = rows.technique("T1200.001", "Told", parent=parent, platforms=["Windows"])
    rows.technique("T1200.002", "Untold", parent=parent, platforms=["Windows"])
    rows.rule("A rule of the family", [parent, first], at=rows.source("sigma"), platforms=["Windows"])
    rows.rule("Another", [first], at=rows.source("splunk"), platforms=["Windows"])
    return snapshot


def cells(html: str) -> Iterator[tuple[str, str, str, str]]:
    """(class, address, name, numbers) of each cell in reading order."""
    for found in re.finditer(r'<li class=(\w+)><a href="([^"]*)">(.*?)</a><b[^>]*>(.*?)</b>', html):
        yield found[1], unescape(found[2]), text(found[3]), text(found[4])


def cell(html: str, attack_id: str) -> tuple[str, str, str, str]:
    return next(one for one in cells(html) if f"/{attack_id}/" in one[1])


def column(html: str, tactic: str) -> str:
    return html.split(f'aria-labelledby="{tactic}"')[1].split("</section>")[0]


def test_a_number_and_a_shade_in_every_cell(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/")
    assert cell(html, "T1059") == (
        "c1", "/techniques/T1059/", "T1059 Command and Scripting Interpreter", "2"
    )  # fmt: skip
    assert cell(html, "T1578") == (
        "c1", "/techniques/T1578/?subtechniques=1", "T1578 Modify Cloud Compute Infrastructure", "0 / 2"
    )  # fmt: skip
    assert cell(html, "T1578.001") == ("c1", "/techniques/T1578.001/", ".001 Create Snapshot", "2")
    assert cell(html, "T1200")[3] == "1 / 2"
    assert cell(html, "T1101")[::3] == ("c0", "0")
    assert "Nobody&#x27;s &lt;Windows&gt; Technique" in html
    assert "5 of 8 techniques covered by 5 live rules; 3 missing." in text(html)
    assert html.count("T1100</i>") == 2 and html.index("Execution</a></h2>") < html.index("Defense Impairment</a></h2>")
    assert "1 of 2 covered" in text(column(html, "TA0002"))
    assert "2 of 4 covered" in text(column(html, "TA0005"))


def test_a_cell_leads_to_the_guide_with_the_same_filters(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/?vendor=splunk&platform=Linux&show=covered&tactic=defense-impairment")
    where = cell(html, "T1578")[1]
    assert where == "/techniques/T1578/?vendor=splunk&platform=Linux&subtechniques=1"
    assert "Patterns shared across the 1 rule of this technique" in text(page(client, where))
    assert "Execution</a></h2>" not in html
    missing = page(client, "/matrix/?vendor=splunk&show=missing")
    assert cell(missing, "T1100")[1] == "/techniques/T1100/"  # what others do is what is looked for


def test_filters_of_techniques_do_not_follow_to_the_guide(client: Client, catalog: Technique) -> None:
    for address in ("/matrix/?attack_platform=Windows&q=told&vendor=sigma", "/compare/?attack_platform=Windows"):
        html = page(client, address)
        where = [unescape(one) for one in re.findall(r'href="(/techniques/T1200.001/[^"]*)"', html)]
        assert where and all(client.get(one).status_code == 200 for one in where)
        assert "/techniques/T1059/" not in html


def test_missing_looks_at_attack_s_platforms(client: Client, catalog: Technique) -> None:
    everything = page(client, "/matrix/?show=missing")
    assert [one[2].split()[0] for one in cells(everything)] == ["T1100", "T1100", "T1101", "T1200", ".002"]
    windows = page(client, "/matrix/?show=missing&platform=Windows")
    assert [one[2].split()[0] for one in cells(windows)] == ["T1101", "T1200", ".002"]
    assert "<details open>" in windows and "1 sub-technique missing" in windows
    aws = page(client, "/matrix/?show=missing&platform=AWS")
    assert [one[2].split()[0] for one in cells(aws)] == ["T1059", "T1100", "T1100"]
    assert "1 of 2 covered" in text(windows) and "3 more are of other platforms" in text(windows)
    assert "other platforms" not in text(everything)
    for platform in ("Windows", "AWS"):
        listed = client.get(f"/api/v1/techniques/?show=missing&platform={platform}&page_size=500").json()["results"]
        told = client.get(f"/api/v1/matrix/?platform={platform}").json()
        assert len(listed) == told["missing"], platform


def test_techniques_of_other_platforms_are_marked(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/?platform=Windows")
    assert cell(html, "T1100")[::3] == ("ce", "–")
    assert cell(html, "T1059")[::3] == ("c1", "1")  # a rule states it, wherever ATT&CK knows it
    assert "– other platforms" in html


def test_the_view_by_vendor(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/?view=vendors")
    assert cell(html, "T1059")[::3] == ("c2", "si 1 sp 1")
    assert cell(html, "T1578")[3] == "el 1 sp 1"
    assert cell(html, "T1200.001")[3] == "si 1 sp 1"
    assert cell(html, "T1101")[::3] == ("c0", "0")
    assert "el Elastic , si SigmaHQ , sp Splunk ." in text(html)
    assert cell(page(client, "/matrix/?view=vendors&vendor=splunk"), "T1059")[::3] == ("c3", "sp 1")


def test_marks_are_short_and_differ() -> None:
    assert short_marks(["sigma", "splunk", "elastic"]) == {"sigma": "si", "splunk": "sp", "elastic": "el"}
    assert short_marks(["team", "team-blue", "te"]) == {"team": "team", "team-blue": "team-", "te": "te"}


def test_what_is_filtered_is_said_and_can_be_taken_off(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/?vendor=elastic&vendor=sigma&platform=AWS&show=missing&q=T1&view=vendors")
    assert "vendor Elastic × or SigmaHQ × and platform AWS × and show only missing × and words T1 ×" in said(html)
    off = [address for _, address in links(html, "chip")]
    assert off[0] == "/matrix/?platform=AWS&show=missing&q=T1&view=vendors&vendor=sigma"
    assert all(client.get(address).status_code == 200 for address in off)
    assert links(html, "clear") == [("Clear filters", "/matrix/?view=vendors")]
    assert said(page(client, "/matrix/?view=vendors")) == ""


@pytest.mark.parametrize(
    "query", ["platform=Amiga", "vendor=nobody", "show=some", "view=colours", "format=pdf", "platfrom=AWS", "q=%00"]
)
@pytest.mark.parametrize("address", ["/matrix/", "/matrix/?format=csv&"])
def test_what_nothing_knows_is_refused(client: Client, catalog: Technique, address: str, query: str) -> None:
    html = page(client, f"{address}{'' if '?' in address else '?'}{query}", 400)
    assert 'role="alert"' in html and "T1059" not in html.split("<main")[1]


def test_empty_values_of_a_form_ask_for_nothing(client: Client, catalog: Technique) -> None:
    html = page(client, "/matrix/?show=&view=&vendor=&platform=&domain=&status=")
    assert "5 of 8 techniques" in text(html) and said(html) == ""


def test_without_attack_it_says_what_to_do(client: Client, db: None) -> None:
    assert "manage.py sync_attack" in page(client, "/matrix/")
    rows.rule("Alone", [rows.technique("T1000", "Only")])
    assert "Nothing is missing here" in page(client, "/matrix/?show=missing")
    assert "No technique matches" in page(client, "/matrix/?q=nothing")


def test_private_rules_count_for_members_alone(client: Client, catalog: Technique) -> None:
    rows.rule("Ours", [catalog], at=rows.source("team", public=False))
    assert cell(page(client, "/matrix/"), "T1578.001")[3] == "2"
    assert "team" not in page(client, "/matrix/?view=vendors").lower()
    client.force_login(User.objects.create_user("reader"))
    assert cell(page(client, "/matrix/"), "T1578.001")[3] == "3"
    assert cell(page(client, "/matrix/?view=vendors"), "T1578.001")[3] == "el 1 sp 1 te 1"


def test_csv_holds_what_the_page_shows(client: Client, catalog: Technique) -> None:
    response = client.get("/matrix/?show=missing&platform=Windows&format=csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="matrix.csv"' in response.headers["Content-Disposition"]
    table = list(csv.DictReader(StringIO(response.content.decode(), newline="")))
    assert [row["technique"] for row in table] == ["T1101", "T1200", "T1200.002"]
    assert table[1] == {
        "tactic_id": "TA0005", "tactic": "Defense Impairment", "technique": "T1200", "name": "Family", "parent": "",
        "rules": "1", "with_subtechniques": "2", "elastic": "0", "sigma": "1", "splunk": "1", "state": "covered",
    }  # fmt: skip
    whole = list(csv.reader(StringIO(client.get("/matrix/?format=csv").content.decode(), newline="")))
    assert len(whole) == 1 + len(list(cells(page(client, "/matrix/"))))


def test_csv_holds_no_formula() -> None:
    assert csv_text(["=a"], [["@b", -1, "c,d"], ["+1\n", 2, "é"]]) == '\'=a\r\n\'@b,-1,"c,d"\r\n"\'+1\n",2,é\r\n'


def test_svg_is_sound_and_says_everything(client: Client, catalog: Technique) -> None:
    rows.technique("T1102", "Bell \x07 & bracket <b>", platforms=["Windows"])
    response = client.get("/matrix/?format=svg&platform=Windows")
    assert response.headers["Content-Type"] == "image/svg+xml"
    root = ElementTree.fromstring(response.content)  # noqa: S314 our own
    assert root.tag == f"{SVG}svg" and root.attrib["role"] == "img"
    names = {element.attrib.get("id"): element.text for element in root if element.tag in (f"{SVG}title", f"{SVG}desc")}
    assert root.attrib["aria-labelledby"].split() == ["title", "desc"] and "ATT&CK v19.0" in names["title"]
    assert "platform Windows" in names["desc"] and "Defense Impairment: 1 of 3 covered" in names["desc"]
    told = [group.findtext(f"{SVG}title") for group in root.iter(f"{SVG}g")]
    assert "T1200 Family: 1 rule, 2 with sub-techniques" in told
    assert "T1102 Bell  & bracket <b>: 0 rules" in told
    assert "T1100 Nobody's Technique: of other platforms" in told
    assert "Untold" not in str(told) and "Untold" in client.get("/matrix/?format=svg&show=missing").content.decode()
    assert not [element for element in root.iter() if element.tag.endswith(("script", "image", "use"))]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "g"
    }  # fmt: skip


def test_the_page_shades_like_the_exports() -> None:
    css = Path(settings.BASE_DIR, "catalog/static/catalog/css/matrix.css").read_text()
    for shade in (*SHADES, OTHER):
        assert f"--{shade.name}: light-dark({shade.ground}," in css
        assert f"--{shade.name}-ink: light-dark({shade.ink}," in css
    for name in [shade.name for shade in (*SHADES, OTHER)]:
        light, dark = (re.findall(rf"--{name}{part}: light-dark\((#\w+), (#\w+)\)", css)[0] for part in ("", "-ink"))
        for ground, ink in zip(light, dark, strict=True):
            assert contrast(ground, ink) >= 4.5, (name, ground, ink)


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("address", ["/matrix/", "/matrix/?view=vendors&platform=AWS", "/matrix/?format=svg"])
def test_the_number_of_queries_does_not_grow(
    client: Client, catalog: Technique, address: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15) as small:
        client.get(address)
    for number in range(40):
        parent = rows.technique(f"T3{number:03}", f"More {number}")
        child = rows.technique(f"T3{number:03}.001", f"Below {number}", parent=parent)
        rows.rule(f"More {number}", [parent, child], at=rows.source(f"source{number % 4}"))
    with django_assert_max_num_queries(15) as large:
        client.get(address)
    assert len(large) == len(small)
