"""Breadcrumbs: every page below another leads back, and each of the steps is a page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from django.test import Client

from catalog.roles import EDITOR
from tests.pages import walk
from tests.pages.staff import person
from tests.pages.test_techniques import page, text
from tests.pages.walked import write_catalog

# Pages that the header leads to, and those of an account: nothing is above them.
TOP = {
    "home", "technique-list", "matrix", "compare", "rule-list", "field-list", "indicator-list", "exclusion-list",
    "source-list", "sign-in", "search", "token-list", "draft-list", "diverged-list", "rule-upload", "name-list",
    "source-new",
}  # fmt: skip


def trail(html: str) -> list[tuple[str, str]]:
    """(word, address) of each step; the page's own has no address."""
    nav = html.split('aria-label="Breadcrumbs">')[1].split("</nav>")[0]
    found = re.findall(r'<li(?: aria-current="page")?>(?:<a href="([^"]*)">)?(.*?)</li>', nav, re.DOTALL)
    return [(text(word), unescape(address)) for address, word in found]


def test_every_page_below_another_has_a_trail_of_pages(client: Client, db: None, tmp_path: Path) -> None:
    write_catalog(tmp_path)
    client.force_login(person(EDITOR))
    for name in walk.PAGES.keys() - TOP:
        if walk.READERS.index(walk.PAGES[name].reader) > walk.READERS.index(EDITOR):
            continue
        for address in walk.addresses(name):
            steps = trail(page(client, address))
            assert steps[-1][1] == "" and steps[-1][0], address
            assert steps[:-1], address
            for word, step in steps[:-1]:
                assert word and client.get(step).status_code == 200, (address, word)


def test_a_trail_is_as_long_as_the_way(client: Client, db: None, tmp_path: Path) -> None:
    write_catalog(tmp_path)
    assert trail(page(client, "/techniques/T1578.001/?vendor=elastic")) == [
        ("Techniques", "/techniques/"), ("T1578", "/techniques/T1578/"), ("T1578.001", ""),
    ]  # fmt: skip
    assert trail(page(client, "/techniques/T1578.001/rules/?vendor=elastic"))[1:] == [
        ("T1578", "/techniques/T1578/"), ("T1578.001", "/techniques/T1578.001/?vendor=elastic"), ("Rules", ""),
    ]  # fmt: skip
    assert trail(page(client, "/rules/elastic/broad/text/")) == [
        ("Rules", "/rules/"), ("Elastic", "/rules/?vendor=elastic"), ("Broad", "/rules/elastic/broad/"), ("Text", ""),
    ]  # fmt: skip
