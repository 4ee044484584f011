"""The command palette and the keys: they lead where they say, and leave alone whoever writes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sound import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PALETTE = "dialog.palette"


def box(page: Any) -> Any:
    return page.get_by_role("combobox", name="Technique, field, value, rule or page")


def test_the_palette_suggests_and_goes(visit: Visit) -> None:
    page = visit.open("/rules/")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    expect(page.get_by_role("option", name="Matrix")).to_be_visible()  # nothing typed: the pages
    page.keyboard.type("snap")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("Create Snapshot")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box(page)).to_have_attribute("aria-activedescendant", "palette-0")
    assert violations(page) == []
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option", name="Search for “snap”")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniques/T1578.001/")
    assert visit.said == []


def test_the_palette_gives_the_focus_back_and_searches_at_once(visit: Visit) -> None:
    page = visit.open("/rules/")
    link = page.get_by_role("link", name="A tool starts")
    link.focus()
    page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(PALETTE)).to_be_hidden()
    expect(link).to_be_focused()
    page.locator("#facet-words").focus()
    page.keyboard.press("Control+k")  # also while writing
    page.keyboard.type("T1059")
    page.keyboard.press("Enter")  # before anything is suggested
    page.wait_for_url("**/techniques/T1059/")
    assert visit.said == []


def test_without_an_answer_the_palette_still_searches(visit: Visit) -> None:
    page = visit.open("/")
    page.route(re.compile("/search/suggest/"), lambda route: route.fulfill(status=503))
    page.keyboard.press("/")
    expect(page.locator(PALETTE).get_by_role("status")).to_contain_text("No suggestions")
    page.keyboard.type("t1059")
    page.keyboard.press("Enter")
    page.wait_for_url("**/techniques/T1059/")


def test_keys_go_from_row_to_row_and_open_them(visit: Visit) -> None:
    page = visit.open("/rules/")
    titles = [page.get_by_role("link", name=name) for name in ("A search nobody reads", "A tool starts", "Snapshot of")]
    page.keyboard.press("j")
    expect(titles[0]).to_be_focused()
    page.keyboard.press("j")
    expect(titles[1]).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".opened .reading")).to_be_visible()
    page.keyboard.press("j")  # past what is opened
    expect(titles[2]).to_be_focused()
    page.keyboard.press("j")
    expect(titles[2]).to_be_focused()
    page.keyboard.press("k")
    expect(titles[1]).to_be_focused()
    page.keyboard.press("Control+j")
    page.keyboard.press("Alt+k")
    expect(titles[1]).to_be_focused()
    assert visit.said == []


def test_keys_leave_alone_whoever_writes_and_can_be_switched_off(visit: Visit) -> None:
    page = visit.open("/rules/")
    words = page.locator("#facet-words")
    words.focus()
    page.keyboard.type("j/k?")
    expect(words).to_have_value("j/k?")
    words.fill("")
    page.get_by_role("link", name="A tool starts").focus()
    page.keyboard.press("?")
    told = page.get_by_role("dialog", name="Keys")
    expect(told).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("/")  # a dialog is open
    expect(page.locator(PALETTE)).to_have_count(0)
    told.get_by_label("Single keys do this").uncheck()
    told.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name=re.compile("Keys")).click()
    told.get_by_label("Single keys do this").check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    assert visit.said == []
