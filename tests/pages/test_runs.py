"""Runs: what everybody sees of them, what only members see, and the buttons of those who may."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from detections.importing.runs import RunError, perform, request_attack, request_recomputation, request_sync
from detections.models import Run, RunChunk, Source
from tests.importing.checkouts import Checkout, sigma_rule
from tests.pages.staff import A, person, signed_in
from tests.pages.test_techniques import page, table, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(A))
    checkout.write("rules/b.yml", "title: [")
    checkout.sync()
    return checkout


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, embedded: None) -> list[list[str]]:
    """The processes that the site would start, without starting them: what they do is tested with real ones."""
    started: list[list[str]] = []

    class Process:
        def __init__(self, words: list[str], **options: Any) -> None:
            started.append(words)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    return started


def under_way(source: Source | None = None, **values: Any) -> Run:
    """A sync in the middle."""
    now = timezone.now()
    return Run.objects.create(
        kind=Run.Kind.SYNC_SOURCE, state=Run.State.RUNNING, source=source, started_at=now - timedelta(seconds=75),
        heartbeat=now, done=200, total=450, **values,
    )  # fmt: skip


def test_the_list_tells_what_was_done(client: Client, checkout: Checkout) -> None:
    run = Run.objects.get()
    Run.objects.update(started_at=run.finished_at - timedelta(seconds=75))
    html = page(client, "/runs/")
    assert "1 min 15 s" in text(html) and "1 added, 1 unreadable" in text(html)
    assert "SigmaHQ" in text(html) and "succeeded" in text(html)
    assert "hx-trigger" not in html.split('id="runs"')[1].split(">")[0]
    assert f'href="/runs/{run.pk}/"' in html and 'href="/runs/"' in page(client, "/sources/")


def test_a_run_shows_its_counts(client: Client, checkout: Checkout) -> None:
    said = text(page(client, f"/runs/{Run.objects.get().pk}/"))
    assert "Sync: SigmaHQ" in said and "files 2" in said and "unchanged 0" in said and "added 1" in said
    assert "Parts 1 done" in said


def test_a_run_under_way_shows_how_far_it_is_and_asks_again(client: Client, checkout: Checkout) -> None:
    run = under_way(Source.objects.get())
    for address in ("/runs/", f"/runs/{run.pk}/"):
        html = page(client, address)
        assert '<progress value="200" max="450"' in html and "200 of 450" in text(html)
        assert f'hx-get="{address}"' in html and "Reload" in text(html)
    assert "running for 1 min" in text(html)


def test_an_anonymous_reader_sees_nothing_of_a_private_source(client: Client, tmp_path: Path) -> None:
    secret = Checkout(tmp_path / "secret-folder", slug="secret-team", public=False)
    secret.write("rules/a.yml", sigma_rule(A))
    secret.sync()
    run = Run.objects.get()
    under_way(run.source)
    with pytest.raises(RunError):
        perform(request_attack("/nowhere/secret-bundle.json"))
    html = page(client, "/runs/")
    assert "secret" not in html and "Nothing has run yet" in html
    for row in Run.objects.all():
        page(client, f"/runs/{row.pk}/", status=404)
    member = signed_in()
    assert "secret-team" in page(member, "/runs/")
    assert "secret-bundle" in page(member, f"/runs/{Run.objects.get(kind='sync_attack').pk}/")


def test_a_message_and_names_of_people_are_for_members(client: Client, checkout: Checkout) -> None:
    asker = person("administrator", "grace")
    with pytest.raises(RunError):
        perform(request_sync("sigma", "/nowhere/at/all", by=asker))
    run = Run.objects.first()
    RunChunk.objects.create(
        run=run, number=3, state="failed", attempts=6, files=[["rules/x.yml", "f"], ["rules/z.yml", "f"]],
        message="Six processes were killed.",
    )  # fmt: skip
    anonymous = page(client, f"/runs/{run.pk}/") + page(client, "/runs/")
    assert "failed" in anonymous
    assert not any(word in anonymous for word in ("/nowhere", "grace", "Six processes"))
    html = page(signed_in(), f"/runs/{run.pk}/")
    assert "/nowhere/at/all" in html and "grace" in html
    assert table(html, "parts") == [
        ["3", "failed", "2 files from rules/x.yml to rules/z.yml", "6", "Six processes were killed."]
    ]


@pytest.mark.parametrize("role", ["", "viewer", "editor"])
def test_buttons_are_for_those_who_may(checkout: Checkout, role: str) -> None:
    browser = signed_in(role)
    run = under_way(Source.objects.get())
    for address in ("/runs/", f"/runs/{run.pk}/", "/sources/"):
        html = page(browser, address)
        assert not any(word in html for word in ("/cancel/", "/again/", "/sync/", "/recompute/"))
    for address in (f"/runs/{run.pk}/cancel/", f"/runs/{run.pk}/again/", "/sources/sigma/sync/", "/runs/recompute/"):
        assert browser.post(address).status_code == 403
        assert Client().post(address).status_code == 401
    run.refresh_from_db()
    assert (run.cancel_requested, Run.objects.count()) == (False, 2)


def test_a_sync_asked_for_on_the_site_is_begun(
    checkout: Checkout, begun: list[list[str]], django_capture_on_commit_callbacks: Any
) -> None:
    browser = signed_in("administrator", "grace")
    assert 'action="/sources/sigma/sync/"' in page(browser, "/sources/")
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/sources/sigma/sync/")
    run = Run.objects.first()
    assert response.headers["Location"] == f"/runs/{run.pk}/"
    assert (run.state, run.requested_by.get_username(), run.options["path"]) == ("queued", "grace", str(checkout.root))
    assert [words[-2:] for words in begun] == [["run", str(run.pk)]]
    said = text(browser.post("/runs/sync/", {"source": "sigma"}, follow=True).content.decode())
    assert "already running" in said and f"Sources Runs {run.pk}" in said
    assert perform(run)["unchanged"] == 2


def test_a_recomputation_is_asked_for_and_asked_for_again(
    checkout: Checkout, begun: list[list[str]], django_capture_on_commit_callbacks: Any
) -> None:
    browser = signed_in("administrator")
    assert 'action="/runs/recompute/"' in page(browser, "/runs/")
    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/runs/recompute/")
    first = Run.objects.get(kind=Run.Kind.RECOMPUTE)
    perform(first)
    assert f'action="/runs/{first.pk}/again/"' in page(browser, f"/runs/{first.pk}/")
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/runs/{first.pk}/again/")
    assert [words[-1] for words in begun] == [str(first.pk), str(first.pk + 1)]
    assert "already running" in browser.post("/runs/recompute/", follow=True).content.decode()


def test_a_source_that_comes_from_nowhere_is_not_synced(begun: list[list[str]]) -> None:
    Source.objects.create(slug="team", vendor="sigma", name="Ours")
    browser = signed_in("administrator")
    assert "/sources/team/sync/" not in page(browser, "/sources/")
    assert "never read from a folder" in browser.post("/sources/team/sync/", follow=True).content.decode()
    assert browser.post("/runs/sync/", {"source": "nobody"}).status_code == 404
    assert browser.post("/runs/sync/").status_code == 404
    assert begun == []


def test_a_run_is_cancelled_at_once_or_at_its_next_sign_of_life(checkout: Checkout) -> None:
    browser = signed_in("administrator", "grace")
    waiting = request_recomputation()
    browser.post(f"/runs/{waiting.pk}/cancel/")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.message) == ("cancelled", "Cancelled by grace.")
    running = under_way(Source.objects.get())
    said = text(browser.post(f"/runs/{running.pk}/cancel/", follow=True).content.decode())
    running.refresh_from_db()
    assert (running.state, running.cancel_requested) == ("running", True)
    assert "stopping" in said and "Cancel " not in said.split("What")[0].replace("Cancelled", "")
    assert "over already" in text(browser.post(f"/runs/{waiting.pk}/cancel/", follow=True).content.decode())


@pytest.mark.parametrize("who", ["nobody", "administrator"])
def test_pages_stay_within_fifteen_queries(
    client: Client, checkout: Checkout, who: str, django_assert_max_num_queries: Any
) -> None:
    browser = client if who == "nobody" else signed_in(who)
    for number in range(60):
        Run.objects.create(
            kind=Run.Kind.SYNC_SOURCE, state="succeeded", source=Source.objects.get(), counts={"added": number}
        )
    run = under_way(Source.objects.get())
    for address in ("/runs/", "/runs/?page=2", f"/runs/{run.pk}/"):
        with django_assert_max_num_queries(15):
            page(browser, address)


@pytest.mark.parametrize("address", ["/runs/?page=x", "/runs/?page=0", "/runs/?page=99999999999999999999999"])
def test_any_page_number_is_answered(client: Client, address: str) -> None:
    page(client, address)


@pytest.mark.parametrize("address", ["/runs/7/", "/runs/99999999999999999999999/"])
def test_a_run_that_is_not_there(client: Client, address: str) -> None:
    page(client, address, status=404)
