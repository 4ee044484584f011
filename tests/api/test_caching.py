"""Rendered answers: kept until the catalog changes, one for each reader, address and format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog.models import ApiToken
from detections.models import Generation, Technique
from tests.pages import rows

GUIDE = "/api/v1/techniques/T1578.001/guide/"
RULES = "/api/v1/rules/"
STAND = ("ETag", "Cache-Control", "Vary")


@pytest.fixture
def kept(settings: Any, snapshot: Technique, request: pytest.FixtureRequest) -> Technique:
    """With a cache of the test's own."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": request.node.nodeid}
    }
    return snapshot


@pytest.mark.parametrize(
    "address", [GUIDE, "/techniques/T1578.001/", "/api/v1/rules/", "/rules/", "/matrix/", "/compare/"]
)
def test_a_kept_answer_costs_one_query(
    client: Client, kept: Technique, django_assert_num_queries: Any, address: str
) -> None:
    first = client.get(address)
    with django_assert_num_queries(1):
        second = client.get(address)
    assert second.content == first.content and second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Content-Type"] == first.headers["Content-Type"]


def test_a_change_of_the_catalog_makes_it_anew(client: Client, kept: Technique) -> None:
    first = client.get(GUIDE)
    rows.rule("Added", [kept])
    assert client.get(GUIDE).json()["rules"] == 2
    Generation.objects.bump()
    second = client.get(GUIDE)
    assert second.json()["rules"] == 3 and second.headers["ETag"] != first.headers["ETag"]


def test_who_has_it_already_gets_304(client: Client, kept: Technique) -> None:
    tag = client.get(GUIDE).headers["ETag"]
    response = client.get(GUIDE, headers={"If-None-Match": f'"other", W/{tag}'})
    assert response.status_code == 304 and response.content == b"" and response.headers["ETag"] == tag
    Generation.objects.bump()
    assert client.get(GUIDE, headers={"If-None-Match": tag}).status_code == 200


@pytest.fixture
def long_ago(kept: Technique, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last change of the catalog, and the start of this process, are a while back."""
    monkeypatch.setattr("catalog.caching.STARTED", 0.0)
    Generation.objects.bump()
    Generation.objects.update(changed_at=datetime(2026, 1, 2, 3, 4, 5, 500, tzinfo=UTC))


def test_the_time_of_the_last_change_stands_beside_it(client: Client, long_ago: None) -> None:
    for address in (GUIDE, "/techniques/T1578.001/", f"{RULES}?format=csv"):
        first = client.get(address)
        assert first.headers["Last-Modified"] == "Fri, 02 Jan 2026 03:04:06 GMT", address
        for method in (client.get, client.head):
            same = method(address, headers={"If-Modified-Since": first.headers["Last-Modified"]})
            assert (same.status_code, same.content) == (304, b""), address
            assert {name: same.headers[name] for name in STAND} == {name: first.headers[name] for name in STAND}
            earlier = method(address, headers={"If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT"})
            assert earlier.status_code == 200, address
            # An ETag says more than a time.
            other = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
            assert method(address, headers=other).status_code == 200, address
        assert client.get(address, headers={"If-Modified-Since": "yesterday"}).status_code == 200
    later = {"If-Modified-Since": "Fri, 01 Jan 2027 00:00:00 GMT"}
    assert client.get("/api/v1/rules/elastic/none/", headers=later).status_code == 404
    Generation.objects.bump()
    assert client.get(GUIDE, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 200


def test_within_the_second_of_a_change_there_is_no_time(client: Client, long_ago: None) -> None:
    Generation.objects.update(changed_at=timezone.now() + timedelta(seconds=2))
    response = client.get(GUIDE, headers={"If-Modified-Since": "Fri, 01 Jan 2027 00:00:00 GMT"})
    assert response.status_code == 200 and "Last-Modified" not in response.headers


def test_a_stream_is_kept_nowhere_but_has_its_name(client: Client, kept: Technique) -> None:
    address = f"{RULES}?format=ndjson"
    first = client.get(address)
    body, tag = b"".join(first.streaming_content), first.headers["ETag"]
    assert client.head(address).headers["ETag"] == tag
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(RULES).headers["ETag"] != tag
    again = client.get(address)
    assert again.streaming and b"".join(again.streaming_content) == body
    Generation.objects.bump()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_head_costs_no_more_than_what_is_kept(client: Client, kept: Technique, django_assert_num_queries: Any) -> None:
    got = client.get(GUIDE)
    with django_assert_num_queries(1):
        head = client.head(GUIDE)
    assert {name: head.headers[name] for name in STAND} == {name: got.headers[name] for name in STAND}


def test_who_has_an_account_or_a_token_asks_whether_it_holds(client: Client, kept: Technique) -> None:
    person = User.objects.create_user("reader", is_staff=True)
    _, secret = ApiToken.objects.make(person, "test")
    bearer = {"Authorization": f"Bearer {secret}"}
    mine = client.get(GUIDE, headers=bearer)
    assert mine.headers["ETag"] != client.get(GUIDE).headers["ETag"]
    assert client.get(GUIDE, headers=bearer | {"If-None-Match": mine.headers["ETag"]}).status_code == 304
    bad = {"Authorization": "Bearer fg_nothing", "If-None-Match": mine.headers["ETag"]}
    assert client.get(GUIDE, headers=bad).status_code == 401
    client.force_login(person)
    assert client.get(GUIDE, headers={"If-None-Match": mine.headers["ETag"]}).status_code == 304
    assert "ETag" not in client.get(GUIDE, headers={"Accept": "text/html"}).headers
    assert "ETag" not in client.get("/techniques/T1578.001/").headers


def test_readers_formats_and_queries_do_not_share(client: Client, kept: Technique) -> None:
    anonymous = client.get(GUIDE)
    assert client.get(f"{GUIDE}?vendor=elastic").json()["rules"] == 1
    assert client.get(GUIDE, headers={"Accept": "text/html"}).headers["Content-Type"].startswith("text/html")
    fragment = client.get("/techniques/T1578.001/indicators/", headers={"HX-Request": "true"}).content
    assert fragment != client.get("/techniques/T1578.001/indicators/").content
    team = rows.source("team", public=False)
    rows.rule("Ours", [kept], at=team)
    member = Client()
    member.force_login(User.objects.create_user("reader"))
    assert member.get(GUIDE).json()["rules"] == 3
    assert client.get(GUIDE).content == anonymous.content


def test_a_link_keeps_the_scheme_that_was_asked_with(client: Client, kept: Technique) -> None:
    address = "/api/v1/rules/?page_size=1"
    assert client.get(address).json()["next"].startswith("http://")
    assert client.get(address, secure=True).json()["next"].startswith("https://")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (GUIDE, 200), ("/api/v1/techniques/t1578.001/", 301), ("/api/v1/rules/?nothing=1", 400),
        ("/api/v1/rules/elastic/none/", 404), ("/techniques/T1578.001/", 200),
    ],
)  # fmt: skip
@pytest.mark.parametrize("member", [False, True])
def test_no_other_cache_may_keep_an_answer(
    client: Client, kept: Technique, address: str, status: int, member: bool
) -> None:
    if member:
        client.force_login(User.objects.create_user("reader"))
    response = client.get(address)
    assert (response.status_code, response.headers["Cache-Control"]) == (status, "private, no-cache")
    assert "Cookie" in response.headers["Vary"]


def test_words_of_filters_are_kept_for_each_reader_until_the_catalog_changes(client: Client, kept: Technique) -> None:
    member = Client()
    member.force_login(User.objects.create_user("reader"))
    rows.rule("Ours", [kept], at=rows.source("team", public=False), status="ours")
    assert member.get(f"{GUIDE}?status=ours").json()["rules"] == 1
    assert client.get(f"{GUIDE}?status=ours").status_code == 400
    rows.rule("Newer", [kept], status="newer")
    Generation.objects.bump()
    assert client.get(f"{GUIDE}?status=newer").json()["rules"] == 1


def test_an_error_is_not_kept(client: Client, kept: Technique) -> None:
    address = "/api/v1/rules/elastic/soon/"
    assert client.get(address).status_code == 404
    rows.rule("Soon", [kept], own_id="soon")
    assert client.get(address).status_code == 200
