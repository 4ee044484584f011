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
from tests.browser.sound import PHONE, unsound
from tests.pages import walk
from tests.pages.staff import A, person
from tests.pages.walked import write_catalog

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


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
