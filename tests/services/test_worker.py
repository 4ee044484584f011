"""The product with PostgreSQL, Redis and real Celery workers: what they share, and what becomes of it when one dies."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import Shell, manage, postgresql_database, redis_address, shell, worker

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

_WORDS = """
from datetime import timedelta
from django.db import connection, transaction
from django.db.models import F
from catalog.runs import start
from detections.importing import runs
from detections.importing.sync import SourceSync
from detections.models import Generation, Indicator, Rule, Run, RunChunk
from detections.statistics.recomputation import recompute
from detections.tasks import finish_sync, sync_chunk, watch_runs
"""
_BEGUN = """
run = runs.claim(runs.request_sync("sigma", {path!r}, slug={slug!r}))
SourceSync(run).begin()
run.hand_over()
Generation.objects.current()
"""
_TOLD = """
run = Run.objects.get(pk={run})
answer = {{"state": run.state, "counts": run.counts, "message": run.message, "done": run.done, "total": run.total,
           "chunks": list(run.chunks.values_list("state", "attempts")),
           "rules": Rule.objects.live().filter(source=run.source).count()}}
"""
_LONG_AGO = """
RunChunk.objects.open().update(heartbeat=F("heartbeat") - timedelta(hours=1))
Run.objects.active().update(heartbeat=F("heartbeat") - timedelta(hours=1))
watch_runs.delay()
"""
_CUT = """
with connection.cursor() as cursor:
    cursor.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    answer = cursor.fetchone()[0]
"""
_WAITING = """
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    answer = cursor.fetchone()[0]
"""
_STORED = """
sync = SourceSync(Run.objects.get(pk={run}))
chunk = runs.take(sync.run.chunks.get(number={number}).pk)
rows = sync.analysed(chunk)
{first}
answer = sync.write(chunk, rows)
"""
_OPEN = """
import builtins
builtins.opened = transaction.atomic()
builtins.opened.__enter__()
"""


class Site:
    """The site as staff uses it, and what its database says."""

    def __init__(self, process: Shell, log: Path) -> None:
        self.process = process
        self.log = log

    def ask(self, code: str) -> Any:
        return self.process.ask(_WORDS + code)

    def sync(self, checkout: Checkout) -> int:
        asked = f"run = runs.request_sync('sigma', {str(checkout.root)!r}, slug={checkout.slug!r})"
        return int(self.ask(f"{asked}\nstart(run)\nanswer = run.pk"))

    def told(self, run: int) -> dict[str, Any]:
        return dict(self.ask(_TOLD.format(run=run)))

    def wait(self, run: int, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            told = self.told(run)
            if until(told):
                return told
            time.sleep(0.05)
        pytest.fail(f"It did not happen: {self.told(run)}. The workers said:\n{self.log.read_text()[-4000:]}")

    def wait_for_end(self, run: int) -> dict[str, Any]:
        return self.wait(run, lambda told: told["state"] not in ("queued", "running"))

    def wrong_counts(self) -> int:
        """How many indicators are counted wrongly, stale or not."""
        return int(self.ask("answer = recompute().mended"))


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    redis = redis_address()
    with postgresql_database() as address:
        settings = {
            "DATABASE_URL": address,
            "REDIS_URL": redis,
            "CELERY_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
            "FIELDGUIDE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        }
        manage("migrate", "--verbosity", "0", env=settings)
        yield settings


@pytest.fixture(scope="module")
def site(env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with shell(env) as process:
        yield Site(process, tmp_path_factory.mktemp("log") / "workers.log")


@pytest.fixture(scope="module")
def workers(env: dict[str, str], site: Site) -> Iterator[None]:
    with worker(env, site.log, processes=2):
        yield


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A source of its own, so that a test finds nothing of another one."""
    return Checkout(tmp_path / "rules", slug=f"team-{uuid.uuid4().hex[:8]}")


def written(checkout: Checkout, rules: int) -> Checkout:
    for number in range(rules):
        checkout.write(f"rules/{number:04}.yml", sigma_rule(str(uuid.uuid4())))
    return checkout


def test_a_killed_worker_is_followed_by_another(env: dict[str, str], site: Site, checkout: Checkout) -> None:
    run = site.sync(written(checkout, 1000))
    with worker(env, site.log) as first:
        site.wait(run, lambda told: told["done"] > 0 and ["running", 1] in told["chunks"])
        os.killpg(first.pid, signal.SIGKILL)
    killed = site.told(run)
    assert killed["state"] == "running" and 0 < killed["rules"] < 1000
    site.ask(_LONG_AGO)
    with worker(env, site.log):
        ended = site.wait_for_end(run)
    assert (ended["state"], ended["rules"], ended["done"]) == ("succeeded", 1000, 1000)
    assert (ended["counts"]["added"], {state for state, _ in ended["chunks"]}) == (1000, {"done"})
    assert site.ask("answer = Generation.objects.current().counts_stale") is False
    assert site.wrong_counts() == 0


def test_parts_of_one_source_are_stored_in_turn(env: dict[str, str], site: Site, checkout: Checkout) -> None:
    """Else the second would not see that the first holds an id of its own."""
    written(checkout, 250)
    own_id = str(uuid.uuid4())
    for path in ("rules/0000.yml", "rules/0249.yml"):
        checkout.write(path, sigma_rule(own_id, title=path))
    run = site.ask(_BEGUN.format(path=str(checkout.root), slug=checkout.slug) + "answer = run.pk")
    with shell(env) as other:
        assert site.ask(_STORED.format(run=run, number=1, first=_OPEN)) is True
        other.tell(_WORDS + _STORED.format(run=run, number=2, first=""))
        site.wait(run, lambda told: site.ask(_WAITING) > 0)
        site.ask("import builtins\nbuiltins.opened.__exit__(None, None, None)")
        assert other.hear() is True
    site.ask(f"answer = SourceSync(Run.objects.get(pk={run})).finish()")
    assert site.told(run)["state"] == "succeeded"
    assert site.ask(f"answer = Rule.objects.get(own_id={own_id!r}).title") == "rules/0000.yml"


@pytest.mark.usefixtures("workers")
class TestWorkers:
    """Two worker processes that stay for all of these."""

    def test_a_sync_is_shared(self, site: Site, checkout: Checkout) -> None:
        written(checkout, 450)
        ended = site.wait_for_end(site.sync(checkout))
        assert (ended["state"], ended["rules"], ended["chunks"]) == ("succeeded", 450, [["done", 1]] * 3)
        assert site.wrong_counts() == 0
        checkout.remove("rules/0000.yml")
        checkout.write("rules/0001.yml", sigma_rule(str(uuid.uuid4())))
        again = site.wait_for_end(site.sync(checkout))["counts"]
        assert (again["added"], again["retired"], again["unchanged"]) == (1, 2, 448)
        recomputed = site.ask("run = runs.request_recomputation()\nstart(run)\nanswer = run.pk")
        assert site.wait_for_end(recomputed)["counts"]["mended"] == 0

    def test_what_cannot_be_done_ends_in_the_record(self, site: Site, tmp_path: Path) -> None:
        ended = site.wait_for_end(site.sync(Checkout(tmp_path / "nothing", slug="nothing")))
        assert (ended["state"], "No SigmaHQ rules" in ended["message"]) == ("failed", True)

    def test_a_chunk_that_is_delivered_again_is_stored_once(self, site: Site, checkout: Checkout) -> None:
        written(checkout, 450)
        begun = _BEGUN.format(path=str(checkout.root), slug=checkout.slug)
        twice = "[sync_chunk.delay(chunk.pk) for chunk in run.chunks.all() for _ in range(3)]"
        ended = site.wait_for_end(site.ask(f"{begun}{twice}\nanswer = run.pk"))
        assert (ended["state"], ended["rules"], ended["counts"]["added"]) == ("succeeded", 450, 450)
        assert ended["done"] == 450
        assert site.wrong_counts() == 0

    def test_lost_messages_are_queued_again(self, site: Site, checkout: Checkout) -> None:
        written(checkout, 450)
        run = site.ask(_BEGUN.format(path=str(checkout.root), slug=checkout.slug) + "answer = run.pk")
        site.ask("watch_runs.delay()")  # too early: what waits is not lost yet
        site.ask(f"{_LONG_AGO}answer = None")
        ended = site.wait_for_end(run)
        assert (ended["state"], ended["rules"], ended["chunks"]) == ("succeeded", 450, [["done", 1]] * 3)

    def test_a_lost_request_is_queued_again(self, site: Site, checkout: Checkout) -> None:
        written(checkout, 3)
        asked = f"runs.request_sync('sigma', {str(checkout.root)!r}, slug={checkout.slug!r}).pk"
        run = site.ask(f"answer = {asked}")
        site.ask(f"Run.objects.filter(pk={run}).update(created_at=F('created_at') - timedelta(hours=1))")
        site.ask("watch_runs.delay()")
        assert site.wait_for_end(run)["state"] == "succeeded"

    def test_a_cancelled_run_stops_in_the_middle(self, site: Site, checkout: Checkout) -> None:
        run = site.sync(written(checkout, 600))
        site.wait(run, lambda told: told["done"] > 0)
        assert site.ask(f"answer = runs.cancel(Run.objects.get(pk={run}), 'somebody')") is True
        ended = site.wait_for_end(run)
        assert (ended["state"], ended["message"]) == ("cancelled", "Cancelled by somebody.")
        assert 0 < ended["rules"] < 600
        site.wait(run, lambda told: site.ask("answer = Generation.objects.current().counts_stale") is False)
        again = site.wait_for_end(site.sync(checkout))
        assert (again["state"], again["rules"]) == ("succeeded", 600)
        assert site.wrong_counts() == 0

    def test_a_lost_connection_is_tried_again(self, site: Site, checkout: Checkout) -> None:
        run = site.sync(written(checkout, 600))
        site.wait(run, lambda told: told["done"] > 0)
        assert site.ask(_CUT) > 0
        ended = site.wait_for_end(run)
        assert (ended["state"], ended["rules"], ended["counts"]["added"]) == ("succeeded", 600, 600), ended["message"]
        assert site.wrong_counts() == 0

    def test_of_two_requests_at_once_one_is_refused(self, env: dict[str, str], site: Site, checkout: Checkout) -> None:
        written(checkout, 3)
        asked = f"answer = runs.request_sync('sigma', {str(checkout.root)!r}, slug={checkout.slug!r}).pk"
        site.ask(f"from detections.importing.sources import source_for\nsource_for('sigma', {checkout.slug!r})")
        with shell(env) as other:
            other.ask("answer = 1")
            for process in (site.process, other):
                process.tell(_WORDS + asked)
            answers = [process.hear() for process in (site.process, other)]
        refused = [answer for answer in answers if isinstance(answer, dict)]
        assert [answer["raised"] for answer in refused] == ["RunError"]
        site.ask("from django.core.cache import cache\ncache.clear()")  # without Redis's no it is the database's
        site.process.tell(_WORDS + asked)
        assert "already" in site.process.hear()["said"]
