"""The guide and the rule's page in a real browser: names, numbers, large rules, the tree, paper, and no shift."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from detections.models import RuleName, Technique
from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.browser.test_pages import GUIDE, LIGHT, NARROW, NO_SCRIPT
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULE = "/rules/elastic/drivers/"
PATHS = [
    GUIDE,
    f"{GUIDE}?names=cim",
    f"{GUIDE}fields/",
    RULE,
    f"{RULE}text/",
    f"{RULE}text/?document=1",
    f"{RULE}values/1/",
]
SHIFT = """
  window.shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def full(visit: Visit) -> Visit:
    """The small catalog with a rule that has very many values, long ones, and a twin elsewhere."""
    technique = Technique.objects.get(attack_id="T1578.001")
    long = "C:\\" + "a-very-long-folder-name\\" * 20 + "tool.exe"
    values = [long, *(f"driver-{number:04}.sys" for number in range(1200))]
    conditions = [("ImageLoaded", "endswith", values, False), ("User", "eq", ["robot"], True)]
    rule = rows.rule("Very many drivers", [technique], conditions, own_id="drivers", false_positives=["Admins"])
    RuleName.objects.create(rule=rule, name="dll.path", canonical="ImageLoaded")
    twin = [("ImageLoaded", "endswith", ["driver-0001.sys"], False)]
    rows.rule("A driver loads", [], twin, at=rows.source("sigma"))
    rows.counted()
    return visit


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_very_many_and_very_long_values_are_sound(full: Visit) -> None:
    for path in PATHS:
        assert unsound(full.open(path)) == [], path
    assert full.said == []


@pytest.mark.parametrize("visit", [NARROW, LIGHT], indirect=True, ids=["narrow", "wide"])
@pytest.mark.parametrize("path", [GUIDE, RULE])
def test_nothing_shifts_while_a_page_loads(full: Visit, path: str) -> None:
    full.page.add_init_script(SHIFT)
    page = full.open(path)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift") < 0.01


def test_names_are_chosen_in_place_and_kept_in_the_address(full: Visit) -> None:
    page = full.open(f"{GUIDE}?vendor=elastic")
    page.get_by_label("Names").select_option("ecs")
    page.locator("table.fields").get_by_role("link", name="dll.path").wait_for()
    assert page.url.endswith(f"{GUIDE}?vendor=elastic&names=ecs")
    page.reload()
    assert page.get_by_label("Names").input_value() == "ecs"
    assert full.said == []


def test_a_number_opens_its_rules_and_another_takes_its_place(full: Visit) -> None:
    page = full.open(GUIDE)
    row = page.locator("table.fields tbody tr", has_text="ImageLoaded").first
    number, operator = row.get_by_role("link", name="1", exact=True), row.get_by_role("link", name="endswith 1")
    operator.click()
    page.get_by_text("tests ImageLoaded endswith").wait_for()
    number.click()
    page.get_by_text("tests ImageLoaded endswith").wait_for(state="detached")
    expect(page.locator("tr.opened")).to_have_count(1)
    assert (number.get_attribute("aria-expanded"), operator.get_attribute("aria-expanded")) == ("true", "false")
    number.press("Enter")
    page.locator("tr.opened").wait_for(state="detached")
    assert full.said == []


def test_a_reach_opens_what_the_catalog_says_and_a_log_source_its_rules(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.locator("table.indicators tr", has_text="success").get_by_role("link", name="2", exact=True).click()
    page.get_by_text("of the catalog check exactly this").wait_for()
    page.locator("table.log-sources tr", has_text="Elastic").get_by_role("link", name="1", exact=True).click()
    page.get_by_text("needs the data set aws.cloudtrail").wait_for()
    assert visit.said == []


def test_further_values_and_the_whole_text_load_in_place(full: Visit) -> None:
    page = full.open(RULE)
    expect(page.get_by_text("driver-1100.sys")).to_have_count(0)
    page.get_by_role("link", name="1,177 further values").click()
    for last in ("driver-0522.sys", "driver-1022.sys"):
        page.locator("ul.values .value", has_text=last).wait_for()
        page.get_by_role("link", name="More values").click()
    page.locator("ul.values .value", has_text="driver-1199.sys").wait_for()
    page.get_by_role("link", name="The whole text").click()
    page.locator("mark.value", has_text="driver-1199.sys").wait_for()
    assert full.said == []


def test_the_tree_folds_and_leads_to_marks_that_the_page_does_not_show(full: Visit) -> None:
    page = full.open(RULE)
    user = page.locator(".tree").get_by_role("link", name="User")
    page.locator(".tree summary").first.click()
    expect(user).to_be_hidden()
    page.locator(".tree summary").first.press("Enter")
    user.click()
    page.wait_for_url(f"**{RULE}text/#c2")
    assert page.evaluate("document.querySelector(':target').textContent").startswith("User")


@NO_SCRIPT
def test_without_scripts_everything_is_a_link(full: Visit) -> None:
    page = full.open(f"{GUIDE}?names=cim")
    page.locator("table.log-sources").get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_text("need the data set")).to_have_count(1)
    page.goto(f"{full.address}{RULE}")
    page.get_by_role("link", name="1,177 further values").click()
    expect(page.get_by_role("heading", name="Values of ImageLoaded")).to_have_count(1)
    expect(page.get_by_text("driver-0100.sys")).to_have_count(1)


def test_on_paper_the_header_and_what_is_pressed_are_gone(full: Visit) -> None:
    page = full.open(GUIDE)
    page.emulate_media(media="print")
    seen: Any = page.evaluate(
        "['.site-header', '.filter-bar', '#fields', '.site-footer'].map(s => !!document.querySelector(s).offsetHeight)"
    )
    assert seen == [False, False, True, True]
    fold = page.locator("details.fold table").first
    assert fold.evaluate("element => element.getBoundingClientRect().height") > 0
