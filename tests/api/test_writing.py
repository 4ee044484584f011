"""Changing things through the API: the same services, checks, history and record as the pages'."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.models import ApiToken
from catalog.roles import ADMINISTRATOR, EDITOR, VIEWER
from detections.models import AliasOverride, Indicator, Rule, Run
from tests.importing.checkouts import sigma_rule
from tests.pages.staff import FIRST, A, B, catalog, person

RULE = f"/api/v1/rules/sigma/{A}/"
NEW = "33333333-3333-4333-8333-333333333333"


class Script:
    """A client that sends a token and JSON."""

    def __init__(self, role: str = EDITOR, *, writes: bool = True) -> None:
        _, secret = ApiToken.objects.make(person(role), "Script", writes=writes)
        self.client = Client(headers={"authorization": f"Bearer {secret}"})

    def send(self, method: str, address: str, body: Any = None, **options: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.generic(method, address, data, content_type="application/json", **options)


@pytest.fixture(autouse=True)
def small(db: None, tmp_path: Path) -> None:
    catalog(tmp_path)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that would be handed to whoever does them."""
    found: list[Run] = []
    for module in ("runs", "aliases"):
        monkeypatch.setattr(f"catalog.api.{module}.start", found.append)
    return found


def reach(value: str) -> int:
    return sum(Indicator.objects.filter(value=value).values_list("reach", flat=True))


def test_a_new_rule_is_counted_at_once_and_has_a_history() -> None:
    before = reach("\\tool.exe")
    said = {"source": "team", "text": sigma_rule(NEW, title="Ours"), "reason": "We saw it.", "level": "high"}
    answer = Script().send("POST", "/api/v1/rules/", said)
    assert answer.status_code == 201, answer.content
    assert answer.headers["Location"] == f"/api/v1/rules/team/{NEW}/"
    rule = answer.json()
    assert (rule["title"], rule["level"], rule["version"], rule["edited"]) == ("Ours", "high", 1, True)
    assert rule["overrides"] == {"level": "high"}
    assert reach("\\tool.exe") == before + 1
    version = Rule.objects.get(own_id=NEW).versions.get()
    assert (version.reason, version.author.username) == ("We saw it.", EDITOR)
    assert LogEntry.objects.get().change_message == "Version 1: We saw it."


def test_a_rule_is_patched_replaced_and_ended_and_each_is_a_version() -> None:
    script = Script()
    patched = script.send("PATCH", RULE, {"level": "high", "techniques": ["t1059"], "reason": "Worse.", "version": 1})
    assert patched.status_code == 200, patched.content
    assert patched.json()["overrides"] == {"level": "high", "techniques": ["T1059"]}
    again = script.send("PATCH", RULE, {"title": "Renamed", "reason": "Clearer.", "version": 2}).json()
    assert again["overrides"] == {"level": "high", "techniques": ["T1059"], "title": "Renamed"}
    lifted = script.send("PATCH", RULE, {"level": None, "techniques": [], "reason": "No.", "version": 3}).json()
    assert lifted["overrides"] == {"techniques": [], "title": "Renamed"}
    text = FIRST.replace("tool.exe", "ours.exe")
    replaced = script.send("PUT", RULE, {"text": text, "reason": "Ours.", "version": 4}).json()
    assert (replaced["overrides"], replaced["text"], replaced["version"]) == ({}, text, 5)
    assert (reach("\\ours.exe"), reach("\\tool.exe")) == (1, 1)
    retired = script.send("POST", f"{RULE}retire/", {"reason": "Noise.", "version": 5}).json()
    assert (retired["live"], reach("\\ours.exe")) == (False, 0)
    revived = script.send("POST", f"{RULE}revive/", {"reason": "After all.", "version": 6}).json()
    assert (revived["live"], reach("\\ours.exe"), revived["version"]) == (True, 1, 7)


def test_who_began_from_an_older_version_is_told_of_the_new_one_and_nothing_is_stored() -> None:
    script = Script()
    script.send("PATCH", RULE, {"level": "high", "reason": "Worse.", "version": 1})
    answer = script.send("PATCH", RULE, {"level": "low", "reason": "Better.", "version": 1})
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["version"] == 2
    assert Rule.objects.get(own_id=A).level == "high"


def test_a_text_that_does_not_parse_is_told_with_line_and_column() -> None:
    text = FIRST.replace("condition: selection", "condition: selection and (")
    answer = Script().send("PUT", RULE, {"text": text, "reason": "Oops.", "version": 1})
    assert answer.status_code == 422
    problem = answer.json()["problems"][0]
    assert problem["line"] == text[: text.index("condition:")].count("\n") + 1
    assert problem["column"] > 1 and problem["message"]
    assert Rule.objects.get(own_id=A).version == 1


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"reason": "x"}, "version"),
        ({"version": 1}, "reason"),
        ({"reason": "   ", "version": 1}, "reason"),
        ({"reason": "x", "version": 1, "levle": "high"}, "levle"),
        ({"reason": "x", "version": 1, "techniques": ["T9"]}, "techniques"),
        ({"reason": "x", "version": 1, "platforms": ["Windos"]}, "platforms"),
        ({"reason": "x", "version": 1, "platforms": "Windows"}, "platforms"),
        ({"reason": "x", "version": "one"}, "version"),
        ({"reason": "x", "version": 2**70}, "version"),
        ({"reason": "x", "version": 1, "title": "a\x00b"}, "title"),
        ({"reason": "x" * 501, "version": 1}, "reason"),
    ],
)
def test_a_key_that_is_wrong_is_named(body: dict[str, Any], key: str) -> None:
    answer = Script().send("PATCH", RULE, body)
    assert answer.status_code == 422, answer.content
    assert list(answer.json()["errors"]) == [key]
    assert Rule.objects.get(own_id=A).version == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[1]", 400),
        (b'{"reason": "\\ud800", "version": 1}', 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"text": "' + b"a" * 4_300_000 + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_read_is_told_and_never_a_500(sent: bytes, status: int) -> None:
    answer = Script().send("PATCH", RULE, sent)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_form_is_no_json() -> None:
    script = Script()
    assert script.client.post("/api/v1/rules/", {"source": "team"}).status_code == 415


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/api/v1/rules/"), ("PUT", RULE), ("PATCH", RULE), ("POST", f"{RULE}retire/"),
        ("POST", f"{RULE}revive/"), ("POST", "/api/v1/runs/"), ("POST", "/api/v1/aliases/"),
        ("POST", "/api/v1/runs/1/cancel/"),
        ("DELETE", "/api/v1/aliases/"),
    ],
)  # fmt: skip
def test_nobody_changes_anything_without_the_role_and_a_token_for_it(method: str, address: str) -> None:
    assert Client().generic(method, address, "{}", content_type="application/json").status_code == 401
    assert Script(VIEWER).send(method, address, {}).status_code == 403
    answer = Script(ADMINISTRATOR, writes=False).send(method, address, {})
    assert (answer.status_code, "only reads" in answer.json()["detail"]) == (403, True)


def test_a_browsers_session_needs_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(EDITOR))
    answer = client.generic("POST", f"{RULE}retire/", "{}", content_type="application/json")
    assert (answer.status_code, "CSRF" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize("source", ["sigma", "nowhere"])
def test_own_rules_go_to_own_sources(source: str) -> None:
    said = {"source": source, "text": sigma_rule(NEW), "reason": "New."}
    answer = Script().send("POST", "/api/v1/rules/", said)
    assert (answer.status_code, "team" in answer.json()["errors"]["source"][0]) == (422, True)


def test_an_id_that_is_taken_is_refused() -> None:
    script = Script()
    said = {"source": "team", "text": sigma_rule(NEW), "reason": "New."}
    assert script.send("POST", "/api/v1/rules/", said).status_code == 201
    answer = script.send("POST", "/api/v1/rules/", said)
    assert (answer.status_code, NEW in answer.json()["detail"]) == (422, True)


def test_a_rule_that_is_not_there_is_404() -> None:
    body = {"reason": "x", "version": 1}
    assert Script().send("PATCH", "/api/v1/rules/sigma/none/", body).status_code == 404


def test_a_sync_is_asked_for_and_can_be_polled(begun: list[Run]) -> None:
    script = Script(ADMINISTRATOR)
    answer = script.send("POST", "/api/v1/runs/", {"kind": "sync_source", "source": "sigma"})
    assert answer.status_code == 202, answer.content
    assert [run.pk for run in begun] == [answer.json()["id"]]
    polled = script.client.get(answer.headers["Location"])
    assert (polled.json()["state"], polled.json()["requested_by"]) == ("queued", ADMINISTRATOR)
    assert Client().get(answer.headers["Location"]).json()["requested_by"] == ""
    again = script.send("POST", "/api/v1/runs/", {"kind": "sync_source", "source": "sigma"})
    assert (again.status_code, again.json()["url"]) == (409, answer.headers["Location"])
    listed = script.client.get("/api/v1/runs/?state=queued&kind=sync_source").json()
    assert [row["id"] for row in listed["results"]] == [answer.json()["id"]]


def test_a_recomputation_is_not_for_editors_and_knows_no_source(begun: list[Run]) -> None:
    assert Script(EDITOR).send("POST", "/api/v1/runs/", {"kind": "recompute"}).status_code == 403
    script = Script(ADMINISTRATOR)
    assert script.send("POST", "/api/v1/runs/", {"kind": "recompute", "source": "sigma"}).status_code == 422
    assert script.send("POST", "/api/v1/runs/", {"kind": "purge"}).status_code == 422
    assert script.send("POST", "/api/v1/runs/", {"kind": "sync_source"}).status_code == 422
    assert script.send("POST", "/api/v1/runs/", {"kind": "refresh_search"}).status_code == 202
    answer = script.send("POST", "/api/v1/runs/", {"kind": "recompute"})
    assert answer.status_code == 202
    assert Client().get(answer.headers["Location"]).status_code == 404, "it counts private sources, too"


def test_a_run_is_cancelled_once(begun: list[Run]) -> None:
    script = Script(ADMINISTRATOR)
    at = script.send("POST", "/api/v1/runs/", {"kind": "sync_source", "source": "sigma"}).headers["Location"]
    answer = script.send("POST", f"{at}cancel/", {})
    assert (answer.status_code, answer.headers["Location"]) == (202, at)
    assert (answer.json()["state"], answer.json()["message"]) == ("cancelled", f"Cancelled by {ADMINISTRATOR}.")
    again = script.send("POST", f"{at}cancel/", {})
    assert (again.status_code, again.json()["url"]) == (409, at)
    assert script.send("POST", "/api/v1/runs/999999/cancel/", {}).status_code == 404


def test_an_alias_is_tried_saved_listed_and_taken_away(begun: list[Run]) -> None:
    script = Script()
    said = {"vendor": "sigma", "name": "Image", "canonical": "ParentImage", "reason": "A test."}
    tried = script.send("POST", "/api/v1/aliases/", said | {"dry_run": True}).json()
    assert tried == {"candidates": 2, "compared": 2, "rules": [f"/api/v1/rules/sigma/{own_id}/" for own_id in (A, B)]}
    assert not AliasOverride.objects.exists()
    answer = script.send("POST", "/api/v1/aliases/", said)
    assert (answer.status_code, answer.json()["rules"]) == (202, 2), answer.content
    assert answer.json()["run"] == begun[0].pk
    other = script.send("POST", "/api/v1/aliases/", said | {"canonical": "User"})
    assert (other.status_code, other.json()["run"]) == (409, begun[0].pk)
    begun[0].finish(Run.State.SUCCEEDED)
    listed = script.client.get("/api/v1/aliases/").json()["results"]
    assert [(row["name"], row["canonical"]) for row in listed] == [("Image", "ParentImage")]
    assert Client().get("/api/v1/aliases/").status_code == 401
    gone = script.client.delete("/api/v1/aliases/?vendor=sigma&name=Image&reason=Back")
    assert (gone.status_code, AliasOverride.objects.exists()) == (202, False)
    begun[1].finish(Run.State.SUCCEEDED)
    assert script.client.delete("/api/v1/aliases/?vendor=sigma&name=Image&reason=Back").status_code == 404
    unused = script.send("POST", "/api/v1/aliases/", said | {"name": "NobodyWritesThis"})
    assert (unused.status_code, unused.json()) == (201, {"rules": 0, "run": None, "url": None})


def test_an_alias_of_a_field_that_does_not_exist_is_refused() -> None:
    said = {"vendor": "sigma", "name": "Image", "canonical": "no.such.field", "reason": "A test."}
    answer = Script().send("POST", "/api/v1/aliases/", said)
    assert (answer.status_code, "no.such.field" in answer.json()["detail"]) == (422, True)
