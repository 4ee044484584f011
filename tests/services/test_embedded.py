"""Without Redis: tasks run in process, and what the site begins runs in a process of its own."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detections.importing.runs import request_recomputation, request_sync
from detections.models import Rule, Run
from detections.tasks import perform_run
from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import Shell, manage, shell

RULES = 900

_START = """
from catalog.runs import start
from detections.importing.runs import request_sync
run = request_sync("sigma", {path!r}, workers=1)
start(run)
answer = run.pk
"""
_TOLD = """
from detections.models import Rule, Run
run = Run.objects.order_by("pk").last()
answer = {"state": run.state, "done": run.done, "process": run.process, "message": run.message,
          "rules": Rule.objects.live().count(), "abandoned": not run.is_over and run.is_abandoned()}
"""
_CANCEL = """
from detections.importing.runs import cancel
from detections.models import Run
answer = cancel(Run.objects.order_by("pk").last(), "somebody")
"""
_MENDED = """
from detections.statistics.recomputation import recompute
answer = recompute().mended
"""


@pytest.mark.django_db
def test_tasks_run_in_process_without_a_broker(tmp_path: Path, settings) -> None:
    if settings.REDIS_URL:
        pytest.skip("REDIS_URL is set: tasks go to a worker.")
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(str(uuid.uuid4())))
    run = request_sync("sigma", str(checkout.root))
    perform_run.delay(run.pk)
    perform_run.delay(run.pk)  # delivered twice: done once
    assert Rule.objects.live().count() == 1
    perform_run.delay(request_recomputation().pk)
    assert set(Run.objects.values_list("state", flat=True)) == {"succeeded"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Shell]:
    """The site's own process, on SQLite, without a broker."""
    env = {"FIELDGUIDE_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": "", "DATABASE_URL": ""}
    manage("migrate", "--verbosity", "0", env=env)
    with shell(env) as process:
        yield process


def wait(site: Shell, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        told = site.ask(_TOLD)
        if until(told):
            return dict(told)
        time.sleep(0.05)
    pytest.fail(f"It did not happen: {told}")


def test_a_long_job_is_cancelled_killed_and_finished_in_processes_of_its_own(site: Shell, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    for number in range(RULES):
        checkout.write(f"rules/{number:04}.yml", sigma_rule(str(uuid.uuid4())))
    start = _START.format(path=str(checkout.root))

    site.ask(start)
    wait(site, lambda told: told["done"] > 0)
    assert site.ask(_CANCEL) is True
    cancelled = wait(site, lambda told: told["state"] not in ("queued", "running"))
    assert (cancelled["state"], cancelled["message"]) == ("cancelled", "Cancelled by somebody.")
    assert 0 < cancelled["rules"] < RULES

    site.ask(start)
    running = wait(site, lambda told: told["done"] > 0)
    os.kill(running["process"], signal.SIGKILL)
    killed = wait(site, lambda told: told["abandoned"])  # at once, since the site reaps what it started
    assert killed["rules"] < RULES

    site.ask(start)
    ended = wait(site, lambda told: told["state"] not in ("queued", "running"))
    assert (ended["state"], ended["rules"], site.ask(_MENDED)) == ("succeeded", RULES, 0)
