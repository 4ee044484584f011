"""Exclusions in a real browser: rules in place, the text that is copied, every state by axe, a phone, no scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import DARK, LIGHT, NARROW, NO_SCRIPT, serious_violations
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROBOT = rows.key("User", "eq", "backup-robot")
PARENT = rows.key("ParentImage", "endswith", "\\explorer.exe")
STATES = [
    "/exclusions/?satisfiable=yes", f"/exclusions/{PARENT}/rules/", "/exclusions/by/program/", "/exclusions/sigma/",
]  # fmt: skip
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def with_a_parent() -> None:
    rows.rule("From the desktop", [], [("ParentImage", "endswith", ["\\explorer.exe"], True)], at=rows.source("sigma"))
    rows.counted()


@pytest.mark.parametrize("visit", [LIGHT, DARK, NARROW], indirect=True, ids=["light", "dark", "narrow"])
def test_axe_finds_no_serious_violation_and_nothing_is_wider_than_a_phone(visit: Visit) -> None:
    with_a_parent()
    for path in STATES:
        page = visit.open(path)
        assert serious_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert visit.said == []


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


@pytest.mark.parametrize("visit", [NO_SCRIPT], indirect=True)
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
