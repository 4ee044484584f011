"""Indicators in a real browser: a facet leads on in place, the list filters in place, a further row opens."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.waiting import wait_until
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SUCCESS = rows.key("event.outcome", "eq", "success")


def test_a_facet_of_an_indicator_leads_to_the_list_of_its_rules(visit: Visit) -> None:
    page = visit.open(f"/indicators/{SUCCESS}/")
    page.get_by_role("checkbox", name="SigmaHQ 1 rules").check()
    page.get_by_role("heading", name="1 rule", exact=True).wait_for()
    assert page.url.endswith(f"/rules/?vendor=sigma&indicator={SUCCESS}")
    expect(page.get_by_role("link", name="Take off Checks: event.outcome eq success")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="A tool starts")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Rules that check it")).to_be_visible()
    assert visit.said == []


def test_the_list_filters_in_place(visit: Visit) -> None:
    page = visit.open("/indicators/")
    page.get_by_label("Value", exact=True).fill("tool")
    page.keyboard.press("Tab")
    page.get_by_role("heading", name="1 indicator", exact=True).wait_for()
    wait_until(page, "location.search === '?q=tool'")
    assert page.get_by_role("status").inner_text() == "1 indicator"
    page.get_by_role("link", name="Take off Part of the value: tool").click()
    page.get_by_role("heading", name="7 indicators", exact=True).wait_for()
    assert visit.said == []
