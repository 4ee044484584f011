"""Wherever a page leads, something answers: links, what opens in place, further rows; and a number opens as many."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from tests.pages import walk
from tests.pages.staff import person
from tests.pages.walked import write_catalog

LEADING = re.compile(r'<(?:a|tr|div|form|button|details)\b[^>]*?\b(?:href|hx-get)="([^"]*)"')
ALIKE = 3  # links of one kind on one page that are followed
ANSWERED = {200, 301, 302}
NUMBER = re.compile(r'<a\b(?![^>]*class="value)[^>]*? href="([^"]*)"[^>]*>(?:<b>)?([\d,]+)(?:</b>)?</a>')
# Where a number leads to rows that are counted: lists that the API has under the same address, and what opens in place.
LISTS = ("rule-list", "technique-list", "exclusion-list")
OPENED = re.compile(r'<p class="opened-head"><strong>([\d,]+) ')
# What a reader's browser asks with other headers than a page.
FOR_PROGRAMS = ("api-schema",)


def kind_of(link: str) -> tuple[str, ...]:
    """What links of one kind share: the page that they lead to, and the names of their parameters."""
    parts = urlsplit(link)
    return (resolve(parts.path).view_name, *sorted({name for name, _ in parse_qsl(parts.query)}))


def links_of(page: str, html: str) -> list[str]:
    """The addresses within the site that a page leads to, a few of each kind."""
    found, kinds = [], Counter[tuple[str, ...]]()
    for written in dict.fromkeys(LEADING.findall(html)):
        link = urljoin(page, unescape(written)).partition("#")[0]
        parts = urlsplit(link)
        if parts.netloc or parts.scheme or parts.path.startswith(("/static/", "/admin/")):
            continue
        kind = kind_of(link)
        kinds[kind] += 1
        if kinds[kind] <= ALIKE and kind[0] not in FOR_PROGRAMS:
            found.append(link)
    return found


@pytest.mark.parametrize("reader", [walk.ANONYMOUS, walk.ADMINISTRATOR], ids=["anonymous", "administrator"])
def test_every_link_of_every_page_is_answered(client: Client, db: None, tmp_path: Path, reader: str) -> None:
    write_catalog(tmp_path, 3)
    if reader:
        client.force_login(person(reader))
    asked, wrong = set[str](), {}
    for page in (one for one in walk.pages(reader) if one not in walk.ADMIN):
        html = client.get(page).content.decode()
        for link in links_of(page, html):
            if link not in asked:
                asked.add(link)
                status = client.get(link).status_code
                if status not in ANSWERED:
                    wrong[link] = (status, page)
    assert wrong == {}
    assert len(asked) > 500


def numbers_of(page: str, html: str) -> list[tuple[str, int]]:
    """(address, number) of the page's numbers that are links, a few of each kind."""
    found, kinds = [], Counter[tuple[str, ...]]()
    for written, number in NUMBER.findall(html):
        link = urljoin(page, unescape(written)).partition("#")[0]
        if urlsplit(link).path.startswith("/admin/"):
            continue
        kind = kind_of(link)
        kinds[kind] += 1
        if kinds[kind] <= ALIKE and (kind[0] in LISTS or kind[0].endswith("-rules")):
            found.append((link, int(number.replace(",", ""))))
    return found


def rows_behind(client: Client, link: str) -> int:
    """How many rows an address shows."""
    parts = urlsplit(link)
    if resolve(parts.path).view_name in LISTS:
        return int(client.get(f"/api/v1{link}").json()["count"])
    (number,) = OPENED.findall(client.get(link).content.decode())
    return int(number.replace(",", ""))


@pytest.mark.parametrize("reader", [walk.ANONYMOUS, walk.ADMINISTRATOR], ids=["anonymous", "administrator"])
def test_every_number_opens_as_many_rows(client: Client, db: None, tmp_path: Path, reader: str) -> None:
    write_catalog(tmp_path, 3)
    if reader:
        client.force_login(person(reader))
    told, wrong = {}, {}
    for page in (one for one in walk.pages(reader) if one not in walk.ADMIN):
        for link, number in numbers_of(page, client.get(page).content.decode()):
            told[link] = told.get(link) or rows_behind(client, link)
            if told[link] != number:
                wrong[link] = (number, told[link], page)
    assert wrong == {}
    assert len(told) > 100
