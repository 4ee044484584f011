"""The site in a real browser: what opens in place, with and without scripts, both themes, narrow and wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GUIDE = "/techniques/T1578.001/"
NO_SCRIPT = pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
LIGHT = {"color_scheme": "light"}
NARROW = {"viewport": {"width": 380, "height": 800}}


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_what_opened_is_sound_too(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_role("link", name="CreateDBSnapshot").click()
    page.locator("tr.opened").get_by_role("link", name="Snapshot of a database cluster").click()
    page.get_by_text("What it excludes").wait_for()
    assert unsound(page) == []


def test_a_value_opens_its_rules_in_place_and_closes(visit: Visit) -> None:
    page = visit.open(GUIDE)
    value = page.locator("a.value.opens", has_text="CreateDBSnapshot")
    value.click()
    opened = page.locator("tr.opened", has_text="1 rule under T1578.001 checks")
    opened.wait_for()
    assert value.get_attribute("aria-expanded") == "true"
    assert page.url.endswith(GUIDE)
    value.click()
    opened.wait_for(state="detached")
    assert value.get_attribute("aria-expanded") == "false"
    assert visit.said == []


def test_a_title_opens_its_reading_in_place(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.locator("#vendor-elastic + .table-frame").get_by_role("link", name="Snapshot of a database cluster").click()
    reading = page.locator(".reading")
    reading.wait_for()
    assert "What it checks (5 indicators)" in reading.inner_text()
    assert "What it excludes (1 indicator)" in reading.inner_text()
    assert page.url.endswith(GUIDE)
    assert visit.said == []


def test_a_rule_opens_inside_of_what_a_value_opened(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_role("link", name="CreateDBSnapshot").click()
    page.locator("tr.opened").get_by_role("link", name="Snapshot of a database cluster").click()
    page.locator("tr.opened tr.opened .reading").wait_for()
    assert visit.said == []


def test_equivalent_reach_opens_its_spellings(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_role("link", name="Show equivalent reach").click()
    page.get_by_role("row", name="event.outcome eq success").get_by_role("link", name="Equivalent reach").click()
    page.get_by_text("with every way to write it").wait_for()
    assert visit.said == []


def test_a_filter_applies_itself_and_is_a_permalink(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_label("Vendor").select_option("splunk")
    page.get_by_text("Patterns shared across the 1 rule:").wait_for()
    assert page.url.endswith(f"{GUIDE}?vendor=splunk")
    assert page.get_by_label("Vendor").input_value() == "splunk"
    page.reload()
    expect(page.get_by_text("Snapshot of a database cluster")).to_have_count(0)
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_text("Patterns shared across the 2 rules:").wait_for()
    assert visit.said == []


def test_roll_up_is_a_switch(visit: Visit) -> None:
    page = visit.open("/techniques/T1578/")
    page.get_by_label("With sub-techniques").check()
    page.get_by_text("2 rules of this technique and its sub-techniques").wait_for()
    assert page.url.endswith("?subtechniques=1")


def test_more_values_load_behind_the_first_ones(visit: Visit) -> None:
    from detections.models import Technique

    values = [f"value{number:03}" for number in range(60)]
    other = Technique.objects.get(attack_id="T1059")
    rows.rule("Many values", [other], [("CommandLine", "contains", values, False)])
    rows.counted()
    page = visit.open("/techniques/T1059/")
    expect(page.locator("table.indicators a.value")).to_have_count(50)
    page.get_by_role("link", name="More values").click()
    page.get_by_role("link", name="value059").wait_for()
    expect(page.locator("table.indicators a.value")).to_have_count(62)
    expect(page.get_by_role("link", name="More values")).to_have_count(0)
    assert visit.said == []


@NO_SCRIPT
def test_without_scripts_links_open_full_pages(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_role("link", name="CreateDBSnapshot").click()
    assert page.url.endswith("/rules/") and "indicators" in page.url
    expect(page.get_by_role("banner")).to_have_count(1)
    page.get_by_role("link", name="Snapshot of a database cluster").click()
    assert page.url.endswith("/rules/elastic/snapshot/")
    expect(page.get_by_text("What it excludes")).to_have_count(1)


@NO_SCRIPT
def test_without_scripts_filters_have_a_button(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_label("Platform").select_option("Linux")
    page.get_by_role("button", name="Apply").click()
    assert "platform=Linux" in page.url
    expect(page.get_by_text("Patterns shared across the 1 rule:")).to_have_count(1)
    expect(page.locator(".theme-switch")).to_be_hidden()


def test_the_search_box_leads_to_techniques_and_rules(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.get_by_role("searchbox").fill("t1059")
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniques/T1059/")
    page.get_by_role("searchbox").fill("database cluster")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=database+cluster")
    expect(page.get_by_text("Snapshot of a database cluster")).to_have_count(1)


@pytest.mark.parametrize("visit", [LIGHT], indirect=True)
def test_the_theme_is_remembered(visit: Visit) -> None:
    page = visit.open("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Use the dark theme").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.goto(f"{visit.address}/rules/")
    assert page.evaluate(ground) == dark
    expect(page.get_by_role("button", name="Use the light theme")).to_have_count(1)


def test_a_field_of_the_logic_leads_to_its_mark(visit: Visit) -> None:
    page = visit.open("/rules/elastic/snapshot/")
    page.locator(".tree").get_by_role("link", name="EventType").click()
    assert page.evaluate("document.querySelector(':target').textContent").startswith("EventType")


def test_the_keyboard_reaches_the_content_first(visit: Visit) -> None:
    page = visit.open(GUIDE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_documentation_of_the_api_asks_nobody_else(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open("/api/")
    page.get_by_role("img", name="redocly logo").wait_for(timeout=30_000)
    assert [one for one in asked if not one.startswith((visit.address, "blob:", "data:"))] == []
    assert page.get_by_role("link", name="API", exact=True).get_attribute("aria-current") == "page"
    assert visit.said == []


@pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)
def test_an_address_is_tried_in_the_browser_and_asks_nobody_else(visit: Visit) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open("/api/try/")
    operation = page.locator(".opblock", has=page.get_by_text("/api/v1/tactics/", exact=True))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text("Defense Impairment")
    assert page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert [one for one in asked if not one.startswith((visit.address, "blob:", "data:"))] == []
    expect(page.get_by_role("link", name="The API described")).to_have_attribute("href", "/api/")
    assert visit.said == []
