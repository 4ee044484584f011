"""Lists in a real browser: facets in place, focus, back and reload, a phone's filters, no scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.browser.test_pages import NARROW, NO_SCRIPT
from tests.browser.waiting import wait_until
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STATES = [
    "/rules/?vendor=elastic&vendor=splunk&level=medium&ordering=-level", "/rules/?vendor=sigma&platform=AWS",
    "/rules/?live=all", "/techniques/?tactic=execution&show=covered", "/techniques/?ordering=-rules&vendor=splunk",
    "/techniques/?q=snapshot&vendor=sigma", "/techniques/T1578/",
]  # fmt: skip


def count(visit: Visit, words: str) -> None:
    visit.page.get_by_role("heading", name=words, exact=True).wait_for()


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_every_state_of_a_list_is_sound(visit: Visit) -> None:
    for path in STATES:
        page = visit.open(path)
        for fold in page.locator(".facet-fold > summary").all():
            fold.click()
        assert unsound(page) == [], path
    assert visit.said == []


def test_a_facet_applies_itself_keeps_the_focus_and_is_a_permalink(visit: Visit) -> None:
    page = visit.open("/rules/")
    box = page.get_by_role("checkbox", name="Splunk 1 rules")
    box.focus()
    page.keyboard.press("Space")
    count(visit, "1 rule")
    assert page.url.endswith("/rules/?vendor=splunk")
    assert page.evaluate("document.activeElement.value") == "splunk"
    assert page.get_by_role("status").inner_text() == "1 rule"
    page.get_by_role("checkbox", name="Elastic 1 rules").check()
    count(visit, "2 rules")
    assert re.search(r"/rules/\?vendor=elastic&vendor=splunk$", page.url)
    page.reload()
    assert page.get_by_role("checkbox", name="Splunk 1 rules").is_checked()
    count(visit, "2 rules")
    assert visit.said == []


def test_the_back_button_goes_back_through_the_states(visit: Visit) -> None:
    page = visit.open("/rules/")
    page.get_by_role("checkbox", name="Splunk 1 rules").check()
    count(visit, "1 rule")
    page.get_by_role("checkbox", name="Elastic 1 rules").check()
    count(visit, "2 rules")
    page.go_back()
    count(visit, "1 rule")
    assert page.get_by_role("checkbox", name="Splunk 1 rules").is_checked()
    assert not page.get_by_role("checkbox", name="Elastic 1 rules").is_checked()
    expect(page.locator(".theme-switch")).to_be_visible()
    page.go_back()
    count(visit, "3 rules")
    page.go_forward()
    count(visit, "1 rule")
    page.get_by_role("link", name="A search nobody reads").click()
    page.locator(".reading").wait_for()


def test_a_filter_is_taken_off_in_place_and_the_focus_goes_on_at_the_count(visit: Visit) -> None:
    page = visit.open("/rules/?vendor=splunk&platform=Linux")
    page.get_by_role("link", name="Take off Vendor: Splunk").click()
    page.wait_for_url("**/rules/?platform=Linux")
    wait_until(page, "document.activeElement.id === 'list-count'")
    page.get_by_role("link", name="Clear filters").click()
    count(visit, "3 rules")
    assert page.url.endswith("/rules/")
    assert visit.said == []


def test_headings_sort_in_place(visit: Visit) -> None:
    page = visit.open("/rules/")
    page.get_by_role("link", name="Vendor", exact=True).click()
    page.wait_for_url("**/rules/?ordering=vendor")
    page.locator("th[aria-sort=ascending]", has_text="Vendor").wait_for()
    assert page.evaluate("document.activeElement.id") == "sort-vendor"
    page.keyboard.press("Enter")
    page.locator("th[aria-sort=descending]", has_text="Vendor").wait_for()
    assert page.url.endswith("?ordering=-vendor")
    page.goto(f"{visit.address}/techniques/")
    page.get_by_role("link", name="by rules").click()
    page.locator("th[aria-sort=descending]", has_text="Rules").wait_for()
    page.get_by_role("link", name="by tactic").click()
    page.get_by_role("heading", name="Execution").wait_for()
    assert visit.said == []


def test_a_parent_unfolds_its_sub_techniques_and_folds_them_again(visit: Visit) -> None:
    for number in range(150):
        rows.technique(f"T3{number:03}", f"Further {number}")
    page = visit.open("/techniques/")
    fold = page.get_by_role("link", name="1 sub-technique")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.focus()
    page.keyboard.press("Enter")
    below = page.get_by_role("link", name="Create Snapshot", exact=True)
    expect(below).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "true")
    expect(fold).to_be_focused()
    assert page.url.endswith("/techniques/")
    page.keyboard.press("Enter")
    expect(below).to_be_hidden()
    expect(fold).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(below).to_be_visible()
    assert visit.said == []


def test_what_was_unfolded_stays_unfolded(visit: Visit) -> None:
    from detections.models import Technique

    for number in range(12):
        rows.rule(f"Numbered {number}", [Technique.objects.get(attack_id="T1059")], platforms=[f"Platform {number:02}"])
    page = visit.open("/rules/")
    page.get_by_text("9 more of Platform").click()
    page.get_by_role("checkbox", name="Splunk").check()
    count(visit, "1 rule")
    page.get_by_role("checkbox", name="Splunk").uncheck()
    count(visit, "15 rules")
    page.get_by_role("checkbox", name="Elastic").check()
    count(visit, "13 rules")
    page.get_by_text("7 more of Platform").wait_for()


@pytest.mark.parametrize("visit", [NARROW], indirect=True)
def test_a_phone_folds_the_facets_and_keeps_them_open_while_choosing(visit: Visit) -> None:
    page = visit.open("/rules/")
    box = page.get_by_role("checkbox", name="Splunk 1 rules")
    expect(box).to_be_hidden()
    page.locator(".facet-fold > summary").click()
    box.check()
    count(visit, "1 rule")
    expect(box).to_be_visible()
    page.get_by_role("link", name="by title").or_(page.get_by_role("link", name="by rule")).first.click()
    page.wait_for_url("**ordering=**")


def test_a_refused_filter_is_told_in_place(visit: Visit) -> None:
    page = visit.open("/rules/")
    page.evaluate("document.getElementById('facet-words').removeAttribute('maxlength')")
    page.locator("#facet-words").fill("a" * 3000)
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    expect(page.get_by_role("link", name="The page without filters")).to_be_visible()


@NO_SCRIPT
def test_without_scripts_facets_have_a_button_and_everything_else_is_a_link(visit: Visit) -> None:
    page = visit.open("/rules/")
    page.get_by_role("checkbox", name="Splunk 1 rules").check()
    page.get_by_role("button", name="Apply").click()
    assert "vendor=splunk" in page.url
    count(visit, "1 rule")
    page.get_by_role("link", name="Level", exact=True).click()
    assert "vendor=splunk" in page.url and "ordering=-level" in page.url
    page.get_by_role("link", name="Take off Vendor: Splunk").click()
    count(visit, "3 rules")
    page.get_by_role("link", name="A tool starts").click()
    assert "/rules/sigma/" in page.url


@pytest.mark.parametrize("visit", [{**NARROW, "java_script_enabled": False}], indirect=True)
def test_without_scripts_a_phone_unfolds_its_filters(visit: Visit) -> None:
    page = visit.open("/techniques/")
    page.locator(".facet-fold > summary").click()
    page.get_by_role("radio", name="without rules").check() if page.get_by_role("radio").count() else None
    page.get_by_role("checkbox", name="Execution").check()
    page.get_by_role("button", name="Apply").click()
    assert "tactic=execution" in page.url
    count(visit, "1 technique, 1 with rules")
