"""The log: one object for each line, the ids of request and task, and nothing that is secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from celery import shared_task
from django.test import Client

from catalog import logs


class Lines:
    """What was logged while it listened, as the JSON of its lines or as text for people."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.addFilter(logs.TraceFilter())
        self.handler.setFormatter(logs.LineFormatter())

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["logger"] == logger]


@pytest.fixture
def lines() -> Iterator[Lines]:
    listening = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(listening.handler)
    root.setLevel("INFO")
    yield listening
    root.setLevel(level)
    root.removeHandler(listening.handler)


@shared_task(name="tests.tell")
def tell() -> None:
    logging.getLogger("tests.task").warning("In the task.")


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_id_and_without_its_query(client: Client, lines: Lines) -> None:
    answer = client.get("/rules/?q=who+asks&token=never-shown", headers={"X-Request-ID": "proxy-17.a_b"})
    assert answer.headers["X-Request-ID"] == "proxy-17.a_b"
    (line,) = lines.of("fieldguide.request")
    assert line["request_id"] == "proxy-17.a_b"
    assert (line["method"], line["path"], line["view"], line["status"]) == ("GET", "/rules/", "rule-list", 400)
    assert line["level"] == "INFO"
    assert line["duration"] >= 0
    assert line["time"].endswith("+00:00")
    assert "who" not in lines.stream.getvalue()
    assert "never-shown" not in lines.stream.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ä", 'a"b', "<script>"])
def test_an_id_that_is_not_short_and_plain_is_replaced(client: Client, given: str) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert answered != given
    assert len(answered) == 32
    assert answered.isalnum()


def test_requests_do_not_share_ids(client: Client) -> None:
    ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert logs.request_id.get() == ""


@pytest.mark.django_db
def test_an_error_has_its_traceback_and_its_request(client: Client, lines: Lines, monkeypatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("postgres://me:very-hidden@host/db did not answer")

    monkeypatch.setattr("catalog.pages.home.catalog_figures", fails)
    client.raise_request_exception = False
    answer = client.get("/", headers={"X-Request-ID": "broken-1"})
    assert answer.status_code == 500
    (error,) = lines.of("django.request")
    assert (error["level"], error["request_id"]) == ("ERROR", "broken-1")
    assert "RuntimeError" in error["exception"]
    assert "very-hidden" not in lines.stream.getvalue()
    (line,) = lines.of("fieldguide.request")
    assert (line["level"], line["status"]) == ("WARNING", 500)


@pytest.mark.django_db
def test_probes_and_static_files_are_quiet(client: Client, lines: Lines) -> None:
    client.get("/healthz")
    client.get("/static/catalog/css/base.css")
    assert lines.of("fieldguide.request") == []


@pytest.mark.django_db
def test_a_line_break_in_an_address_makes_no_second_line(client: Client, lines: Lines) -> None:
    client.get("/healthz%0AINFO forged")
    assert [line["path"] for line in lines.of("fieldguide.request")] == ["/healthz%0AINFO%20forged"]


def test_a_task_tells_its_own_id_and_that_of_the_request_in_its_message(lines: Lines) -> None:
    result = tell.apply(headers={"request_id": "asked-by-1"})
    (line,) = lines.of("tests.task")
    assert (line["request_id"], line["task_id"]) == ("asked-by-1", result.id)


@pytest.mark.parametrize(
    ("text", "kept", "hidden"),
    [
        ("connect to postgres://me:pa55@db:5432/x failed", "@db:5432/x failed", "pa55"),
        ("redis://:pa55@redis/0", "redis://", "pa55"),
        ("https://token:x-oauth-basic@github.com/a/b.git", "github.com/a/b.git", "x-oauth-basic"),
        ("GET /api/?token=abc123&page=2", "page=2", "abc123"),
        ("{'password': 'abc123', 'user': 'me'}", "'user': 'me'", "abc123"),
        ("SECRET_KEY=abc123 DEBUG=1", "DEBUG=1", "abc123"),
        ("Authorization: Token abc123\nHost: x", "Host: x", "abc123"),
        ("sent Bearer abc.123-x to it", "to it", "abc.123-x"),
    ],
)
def test_secrets_are_masked(text: str, kept: str, hidden: str) -> None:
    assert kept in logs.redacted(text)
    assert hidden not in logs.redacted(text)


@pytest.mark.parametrize(
    "text",
    ["12 rules from https://github.com/a/b at 10:30", "the token of the query ended", "powershell -enc password"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert logs.redacted(text) == text


def test_a_line_for_people_ends_with_the_ids() -> None:
    record = logging.LogRecord("some.name", logging.INFO, "f.py", 1, "Said with password=%s.", ("abc123",), None)
    record.request_id, record.task_id = "r-1", "t-2"
    line = logs.TextFormatter().format(record)
    assert line.endswith("INFO some.name Said with password=*** [request r-1 task t-2]")
