"""What every page promises in a real browser: accessible in both themes, on a phone, from the keyboard and on paper.

Each test walks over all pages of a reader in one browser, since a fresh one for each costs more than the looking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.test import Client, RequestFactory
from django.views.defaults import server_error
from playwright.sync_api import expect

from catalog.roles import grant
from tests.browser.conftest import Visit
from tests.pages import walk
from tests.pages.staff import A, person
from tests.pages.walked import write_catalog

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"}
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# A colour that fades in has no contrast yet, and nothing that moves has its size.
STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"
AXE = """only => axe.run({runOnly: only}).then(found => found.violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)} ${node.any.map(one => one.message)}`)))"""
# Every element that the Tab key reaches and that shows no ring when it has the focus, and tables without head cells.
WITHOUT_RING = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter(one => one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0 && one.type !== 'hidden')
    .filter(one => {
        one.focus();
        const rings = [one, one.parentElement].map(place => getComputedStyle(place));
        return document.activeElement === one
            && rings.every(style => style.outlineStyle === 'none' && style.boxShadow === 'none');
    }).map(one => one.outerHTML.slice(0, 160))"""
BARE_TABLES = """() => [...document.querySelectorAll('main table')]
    .filter(one => !one.querySelector('th[scope]') && one.getAttribute('role') !== 'presentation')
    .map(one => one.outerHTML.slice(0, 160))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def enter(
    chromium: Any, live_server: Any, transactional_db: None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visit]]:
    """`enter(role, **context)`: a browser of a reader on a catalog in which every page has something to show."""
    grant(apps)  # a flushed database has no groups
    write_catalog(tmp_path)
    contexts = []

    def entered(role: str = walk.ANONYMOUS, **options: Any) -> Visit:
        context = chromium.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        if role:
            client = Client()
            client.force_login(person(role))
            cookies = {name: morsel.value for name, morsel in client.cookies.items()}
            context.add_cookies(
                [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
            )
        return Visit(context.new_page(), live_server.url)

    yield entered
    for context in contexts:
        context.close()


def violations(page: Any, only: list[str]) -> list[str]:
    """What axe finds, as far as `only` (its tags, or its rules) asks."""
    from axe_playwright_python.base import AXE_FILE_PATH

    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_FILE_PATH.read_text())
    return page.evaluate(AXE, only)


def unsound(page: Any) -> list[str]:
    """What is wrong with the page that is open, on a phone, in the light and in the dark."""
    page.evaluate(
        "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s] }", STILL
    )
    found = violations(page, STANDARD)
    wide = page.evaluate(TOO_WIDE)
    if wide > 0:
        found.append(f"{wide} pixels too wide for a phone")
    found += [f"no head cells: {table}" for table in page.evaluate(BARE_TABLES)]
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark, {one}" for one in violations(page, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Tab")  # from here on the focus shows, as for whoever uses the keyboard
    return found + [f"no ring: {one}" for one in page.evaluate(WITHOUT_RING)]


@pytest.mark.parametrize("role", walk.READERS, ids=lambda role: role or "anonymous")
def test_every_page_is_sound(enter: Callable[..., Visit], role: str) -> None:
    visit = enter(role, **PHONE)
    asked: set[str] = set()
    visit.page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    for address in pages_of(role):
        page = visit.open(address)
        found = unsound(page)
        assert found == [], address
        assert visit.said == [], address
    assert asked - {""} == {urlsplit(visit.address).netloc}


def pages_of(role: str) -> list[str]:
    """Each page with the first reader who may open it, and those that show a later one more than his name."""
    before = set(walk.pages(walk.READERS[walk.READERS.index(role) - 1])) if role else set()
    also = {"/", f"/rules/sigma/{A}/versions/", "/rules/elastic/broad/", "/sources/", "/runs/", "/runs/1/"}
    return [address for address in walk.pages(role) if address not in before - also]


def test_errors_are_sound_pages_too(enter: Callable[..., Visit]) -> None:
    visit = enter(walk.VIEWER, **PHONE)
    page = visit.page
    broken = server_error(RequestFactory().get("/")).content.decode()
    page.route("**/broken/", lambda route: route.fulfill(status=500, content_type="text/html", body=broken))
    expected = {
        "/nothing/here/": 404, "/techniques/T9999/": 404, "/techniques/?vendor=nobody": 400, "/rules/?nothing=1": 400,
        "/editing/new/": 403, "/broken/": 500,
    }  # fmt: skip
    for address, status in expected.items():
        assert page.goto(visit.address + address).status == status, address
        assert unsound(page) == [], address
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
