"""Each page's main task without scripts, and with the keyboard alone; going back, reloading, and paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from detections.models import Rule
from tests.browser.conftest import Visit
from tests.browser.test_promises import enter  # noqa: F401  a fixture
from tests.browser.waiting import wait_until
from tests.pages import walk
from tests.pages.staff import FIRST, PASSWORD, A

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

GUIDE = "/techniques/T1578.001/"
WITHOUT = {"java_script_enabled": False}
RING = """() => { const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 }"""
FOCUS = "() => document.activeElement.textContent.trim()"


def heading(page: Any) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_without_scripts_every_page_is_readable(enter: Callable[..., Visit]) -> None:  # noqa: F811
    visit = enter(walk.ADMINISTRATOR, **WITHOUT)
    for address in walk.pages(walk.ADMINISTRATOR):
        page = visit.open(address)
        if address in walk.ADMIN:
            continue
        assert page.get_by_role("heading", level=1).count() == 1, address
        assert len(page.get_by_role("main").inner_text()) > 40, address
        dead = page.locator("main button:visible:not(form button):not([form])")
        assert dead.count() == 0, f"{address}: {dead.first.inner_text()} does nothing without a script"


def test_without_scripts_a_reader_finds_everything(enter: Callable[..., Visit]) -> None:  # noqa: F811
    page = enter(**WITHOUT).open("/")
    page.get_by_role("searchbox").first.fill("t1578.001")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{GUIDE}")
    page.get_by_label("Vendor").select_option("elastic")
    page.get_by_role("button", name="Apply").click()
    assert "vendor=elastic" in page.url
    page.get_by_role("link", name="CreateDBSnapshot", exact=True).first.click()
    page.get_by_role("link", name="Snapshot of a database cluster").first.click()
    assert page.url.endswith("/rules/elastic/snapshot/")
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Rules").click()
    page.locator("#facet-words").fill("cluster")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="1 rule", exact=True)).to_have_count(1)
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Matrix").click()
    page.get_by_role("link", name="Command and Scripting Interpreter").first.click()
    assert "Command and Scripting Interpreter" in heading(page)


def test_without_scripts_an_account_works(enter: Callable[..., Visit]) -> None:  # noqa: F811
    visit = enter(**WITHOUT)
    page = visit.page
    page.goto(f"{visit.address}/rules/sigma/{A}/edit/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Text of the rule").fill(FIRST.replace("tool.exe", "plain.exe"))
    page.get_by_label("Reason", exact=True).fill("Without scripts.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version")).to_have_count(1)
    visit.open(f"/rules/sigma/{A}/versions/")
    page.get_by_role("group").filter(has_text="Restore version 1").last.locator("summary").click()
    page.get_by_label("Reason").locator("visible=true").first.fill("Back again.")
    page.get_by_role("button", name="Restore version 1", exact=True).click()
    expect(page.get_by_text("Version 1 is in force again")).to_have_count(1)
    visit.open("/editing/upload/")
    file = {"name": "a.yml", "mimeType": "text/yaml", "buffer": FIRST.replace(A[:8], "99999999").encode()}
    page.get_by_label("Source").select_option("team")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_label("Reason").fill("Uploaded without scripts.")
    page.get_by_role("button", name="Store 1 rule").click()
    assert Rule.objects.filter(own_id__startswith="99999999").exists()
    visit.open("/editing/names/alias/?vendor=sigma&name=Image")
    page.get_by_label("Reason").fill("Looking only.")
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.locator("[aria-labelledby=touched-title]")).to_have_count(1)


def test_the_keyboard_alone_reads_a_guide(enter: Callable[..., Visit]) -> None:  # noqa: F811
    visit = enter()
    page = visit.open(GUIDE)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    value = page.get_by_role("link", name="CreateDBSnapshot", exact=True).first
    for _ in range(400):
        page.keyboard.press("Tab")
        assert page.evaluate(RING), page.evaluate(FOCUS)
        if value.evaluate("one => one === document.activeElement"):
            break
    opened = page.locator("tr.opened", has_text="under T1578.001")
    page.keyboard.press("Enter")
    opened.wait_for()
    assert page.evaluate(FOCUS) == "CreateDBSnapshot" and page.evaluate(RING)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table') !== null")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    opened.wait_for(state="detached")
    assert page.evaluate(FOCUS) == "CreateDBSnapshot"


def test_the_focus_stays_when_a_filter_changes_the_page(enter: Callable[..., Visit]) -> None:  # noqa: F811
    page = enter().open(GUIDE)
    page.get_by_label("Vendor").focus()
    page.keyboard.press("e")
    page.wait_for_url("**vendor=elastic**")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.name") == "vendor"
    page.goto(page.url.split("/techniques/")[0] + "/rules/")
    page.get_by_role("checkbox", name="splunk").first.focus()
    page.keyboard.press("Space")
    page.wait_for_url("**vendor=splunk**")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.value") == "splunk"


def test_going_back_and_reloading_show_what_the_address_says(enter: Callable[..., Visit]) -> None:  # noqa: F811
    page = enter().open(GUIDE)
    vendor = page.get_by_label("Vendor")
    for word in ("elastic", "splunk"):
        vendor.select_option(word)
        page.wait_for_url(f"**vendor={word}**")
    page.reload()
    assert vendor.input_value() == "splunk"
    page.go_back()
    page.wait_for_url("**vendor=elastic**")
    wait_until(page, "document.querySelector('[name=vendor]').value === 'elastic'")
    page.get_by_role("link", name="CreateDBSnapshot", exact=True).first.click()
    page.locator("tr.opened").first.wait_for()
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Sources").click()
    page.wait_for_url("**/sources/")
    page.go_back()
    page.wait_for_url("**vendor=elastic**")
    assert vendor.input_value() == "elastic" and heading(page)
    page.go_back()
    wait_until(page, "document.querySelector('[name=vendor]').value === ''")
    assert page.url.endswith(GUIDE)


def test_paper_holds_the_content_alone(enter: Callable[..., Visit]) -> None:  # noqa: F811
    visit = enter(color_scheme="light")
    visit.open("/").get_by_role("button", name="Use the dark theme").click()
    for address in (GUIDE, "/rules/elastic/broad/", "/matrix/"):
        page = visit.open(address)
        page.emulate_media(media="print")
        assert page.locator("nav.site-nav").is_hidden() and page.get_by_role("searchbox").first.is_hidden(), address
        ground, ink = page.evaluate(
            "[getComputedStyle(document.body)].flatMap(one => [one.backgroundColor, one.color])"
        )
        assert (ground, ink) == ("rgba(0, 0, 0, 0)", "rgb(22, 32, 27)"), f"{address} is printed in the dark theme"
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.pdf()[:5] == b"%PDF-"
