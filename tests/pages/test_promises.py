"""What every page promises: few queries whatever the catalog's size, little weight, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.pages import walk
from tests.pages.staff import person
from tests.pages.walked import write_catalog

MOST_QUERIES = 15
OF_AN_ACCOUNT = 4  # the session, the account and its permissions, beside the page's own queries
MOST_BYTES = 150_000  # of a page, uncompressed
TIMES = 10
USUAL_SOURCES = 2  # beside those of three vendors and a team
# What a browser fetches by itself, and from which attribute. Links are the reader's own choice.
FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "use": "href"}
NOTHING_FETCHED = {"canonical", "alternate", "search", "prev", "next"}


def test_every_page_has_an_example() -> None:
    missing = walk.configured() - set(walk.EVERYTHING)
    gone = set(walk.EVERYTHING) - walk.configured()
    assert not missing, (
        f"No example in tests/pages/walk.py of {', '.join(sorted(missing))}. Add each to PAGES (or to LEADS, BUTTONS, "
        "ENDPOINTS): the arguments of an address that shows something in the catalog of tests/pages/walked.py, and who "
        "may open it. Then query counts, weight, accessibility and phone width are checked for it as for every page."
    )
    assert not gone, f"tests/pages/walk.py still names {', '.join(sorted(gone))}, which urls.py no longer has."


@pytest.fixture(params=[walk.ANONYMOUS, walk.ADMINISTRATOR], ids=["anonymous", "administrator"])
def reader(request: pytest.FixtureRequest, client: Client, db: None) -> str:
    if request.param:
        client.force_login(person(request.param))
    return request.param


def addresses(reader: str) -> list[str]:
    return walk.pages(reader) + walk.endpoints(reader)


def asked(client: Client, reader: str) -> dict[str, int]:
    """Queries of each address on its second visit; the first one reads what a process keeps."""
    counts = {}
    for address in addresses(reader):
        assert client.get(address).status_code == 200, address
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts[address] = len(queries)
    return counts


def most(reader: str) -> int:
    return MOST_QUERIES + OF_AN_ACCOUNT if reader else MOST_QUERIES


def test_no_page_asks_more_than_fifteen_queries_nor_more_on_a_larger_catalog(
    client: Client, reader: str, tmp_path: Path
) -> None:
    with transaction.atomic():
        write_catalog(tmp_path / "small")
        small = asked(client, reader)
        transaction.set_rollback(True)
    write_catalog(tmp_path / "large", TIMES)
    large = asked(client, reader)
    assert {address: count for address, count in large.items() if count > most(reader)} == {}
    assert {address: (small[address], count) for address, count in large.items() if count > small[address]} == {}


class Page(HTMLParser):
    """What a page fetches, and what stands in it that should stand in a file."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        address = said.get(FETCHED.get(tag, ""), "")
        if address and said.get("rel", "") not in NOTHING_FETCHED:
            self.fetched.append(address)
        if tag == "style" or (tag == "script" and "src" not in said):
            self.inline.append(f"<{tag}>")
        self.inline += [f"<{tag} {name}>" for name in said if name == "style" or name.startswith("on")]


@pytest.fixture
def shown(client: Client, reader: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Every page that the reader may open, by its address."""
    write_catalog(tmp_path, TIMES, USUAL_SOURCES)
    yield {address: client.get(address).content.decode() for address in walk.pages(reader)}


def test_every_page_is_light_and_all_of_it_is_ours(shown: dict[str, str]) -> None:
    ours = {address: html for address, html in shown.items() if address not in walk.ADMIN}
    weights = {address: len(html.encode()) for address, html in ours.items()}
    assert {address: weight for address, weight in weights.items() if weight > MOST_BYTES} == {}
    pages = {address: Page(html) for address, html in shown.items()}
    assert {at: host for at, page in pages.items() for one in page.fetched if (host := urlsplit(one).netloc)} == {}
    assert {address: pages[address].inline for address in ours if pages[address].inline} == {}
    assert all(page.fetched for page in pages.values())


def test_a_page_that_is_not_for_the_reader_leads_to_signing_in(client: Client, db: None, tmp_path: Path) -> None:
    write_catalog(tmp_path)
    client.force_login(person(walk.VIEWER))
    anonymous = Client()
    for name, example in walk.PAGES.items():
        if example.reader:
            for address in walk.addresses(name):
                answer = anonymous.get(address)
                assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, reverse("sign-in"))
                assert client.get(address).status_code == (200 if example.reader == walk.VIEWER else 403), address


def test_buttons_answer_no_visit(client: Client, db: None, tmp_path: Path) -> None:
    write_catalog(tmp_path)
    client.force_login(person(walk.ADMINISTRATOR))
    for name in walk.BUTTONS:
        assert [client.get(address).status_code for address in walk.addresses(name)] == [405], name
