"""The matrix and the comparison in a real browser: unfolding, filters, keys, phones, both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.browser.test_pages import NARROW, NO_SCRIPT
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = [
    "/matrix/", "/matrix/?view=vendors&vendor=elastic&vendor=splunk", "/matrix/?show=missing&platform=AWS",
    "/compare/", "/compare/?show=second&platform=AWS",
]  # fmt: skip


@pytest.fixture
def shaded(visit: Visit) -> Visit:
    """With a technique for every shade."""
    techniques = [rows.technique(f"T20{number:02}", f"Technique {number}") for number in range(7)]
    for number in range(100):
        least = (0, 1, 5, 20, 50, 100)
        stated = [one for one, most in zip(techniques, least, strict=False) if number < most]
        rows.rule(f"Rule {number}", stated, platforms=["AWS"])
    rows.technique("T2100", "On Windows alone", platforms=["Windows"])
    return visit


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_every_shade_and_state_is_sound(shaded: Visit) -> None:
    for path in PAGES:
        page = shaded.open(path)
        page.evaluate("document.querySelectorAll('.matrix details').forEach(one => { one.open = true; })")
        assert unsound(page) == [], path
    assert shaded.said == []


@NO_SCRIPT
def test_without_scripts_subtechniques_unfold_and_filters_have_a_button(visit: Visit) -> None:
    page = visit.open("/matrix/")
    child = page.get_by_role("link", name="Create Snapshot")
    expect(child).to_be_hidden()
    expect(page.locator(".unfold")).to_be_hidden()
    page.get_by_text("1 sub-technique").click()
    expect(child).to_be_visible()
    page.get_by_label("Platform").select_option("Linux")
    page.get_by_role("button", name="Apply").click()
    assert "platform=Linux" in page.url
    page.get_by_role("link", name="Modify Cloud Compute Infrastructure").click()
    assert page.url.endswith("/techniques/T1578/?platform=Linux&subtechniques=1")


def test_a_filter_applies_itself_and_is_taken_off_again(visit: Visit) -> None:
    page = visit.open("/matrix/")
    page.get_by_label("Show").select_option("missing")
    page.get_by_text("Nothing is missing here").wait_for()
    assert page.url.endswith("/matrix/?show=missing")
    page.get_by_label("Platform").select_option("Linux")
    page.get_by_label("Filters in force").get_by_text("Linux").wait_for()
    page.get_by_role("link", name="Take off Show: only missing").click()
    page.wait_for_url("**/matrix/?platform=Linux")
    page.get_by_role("button", name="Unfold all sub-techniques").click()
    expect(page.get_by_role("link", name="Create Snapshot")).to_be_visible()
    page.get_by_role("button", name="Fold all sub-techniques").click()
    expect(page.get_by_role("link", name="Create Snapshot")).to_be_hidden()
    assert visit.said == []


def test_arrow_keys_go_from_cell_to_cell(visit: Visit) -> None:
    page = visit.open("/matrix/")
    page.locator("summary", has_text="1 sub-technique").click()
    page.get_by_role("link", name="Command and Scripting Interpreter").focus()

    def pressed(key: str) -> str:
        page.keyboard.press(key)
        return page.evaluate("document.activeElement.textContent.trim().split(' ')[0]")

    assert pressed("ArrowRight") == "T1578"
    assert pressed("ArrowDown") == ".001"
    assert pressed("ArrowDown") == ".001"
    assert pressed("ArrowUp") == "T1578"
    assert pressed("ArrowLeft") == "T1059"
    assert pressed("ArrowRight") == "T1578"
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniques/T1578/?subtechniques=1")


@pytest.mark.parametrize("visit", [NARROW], indirect=True)
def test_on_a_phone_columns_scroll(visit: Visit) -> None:
    page = visit.open("/matrix/")
    matrix = page.locator(".matrix")
    assert matrix.evaluate("one => one.scrollWidth > one.clientWidth")
    page.get_by_role("navigation", name="Tactics").get_by_role("link", name="Defense Impairment").click()
    assert matrix.evaluate("one => one.scrollLeft") > 0


def test_two_vendors_are_swapped(visit: Visit) -> None:
    page = visit.open("/compare/")
    page.get_by_label("Second").select_option("splunk")
    page.get_by_role("heading", name="Elastic and Splunk by tactic").wait_for()
    page.get_by_role("link", name="Swap").click()
    page.get_by_role("heading", name="Splunk and Elastic by tactic").wait_for()
    page.wait_for_load_state("networkidle")
    page.get_by_label("Second").select_option("splunk")
    page.get_by_text("Name two different sources.").wait_for()
    assert visit.said == [] or all("400" in one for one in visit.said)
