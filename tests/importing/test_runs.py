"""Runs: asked for once, claimed once, ended once; what is lost is found, what is given up says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from detections.importing.runs import (
    ATTEMPTS,
    RunError,
    cancel,
    claim,
    ended_by_failure,
    perform,
    request_again,
    request_purge,
    request_recomputation,
    request_renormalization,
    request_sync,
    take,
)
from detections.importing.sync import CHUNK, SourceSync
from detections.importing.watch import look_after_runs
from detections.models import Generation, Rule, Run, RunChunk, Source, SourceFile
from detections.models.run import QUEUE_PATIENCE
from detections.statistics.recomputation import recompute
from tests.importing.checkouts import Checkout, sigma_rule

pytestmark = pytest.mark.django_db

A = "11111111-1111-4111-8111-111111111111"
MANY = 2 * CHUNK + 3
NOBODY = 4_000_000  # no process has this number


def own_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Three chunks of rules."""
    checkout = Checkout(tmp_path / "sigma")
    for number in range(MANY):
        checkout.write(f"rules/{number:04}.yml", sigma_rule(own_id(number)))
    return checkout


@pytest.fixture
def queued(settings) -> None:
    """As with a broker, where a request may wait."""
    settings.CELERY_TASK_ALWAYS_EAGER = False


def handed_over(checkout: Checkout) -> Run:
    """A sync whose chunks wait for whoever takes them."""
    run = claim(request_sync("sigma", str(checkout.root)))
    assert run is not None
    SourceSync(run).begin()
    run.hand_over()
    return run


def do_chunk(chunk: RunChunk) -> None:
    taken = take(chunk.pk)
    if taken is not None:
        sync = SourceSync(taken.run)
        sync.write(taken, sync.analysed(taken))


def long_ago(**ages: timedelta) -> None:
    RunChunk.objects.update(heartbeat=F("heartbeat") - ages.get("chunks", timedelta(hours=1)))
    Run.objects.update(heartbeat=F("heartbeat") - ages.get("runs", timedelta(hours=1)))


def ended(run: Run) -> tuple[str, str]:
    run.refresh_from_db()
    return run.state, run.message


def test_chunks_done_in_any_order_and_twice_are_the_same_sync(checkout: Checkout) -> None:
    run = handed_over(checkout)
    assert [len(chunk.files) for chunk in run.chunks.all()] == [CHUNK, CHUNK, 3]
    for chunk in [*run.chunks.order_by("-number"), *run.chunks.all()]:
        assert not SourceSync(run).finish()  # not all of them are done, or one of them is about to be
        do_chunk(chunk)
        do_chunk(chunk)
        if not run.chunks.open().exists():
            break
    assert SourceSync(run).finish()
    assert not SourceSync(run).finish()
    run.refresh_from_db()
    assert (run.state, run.done, run.total) == ("succeeded", MANY, MANY)
    assert run.counts == {
        "files": MANY, "unchanged": 0, "added": MANY, "changed": 0, "retired": 0, "unreadable": 0
    }  # fmt: skip
    assert Rule.objects.live().count() == MANY
    assert recompute().mended == 0
    assert Source.objects.get().synced_at is not None


def test_two_that_begin_one_chunk_store_it_once(checkout: Checkout) -> None:
    run = handed_over(checkout)
    chunk = run.chunks.get(number=1)
    first, second = take(chunk.pk), take(chunk.pk)
    assert first is not None and second is not None
    sync = SourceSync(run)
    rows = sync.analysed(first)
    assert sync.write(first, rows)
    assert not sync.write(second, rows)
    run.refresh_from_db()
    assert (run.done, Rule.objects.count(), recompute().mended) == (CHUNK, CHUNK, 0)


def test_of_two_files_with_one_id_in_different_chunks_the_same_one_wins_whatever_the_order(checkout: Checkout) -> None:
    last, first = f"rules/{MANY - 1:04}.yml", "rules/0000.yml"
    for number, order in enumerate(("number", "-number")):
        checkout.write(last, sigma_rule(own_id(0), title=f"Late {number}"))
        checkout.write(first, sigma_rule(own_id(0), title=f"Early {number}"))
        for middle in range(1, MANY - 1):
            checkout.write(f"rules/{middle:04}.yml", sigma_rule(own_id(middle), title=f"Round {number}"))
        run = handed_over(checkout)
        for chunk in run.chunks.order_by(order):
            do_chunk(chunk)
        assert SourceSync(run).finish()
        assert Rule.objects.get(own_id=own_id(0)).title == f"Early {number}"
        assert first in SourceFile.objects.get(path=last).problems[0]["message"]


@pytest.mark.usefixtures("queued")
def test_a_lost_chunk_is_found_by_its_signs_of_life(checkout: Checkout) -> None:
    run = handed_over(checkout)
    first, second, third = run.chunks.all()
    do_chunk(first)
    take(second.pk)
    assert look_after_runs().chunks == []  # one works, one waits, neither for long
    long_ago(chunks=timedelta(minutes=3), runs=timedelta(0))
    assert look_after_runs().chunks == [second.pk]
    second.refresh_from_db()
    assert (second.state, "killed" in second.message) == ("waiting", True)
    long_ago(chunks=timedelta(minutes=11), runs=timedelta(0))
    assert look_after_runs().chunks == [second.pk, third.pk]
    assert look_after_runs().chunks == []  # they wait anew
    do_chunk(second)
    do_chunk(third)
    assert look_after_runs().finishes == []  # whoever did the last one sees to it
    long_ago()
    assert look_after_runs().finishes == [run.pk]
    assert SourceSync(run).finish() and ended(run)[0] == "succeeded"


def test_a_chunk_that_kills_its_processes_fails_the_run(checkout: Checkout) -> None:
    run = handed_over(checkout)
    chunk = run.chunks.get(number=2)
    for _ in range(ATTEMPTS):
        assert take(chunk.pk) is not None
    assert take(chunk.pk) is None
    state, message = ended(run)
    assert (state, "rules/0200.yml to rules/0399.yml" in message) == ("failed", True)
    assert take(run.chunks.get(number=1).pk) is None  # the others are not begun any more


@pytest.mark.usefixtures("queued")
def test_the_watch_gives_such_a_chunk_up_too(checkout: Checkout) -> None:
    run = handed_over(checkout)
    run.chunks.filter(number=2).update(state=RunChunk.State.RUNNING, attempts=ATTEMPTS)
    long_ago(runs=timedelta(0))
    look_after_runs()
    assert ended(run)[0] == "failed"
    assert run.chunks.get(number=2).state == "failed"


@pytest.mark.usefixtures("queued")
def test_a_long_queue_abandons_nobody(checkout: Checkout) -> None:
    run = request_sync("sigma", str(checkout.root))
    Run.objects.update(created_at=timezone.now() - timedelta(hours=3), heartbeat=timezone.now() - timedelta(hours=1))
    with pytest.raises(RunError, match="already running"):
        request_sync("sigma", str(checkout.root))
    assert look_after_runs().runs == [run.pk]
    assert look_after_runs().runs == []
    Run.objects.update(created_at=timezone.now() - QUEUE_PATIENCE - timedelta(minutes=1))
    assert look_after_runs().runs == []
    assert ended(run) == ("failed", "No process took it up.")


def test_a_redis_that_is_away_refuses_nobody(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": {"BACKEND": "catalog.redis_cache.LenientRedisCache", "LOCATION": settings.REDIS_URL}}
    with pytest.raises(RunError, match="already running"):
        perform(request_recomputation()), request_recomputation(), request_recomputation()
    assert list(Run.objects.values_list("state", flat=True)) == ["queued", "succeeded"]


def test_without_a_broker_a_process_that_never_started_bars_nobody(checkout: Checkout, embedded: None) -> None:
    run = request_sync("sigma", str(checkout.root))
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    request_sync("sigma", str(checkout.root))
    assert ended(run)[0] == "failed"


def test_a_run_whose_process_was_killed_is_taken_up_by_the_next_delivery_or_ended(checkout: Checkout) -> None:
    run = claim(request_sync("sigma", str(checkout.root)))
    assert run is not None
    assert claim(run) is None  # this process does it
    Run.objects.update(process=NOBODY)
    again = claim(run)
    assert again is not None and again.attempts == 2
    Run.objects.update(process=NOBODY)
    look_after_runs()
    assert ended(run) == ("failed", "The process was killed before the end; the next run finishes its work.")
    assert claim(run) is None


def test_a_run_that_kills_its_processes_is_given_up() -> None:
    run = request_recomputation()
    for _ in range(ATTEMPTS):
        assert claim(run, once_more=True) is not None
    assert claim(run, once_more=True) is None
    assert ended(run)[0] == "failed" and str(ATTEMPTS) in ended(run)[1]


def test_an_error_that_passes_leaves_the_run_to_the_next_attempt() -> None:
    run = claim(request_recomputation())
    assert run is not None
    with pytest.raises(OperationalError), ended_by_failure(run, but=(OperationalError,)):
        raise OperationalError("the connection is lost")
    assert ended(run)[0] == "running"
    with pytest.raises(OperationalError), ended_by_failure(run):
        raise OperationalError("the connection is lost")
    assert ended(run) == ("failed", "OperationalError: the connection is lost")


def test_a_cancelled_sync_stops_at_its_next_sign_of_life(checkout: Checkout) -> None:
    run = request_sync("sigma", str(checkout.root), workers=1)

    def stop(done: int, total: int) -> None:
        if done:
            cancel(run, "somebody")

    with pytest.raises(RunError, match="Cancelled by somebody"):
        perform(run, stop)
    assert ended(run) == ("cancelled", "Cancelled by somebody.")
    assert (Rule.objects.live().count(), recompute().mended) == (CHUNK, 0)
    assert checkout.sync()["added"] == MANY - CHUNK
    assert not cancel(run)


def test_a_cancelled_first_load_leaves_its_counts_in_order(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detections.importing.sync._RECOMPUTE_FROM", MANY)
    run = handed_over(checkout)
    do_chunk(run.chunks.get(number=1))
    assert Generation.objects.current().counts_stale
    cancel(run)
    assert look_after_runs().chunks == []
    assert ended(run)[0] == "cancelled"
    assert not Generation.objects.current().counts_stale
    assert recompute().mended == 0


def test_a_first_load_beside_another_sync_is_counted_by_the_last_of_them(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detections.importing.sync._RECOMPUTE_FROM", MANY)
    run = handed_over(checkout)
    do_chunk(run.chunks.get(number=1))
    team = Checkout(tmp_path / "team", slug="team")
    team.write("rules/a.yml", sigma_rule(A))
    team.sync()
    assert Generation.objects.current().counts_stale  # the first load goes on
    for chunk in run.chunks.all():
        do_chunk(chunk)
    SourceSync(run).finish()
    assert not Generation.objects.current().counts_stale
    assert recompute().mended == 0


def test_after_a_first_load_the_planner_knows_the_tables(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL would otherwise plan for empty tables until its autovacuum comes."""
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL keeps such figures by itself.")
    monkeypatch.setattr("detections.importing.sync._RECOMPUTE_FROM", MANY)
    checkout.sync()
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'detections_rule'")
        assert cursor.fetchone() == (MANY,)


def test_stale_counts_that_a_failed_load_left_are_mended(checkout: Checkout) -> None:
    Generation.objects.bump(counts_stale=True)
    lost = look_after_runs()
    assert [Run.objects.get(pk=key).kind for key in lost.runs] == ["recompute"]
    assert look_after_runs().runs == []


def test_a_checkout_that_vanishes_retires_nothing(checkout: Checkout) -> None:
    checkout.sync()
    for number in range(MANY):
        checkout.write(f"rules/{number:04}.yml", sigma_rule(own_id(number), title="Changed"))
    run = handed_over(checkout)
    do_chunk(run.chunks.get(number=1))
    checkout.root.rename(checkout.root.with_name("elsewhere"))
    chunk = take(run.chunks.get(number=2).pk)
    assert chunk is not None
    with pytest.raises(RunError, match="no such folder"), ended_by_failure(run, chunk):
        SourceSync(run).analysed(chunk)
    assert (ended(run)[0], chunk.state) == ("failed", "failed")
    assert Rule.objects.live().count() == MANY


def test_what_is_gone_is_retired_a_few_at_a_time(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detections.importing.sync._GONE", 150)
    checkout.sync()
    for number in range(1, MANY):
        checkout.remove(f"rules/{number:04}.yml")
    checkout.write("rules/elsewhere.yml", sigma_rule(own_id(1)))  # one moved: it stays
    counts = checkout.sync()
    assert (counts["changed"], counts["retired"], Rule.objects.live().count()) == (1, MANY - 2, 2)
    run = Run.objects.first()
    assert (run.done, run.total) == (MANY, MANY)
    assert recompute().mended == 0


def test_the_same_can_be_asked_for_again(checkout: Checkout) -> None:
    checkout.sync()
    again = request_again(Run.objects.get())
    assert again.options == {"path": str(checkout.root), "workers": 1}
    assert perform(again)["unchanged"] == MANY


def test_rules_are_read_again_and_say_how_far(checkout: Checkout) -> None:
    checkout.sync()
    told: list[tuple[int, int]] = []
    run = request_renormalization(Rule.objects.values_list("pk", flat=True)[:150])
    assert perform(run, lambda done, total: told.append((done, total))) == {"rules": 150, "skipped": 0}
    assert told == [(100, 150), (150, 150)]
    assert (ended(run)[0], run.done, run.total) == ("succeeded", 150, 150)


def test_a_purge_drops_old_runs_but_the_last_good_sync_of_each_source(checkout: Checkout, settings) -> None:
    checkout.sync()
    checkout.sync()
    old = request_recomputation()
    perform(old)
    kept = Run.objects.filter(kind=Run.Kind.SYNC_SOURCE).first()
    Run.objects.update(finished_at=timezone.now() - timedelta(days=settings.RUNS_KEPT_DAYS + 1))
    recent = request_recomputation()
    perform(recent)
    purge = request_purge()
    assert perform(purge) == {"runs": 2}
    assert set(Run.objects.all()) == {kept, recent, purge}
    assert set(RunChunk.objects.values_list("run", flat=True)) <= {kept.pk}
