"""Fields in a real browser: the rules behind a number, further values and the filters of a field open in place."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from detections.models import Technique
from tests.browser.conftest import Visit
from tests.pages import rows

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_fields_page_opens_in_place(visit: Visit) -> None:
    values = [f"value{number:02}" for number in range(40)]
    rows.rule("Of many values", list(Technique.objects.all()[:1]), [("Image", "in", values, False)])
    rows.counted()
    page = visit.open("/fields/Image/")
    page.get_by_role("row", name="value00 in 1").get_by_role("link", name="1", exact=True).click()
    expect(page.locator("tr.opened")).to_contain_text("Of many values")
    page.get_by_role("link", name="More values").click()
    expect(page.get_by_role("link", name="value39", exact=True)).to_be_visible()
    page.get_by_label("Vendor").select_option("sigma")
    expect(page.locator("#field")).not_to_contain_text("value00")
    expect(page.locator("#field")).to_contain_text("\\tool.exe")
    assert page.url.endswith("/fields/Image/?vendor=sigma")
    assert visit.said == []
