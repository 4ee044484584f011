"""Tokens of the API: made and told once, hashed at rest, refused when they are over, never more than their person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from catalog.api import throttling
from catalog.models import PREFIX, ApiToken
from catalog.roles import ADMINISTRATOR, EDITOR, VIEWER
from tests.pages import rows
from tests.pages.staff import person, signed_in

RULES = "/api/v1/rules/"


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def private(db: None) -> None:
    """A public rule and one that only people with an account see."""
    rows.snapshot_catalog()
    ours = rows.source("ours", public=False)
    rows.rule("Of the house", [], [("Image", "eq", ["house.exe"], False)], at=ours)
    rows.counted()


@pytest.fixture
def kept_in_memory(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tokens"}}


def titles(client: Client, secret: str) -> set[str]:
    answer = client.get(RULES, headers=bearing(secret))
    assert answer.status_code == 200
    return {rule["title"] for rule in answer.json()["results"]}


def test_the_secret_is_told_once_and_stored_nowhere(private: None) -> None:
    client = signed_in(VIEWER)
    made = client.post("/account/tokens/", {"name": "Notebook", "days": "90"})
    secret = made.context["secret"]
    assert secret.startswith(PREFIX) and secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    assert secret not in client.get("/account/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert secret not in str(ApiToken.objects.values().get())
    assert timedelta(days=89) < token.expires_at - timezone.now() < timedelta(days=91)
    assert "Of the house" in titles(Client(), secret)
    assert "Of the house" not in Client().get(RULES).content.decode()
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert LogEntry.objects.get().change_message.startswith("Made the API token Notebook")


@pytest.mark.parametrize("over", ["unknown", "revoked", "expired", "account closed"])
def test_a_token_that_is_over_is_refused_and_never_taken_for_nobody(
    private: None, kept_in_memory: None, over: str
) -> None:
    user = person(VIEWER)
    token, secret = ApiToken.objects.make(user, "Script")
    assert Client().get(RULES).status_code == 200  # kept for anonymous readers by now
    if over == "unknown":
        secret += "x"
    elif over == "revoked":
        token.revoke()
    elif over == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        user.is_active = False
        user.save()
    answer = Client().get(RULES, headers=bearing(secret))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "/account/tokens/" in answer.json()["detail"]


@pytest.mark.parametrize("secret", ["", "\x00", "\ud800", "fg_" * 5000])
def test_whatever_is_no_token_is_refused(db: None, secret: str) -> None:
    assert Client().get(RULES, headers=bearing(secret)).status_code == 401


def test_another_scheme_is_a_proxys_business(db: None) -> None:
    assert Client().get(RULES, headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_tokens_are_for_the_api_alone(private: None) -> None:
    _, secret = ApiToken.objects.make(person(ADMINISTRATOR), "Script", writes=True)
    assert Client().get("/account/tokens/", headers=bearing(secret)).status_code == 302
    assert "Of the house" not in Client().get("/rules/", headers=bearing(secret)).content.decode()


def test_only_who_may_change_makes_a_token_that_writes(db: None) -> None:
    signed_in(VIEWER).post("/account/tokens/", {"name": "Reader", "days": "0", "writes": "on"})
    signed_in(EDITOR).post("/account/tokens/", {"name": "Writer", "days": "0", "writes": "on"})
    assert dict(ApiToken.objects.values_list("name", "writes")) == {"Reader": False, "Writer": True}


@pytest.mark.parametrize(("name", "days"), [("", "90"), ("Script", "7"), ("x" * 101, "90"), ("Script", "")])
def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(db: None, name: str, days: str) -> None:
    answer = signed_in(VIEWER).post("/account/tokens/", {"name": name, "days": days})
    assert answer.status_code == 422
    assert f'value="{name}"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_nobody_revokes_anothers_token_but_an_administrator(db: None) -> None:
    token, secret = ApiToken.objects.make(person(VIEWER, "owner"), "Script")
    assert signed_in(EDITOR).post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    keeper = signed_in(ADMINISTRATOR)
    listed = "/admin/catalog/apitoken/"
    assert secret not in keeper.get(listed).content.decode()
    keeper.post(listed, {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.state == "revoked"
    assert Client().get(RULES, headers=bearing(secret)).status_code == 401


def test_each_token_and_address_has_a_rate_of_its_own(
    private: None, kept_in_memory: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling.time, "time", lambda: 60_000_010.0)  # not at a minute's end
    settings.API_RATE_ANONYMOUS, settings.API_RATE_TOKEN = 2, 3
    _, secret = ApiToken.objects.make(person(VIEWER), "Script")
    free, other = ApiToken.objects.make(person(EDITOR), "Free")
    ApiToken.objects.filter(pk=free.pk).update(rate=0)
    asked = [Client().get(f"{RULES}?page_size={size}").status_code for size in (1, 2, 3)]
    assert asked == [200, 200, 429]
    answer = Client().get(f"{RULES}?page_size=4")
    assert answer.headers["Retry-After"] == "50"
    assert Client().get(f"{RULES}?page_size=1").status_code == 200, "kept answers cost nothing"
    assert Client().get(f"{RULES}?page_size=5", REMOTE_ADDR="192.0.2.7").status_code == 200
    assert [Client().get(RULES, headers=bearing(secret)).status_code for _ in range(4)] == [200, 200, 200, 429]
    answers = [Client().get(RULES, headers=bearing(other)) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit-Limit" not in answers[0].headers


def test_an_answer_says_what_is_left(private: None, kept_in_memory: None, settings: Any) -> None:
    settings.API_RATE_TOKEN = 30
    _, secret = ApiToken.objects.make(person(VIEWER), "Script")
    answer = Client().get(RULES, headers=bearing(secret))
    assert answer.headers["RateLimit-Limit"] == "30"
    assert answer.headers["RateLimit-Remaining"] == "29"
    assert 0 < int(answer.headers["RateLimit-Reset"]) <= 60


def test_other_sites_ask_only_where_they_are_named(db: None, settings: Any) -> None:
    asked = {"Origin": "https://notes.example.org"}
    assert "Access-Control-Allow-Origin" not in Client().get(RULES, headers=asked).headers
    settings.CORS_ALLOWED_ORIGINS = ["https://notes.example.org"]
    assert Client().get(RULES, headers=asked).headers["Access-Control-Allow-Origin"] == "https://notes.example.org"
    assert "Access-Control-Allow-Origin" not in Client().get("/", headers=asked).headers
    foreign = Client().get(RULES, headers={"Origin": "https://elsewhere.example.org"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    preflight = asked | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert "authorization" in Client().options(RULES, headers=preflight).headers["Access-Control-Allow-Headers"]
