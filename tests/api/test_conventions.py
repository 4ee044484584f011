"""What holds for every endpoint: problems, lists, chosen keys, whole tables, HEAD and OPTIONS."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.exceptions import Throttled, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from detections.models import Technique
from tests.api.conftest import asked_addresses
from tests.api.test_guide import answer
from tests.pages import rows

RULES = "/api/v1/rules/"


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200 and response.streaming, address
    return b"".join(response.streaming_content).decode()


class Failing(Endpoint):
    """Fails as its address says."""

    def get(self, request: Request, how: str) -> Response:
        raise {
            "throttled": Throttled(30), "media": UnsupportedMediaType("text/x"), "odd": RuntimeError("secret words"),
            "suspicious": SuspiciousOperation("secret words"),
        }[how]  # fmt: skip


def failing_page(request: HttpRequest, how: str) -> HttpResponse:
    raise RuntimeError("secret words")


urlpatterns = [
    path("api/v1/failing/<str:how>/", Failing.as_view()),
    path("failing/<str:how>/", failing_page),
    path("", include("catalog.urls")),
]
handler400 = "catalog.problems.bad_request"
handler404 = "catalog.problems.not_found"
handler500 = "catalog.problems.server_error"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("how", "status", "title"),
    [
        ("throttled", 429, "Too Many Requests"), ("media", 415, "Unsupported Media Type"),
        ("odd", 500, "Internal Server Error"), ("suspicious", 400, "Bad Request"),
    ],
)  # fmt: skip
def test_what_fails_is_a_problem_without_its_inner_words(
    client: Client, snapshot: Technique, how: str, status: int, title: str
) -> None:
    client.raise_request_exception = False
    address = f"/api/v1/failing/{how}/"
    for form in ("", "?format=json"):
        found = answer(client, address + form, status)
        assert {key: found[key] for key in ("type", "title", "status", "instance")} == {
            "type": "about:blank", "title": title, "status": status, "instance": address + form,
        }  # fmt: skip
        assert "secret" not in str(found) and "Traceback" not in str(found) and found["detail"]
    if how == "throttled":
        assert client.get(address).headers["Retry-After"] == "30"
    page = client.get("/failing/odd/")
    assert page.status_code == 500 and page.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("address", "headers", "status", "kind"),
    [
        (f"{RULES}?colour=red", {}, 400, "/api/start/#bad-parameters"),
        (f"{RULES}?colour=red&format=csv", {}, 400, "/api/start/#bad-parameters"),
        (f"{RULES}?format=xml", {}, 400, "/api/start/#bad-parameters"),
        ("/api/v1/techniques/T1578.009/", {}, 404, "/api/start/#unknown-technique"),
        (f"{RULES}elastic/none/", {}, 404, "about:blank"),
        ("/api/nothing/", {}, 404, "about:blank"),
        (RULES, {"Accept": "image/png"}, 406, "about:blank"),
        ("/api/schema/", {"Accept": "image/png"}, 406, "about:blank"),
    ],
)
def test_every_error_is_a_problem(
    client: Client, snapshot: Technique, address: str, headers: dict[str, str], status: int, kind: str
) -> None:
    found = answer(client, address, status, **headers)
    assert (found["type"], found["status"], found["instance"]) == (kind, status, address)
    assert found["title"] and found["detail"]


def test_a_browser_sees_a_problem_on_the_page_of_its_address(client: Client, snapshot: Technique) -> None:
    response = client.get(f"{RULES}?colour=red", headers={"Accept": "text/html"})
    assert response.status_code == 400 and response.headers["Content-Type"].startswith("text/html")
    assert "There is no parameter" in response.content.decode()


def test_every_endpoint_refuses_what_it_does_not_know(client: Client, snapshot: Technique) -> None:
    found = asked_addresses(client)
    assert len(found) >= 25
    for address in found:
        for query in ("?colour=red", "?format=xml", "?fields=colour"):
            problem = answer(client, address + query, 400)
            assert list(problem["errors"]) == [query[1:].split("=")[0]], (address, query)
        response = client.trace(address)
        assert response.status_code == 405 and "GET, HEAD" in response.headers["Allow"], address
        assert response.headers["Content-Type"] == "application/problem+json"


def test_every_endpoint_answers_head_and_options(client: Client, snapshot: Technique) -> None:
    for address in asked_addresses(client):
        got, head = client.get(address), client.head(address)
        assert (head.status_code, head.content) == (200, b""), address
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        options = client.options(address)
        assert options.status_code == 200 and json.loads(options.content)["description"], address
    for address in asked_addresses(client, "text/csv"):
        head = client.head(f"{address}?format=csv")
        assert head.status_code == 200 and head.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_every_list_comes_by_pages_and_whole(client: Client, snapshot: Technique) -> None:
    found = asked_addresses(client, "text/csv")
    assert len(found) >= 15
    for address in found:
        pages = answer(client, f"{address}?page_size=500")
        assert list(pages) == ["count", "next", "previous", "results"], address
        lines = [json.loads(line) for line in read(client, f"{address}?format=ndjson").splitlines()]
        assert lines == pages["results"] and len(lines) == pages["count"], address
        table = list(csv.DictReader(io.StringIO(read(client, f"{address}?format=csv"))))
        assert len(table) == pages["count"], address
        if lines:
            assert {name.split(".")[0] for name in table[0]} == set(lines[0]), address
        one = answer(client, f"{address}?page_size=1&page=1")["results"]
        assert [json.loads(line) for line in read(client, f"{address}?format=ndjson&page_size=1").splitlines()] == one
        assert one == lines[:1]
        answer(client, f"{address}?page_size=501", 400)


def test_a_table_says_what_file_it_is_and_takes_filters(client: Client, snapshot: Technique) -> None:
    response = client.get(f"{RULES}?format=csv&vendor=elastic&fields=id,platforms,live")
    assert response.headers["Content-Disposition"] == 'attachment; filename="fieldguide-rules.csv"'
    assert b"".join(response.streaming_content).decode() == "id,platforms,live\r\nsnapshot,AWS,true\r\n"
    assert client.get(RULES, headers={"Accept": "text/csv"}).headers["Content-Type"] == "text/csv; charset=utf-8"


def test_lists_objects_and_formulas_in_a_table(client: Client, snapshot: Technique) -> None:
    rows.rule("=1+1", [snapshot], own_id="sum", platforms=["AWS", "-Linux", "macOS"])
    table = list(csv.DictReader(io.StringIO(read(client, f"{RULES}?format=csv&q=sum"))))
    assert (table[0]["title"], table[0]["platforms"]) == ("'=1+1", "'-Linux; AWS; macOS")
    found = read(client, "/api/v1/techniques/?format=csv&q=snapshot&fields=attack_id,parent,tactics,is_subtechnique")
    assert found.splitlines() == [
        "attack_id,parent.attack_id,parent.name,is_subtechnique,tactics.attack_id,tactics.name",
        "T1578.001,T1578,Modify Cloud Compute Infrastructure,true,TA0005,Defense Impairment",
    ]
    sources = list(csv.DictReader(io.StringIO(read(client, "/api/v1/sources/?format=csv"))))
    assert sources[0]["parsed"] == "full 2; partial 0; none 0"


def test_a_table_is_read_some_rows_at_a_time(
    client: Client, snapshot: Technique, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        rows.rule(f"Numbered {number}", [snapshot])
    with django_assert_max_num_queries(8):
        assert len(read(client, f"{RULES}?format=ndjson").splitlines()) == 23
