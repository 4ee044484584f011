"""Exclusions in a real browser: rules in place, the text that is copied, the same without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.browser.test_pages import NO_SCRIPT
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROBOT = rows.key("User", "eq", "backup-robot")
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_marks_and_what_opened_are_sound_too(visit: Visit) -> None:
    parent = ("ParentImage", "endswith", ["\\explorer.exe"], True)
    rows.rule("From the desktop", [], [parent], at=rows.source("sigma"))
    rows.counted()
    page = visit.open("/exclusions/?satisfiable=yes")
    page.locator('[data-label="Rules"] a').click()
    page.get_by_text("Copy as Sigma filter").click()
    expect(page.get_by_text("Parent that is easily chosen")).to_have_count(2 + 1)
    assert unsound(page) == []


@pytest.mark.parametrize("visit", [CLIPBOARD], indirect=True)
def test_rules_open_in_place_and_the_filter_is_copied(visit: Visit) -> None:
    page = visit.open("/exclusions/")
    page.locator('[data-label="Rules"] a').first.click()
    opened = page.locator(".opened-inside")
    expect(opened.get_by_role("link", name="Snapshot of a database cluster")).to_be_visible()
    opened.get_by_text("Copy as Sigma filter").click()
    opened.get_by_role("button", name="Copy").first.click()
    expect(opened.get_by_role("button", name="Copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(f"[id='{ROBOT}-rule']").text_content() and "'backup-robot'" in copied
    assert visit.said == []


@NO_SCRIPT
def test_without_scripts_rules_are_a_page_and_chosen_ones_a_form(visit: Visit) -> None:
    page = visit.open("/exclusions/")
    page.get_by_role("checkbox", name="Choose User eq backup-robot").check()
    page.get_by_role("button", name="Chosen ones as Sigma filter").click()
    expect(page.get_by_role("heading", name="1 exclusion as Sigma filter")).to_be_visible()
    assert page.url.endswith(f"/exclusions/sigma/?key={ROBOT}")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    visit.open("/exclusions/").locator('[data-label="Rules"] a').first.click()
    expect(page.get_by_role("heading", name="Rules that share one exclusion")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text("title: ")
