"""The authoring guide as a page: its switches, what its numbers open, its charts, and its weight."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree

import pytest
from django.test import Client

from catalog.pages.charts import LEAST_VALUES, spread_charts
from detections.guide.spread import Spread, spread_of
from detections.models import RuleName, Technique
from tests.pages import rows
from tests.pages.test_lists import links, said
from tests.pages.test_techniques import GUIDE, page, table, text


def name(rule_title: str, written: str, canonical: str) -> None:
    RuleName.objects.create(rule=rows.Rule.objects.get(title=rule_title), name=written, canonical=canonical)


def test_names_are_a_switch_that_changes_words_alone(client: Client, snapshot: Technique) -> None:
    name("Snapshot of a database cluster", "event.action", "EventType")
    canonical, ecs = page(client, GUIDE), page(client, f"{GUIDE}?names=ecs")
    assert table(ecs, "fields")[0] == ["event.action", "1", "in 1", "CreateDBClusterSnapshot CreateDBSnapshot"]
    assert table(ecs, "indicators")[0][:3] == ["event.action", "in", "CreateDBClusterSnapshot"]
    assert table(ecs, "excluded-fields")[0][0] == "user.name"
    for heading in ("fields", "indicators", "excluded-fields"):
        before, after = table(canonical, heading), table(ecs, heading)
        assert [row[1:] for row in before] == [row[1:] for row in after]
    assert 'title="Canonical EventType"' in ecs and '<option value="ecs" selected>' in ecs
    assert table(page(client, f"{GUIDE}?names=canonical"), "fields") == table(canonical, "fields")


def test_a_field_without_a_name_there_is_marked(client: Client, snapshot: Technique) -> None:
    fields = table(page(client, f"{GUIDE}?names=cim"), "fields")
    assert ["event.dataset canonical scope", "1", "eq 1", "aws.cloudtrail"] in fields


def test_names_stay_in_the_addresses_of_what_opens(client: Client, snapshot: Technique) -> None:
    html = unescape(page(client, f"{GUIDE}?names=ecs&vendor=elastic"))
    address = f"{GUIDE}fields/EventType/rules/?vendor=elastic&names=ecs"
    assert f'href="{address}"' in html
    assert "tests event.action" in text(page(client, address))
    key = rows.key("EventType", "in", "CreateDBSnapshot")
    said = text(page(client, f"{GUIDE}indicators/{key}/rules/?names=ecs"))
    assert "checks event.action in CreateDBSnapshot" in said


@pytest.mark.parametrize("address", [GUIDE, f"{GUIDE}fields/", f"{GUIDE}log-sources/", f"{GUIDE}indicators/"])
def test_names_that_nobody_has_are_refused(client: Client, snapshot: Technique, address: str) -> None:
    assert "Write one of: canonical, sigma, ecs, cim." in text(page(client, f"{address}?names=udm", 400))


def test_the_api_has_the_same_names(client: Client, snapshot: Technique) -> None:
    guide = client.get(f"/api/v1{GUIDE}guide/?names=cim").json()
    shown = {row["field"]: (row["name"], row["published"]) for row in guide["fields"]}
    assert guide["names"] == "cim"
    assert shown["EventType"] == ("All_Changes.action", True)
    assert shown["event.dataset"] == ("event.dataset", False)
    assert {row["name"] for row in guide["indicators"] if row["field"] == "EventType"} == {"All_Changes.action"}
    assert guide["exclusions"]["fields"][0]["name"] != "User"
    plain = client.get(f"/api/v1{GUIDE}guide/").json()
    assert [row["rules"] for row in plain["fields"]] == [row["rules"] for row in guide["fields"]]
    assert "names" in client.get(f"/api/v1{GUIDE}guide/?names=udm").json()["errors"]


def test_every_number_opens_its_rules(client: Client, snapshot: Technique) -> None:
    html = page(client, GUIDE)
    body = html.split('id="fields"')[1].split('id="rules"')[0]
    numbers = re.findall(r'<td[^>]*class="number[^"]*"[^>]*>(.*?)</td>', body)
    assert all(not text(cell) or "<a " in cell for cell in numbers) and len(numbers) > 10
    operators = re.findall(r'href="([^"]+operator=in)"', body)
    assert operators == [f"{GUIDE}fields/EventType/rules/?operator=in"]
    assert "1 rule under T1578.001 tests EventType in" in text(page(client, operators[0]))
    assert "0 rules under" in text(page(client, operators[0].replace("=in", "=eq")))


def test_a_log_source_opens_the_rules_that_need_it(client: Client, snapshot: Technique) -> None:
    html = page(client, GUIDE)
    address = f"{GUIDE}log-sources/rules/?source=elastic&kind=dataset&name=aws.cloudtrail"
    assert address in unescape(html)
    said = text(page(client, address))
    assert "1 rule under T1578.001 needs the data set aws.cloudtrail" in said
    assert "Snapshot of a database cluster" in said and "A search nobody reads" not in said
    page(client, address.replace("aws.", "%00"), 404)


def test_further_rows_of_every_table_load(client: Client, snapshot: Technique) -> None:
    conditions = [(f"field{number:02}", "eq", ["x"], False) for number in range(40)]
    wrong = [f"Admin work number {number}" for number in range(30)]
    rows.rule("Much", [snapshot], conditions, false_positives=wrong)
    rows.counted()
    html = unescape(page(client, GUIDE))
    assert "Fields filtered most (44 distinct)" in text(html)
    more = dict(re.findall(r'href="([^"]+)" hx-get="[^"]+" hx-target="closest tr" hx-swap="outerHTML">([^<]+)<', html))
    fields = next(address for address, word in more.items() if word == "More fields")
    fragment = page(client, fields, **{"HX-Request": "true"})
    assert "<html" not in fragment and fragment.count('data-label="Rules"') == 19
    assert set(re.findall(r">(field\d\d)<", html)) | set(re.findall(r">(field\d\d)<", fragment)) == {
        field for field, *_ in conditions
    }
    assert "Rows 26 to 44 of 44." in page(client, fields)
    positives = next(address for address, word in more.items() if word == "More false positives")
    assert page(client, positives, **{"HX-Request": "true"}).count("Admin work") == 15
    assert "No further rows." in page(client, f"{GUIDE}log-sources/?offset=999")


def test_filters_narrow_the_tables_and_leave_reach_the_catalogs(client: Client, snapshot: Technique) -> None:
    html = page(client, f"{GUIDE}?vendor=elastic&platform=AWS&domain=cloud")
    assert "Patterns shared across the 1 rule" in text(html)
    assert table(html, "indicators")[-1] == ["event.outcome", "eq", "success", "1", "2"]
    assert [row[0] for row in table(html, "log-sources")] == ["Elastic"]


def test_charts_say_their_figures_in_words(client: Client, snapshot: Technique) -> None:
    assert "<figure" not in page(client, GUIDE)
    values = [f"value{number}" for number in range(20)]
    rows.rule("Much", [snapshot], [("CommandLine", "contains", values, False)])
    rows.counted()
    html = page(client, GUIDE)
    assert "24 values of 25 (96 %) that no other technique’s rules look for." in text(html)
    drawings = [ElementTree.fromstring(found) for found in re.findall(r"<svg viewBox.*?role=\"img\".*?</svg>", html)]  # noqa: S314 ours
    assert [svg.find("desc").text for svg in drawings] == [
        "only here: 24, 2–10 rules: 1, 11–100 rules: 0, over 100: 0.",
        "contains: 20, eq: 3, in: 2.",
    ]
    assert all("style" not in element.attrib for svg in drawings for element in svg.iter())


def test_the_spread_has_every_value_in_one_band() -> None:
    reaches = [None, 2, 10, 11, 100, 101, 5000]
    spread = spread_of(("eq", reach) for reach in reaches)
    assert spread.reach == {"here": 1, "2-10": 2, "11-100": 2, "over 100": 2}
    assert spread.operators == {"eq": 7}


def test_a_long_tail_of_operators_is_joined_and_few_values_have_no_chart() -> None:
    operators = {f"op{number}": 20 - number for number in range(9)}
    _, chart = spread_charts(Spread({"here": 144, "2-10": 0, "11-100": 0, "over 100": 0}, operators))
    assert [bar.label for bar in chart.bars] == ["op0", "op1", "op2", "op3", "op4", "others"]
    assert sum(bar.number for bar in chart.bars) == sum(operators.values())
    assert spread_charts(Spread({"here": LEAST_VALUES - 1}, {"eq": LEAST_VALUES - 1})) == ()


def test_a_usual_guide_stays_light(client: Client, snapshot: Technique) -> None:
    sources = [rows.source(slug) for slug in ("elastic", "sigma", "splunk")]
    for number in range(150):
        conditions = [
            (f"process.field{number % 60:02}", "endswith", [f"\\folder\\program-number-{number:03}.exe"], False),
            ("CommandLine", "contains", [f"--switch-number-{number:03}-{part}" for part in range(8)], False),
            ("User", "eq", [f"service-account-{number:03}"], True),
        ]
        rows.rule(f"A rule whose title has a usual length, {number:03}", [snapshot], conditions, at=sources[number % 3])
    rows.counted()
    assert len(page(client, GUIDE).encode()) < 150_000


def test_filters_are_said_and_clearing_them_keeps_names_and_roll_up(client: Client, snapshot: Technique) -> None:
    html = page(client, "/techniques/T1578/?subtechniques=1&names=ecs&equivalent=1&vendor=elastic&parse=full")
    assert "vendor Elastic × and parsed parsed in full ×" in said(html)
    assert links(html, "clear") == [
        ("Clear filters", "/techniques/T1578/?subtechniques=1&names=ecs&equivalent=1")
    ]  # fmt: skip
    assert links(html, "chip")[0][1] == "/techniques/T1578/?parse=full&subtechniques=1&names=ecs&equivalent=1"
    assert said(page(client, "/techniques/T1578/?subtechniques=1&names=ecs")) == ""
