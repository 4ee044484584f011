"""The product with PostgreSQL, Redis and a real Celery worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import ROOT, manage, postgresql_database, redis_address

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

_ASK = """
import json, sys
from catalog.runs import start
from detections.importing.runs import request_recomputation, request_sync
run = request_sync("sigma", sys.argv[1]) if len(sys.argv) > 1 else request_recomputation()
start(run)
print(run.pk)
"""
_TELL = """
import json, sys
from detections.models import Indicator, Rule, Run
run = Run.objects.get(pk=int(sys.argv[1]))
top = Indicator.objects.order_by("-reach").first()
print(json.dumps({"state": run.state, "counts": run.counts, "message": run.message,
                  "rules": Rule.objects.live().count(), "reach": top and top.reach}))
"""


def ask(code: str, *words: str, env: dict[str, str]) -> str:
    script = f"import django\ndjango.setup()\n{code}"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "catalog.settings"} | env
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@contextmanager
def worker(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable, "-m", "celery", "-A", "catalog", "worker", "--concurrency", "1",
        "--queues", env["CELERY_QUEUE"], "--loglevel", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for_end(run: str, env: dict[str, str], log: Path) -> dict:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        told = json.loads(ask(_TELL, run, env=env))
        if told["state"] not in ("queued", "running"):
            return told
        time.sleep(0.5)
    pytest.fail(f"The run did not end. The worker said:\n{log.read_text()}")


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    redis = redis_address()
    with postgresql_database() as address:
        settings = {
            "DATABASE_URL": address,
            "REDIS_URL": redis,
            "CELERY_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
            "FIELDGUIDE_DATA_DIR": str(tmp_path / "data"),
        }
        manage("migrate", "--verbosity", "0", env=settings)
        yield settings


def test_a_worker_syncs_a_source_and_recomputes_reach(env: dict[str, str], tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    for number in range(3):
        checkout.write(f"rules/{number}.yml", sigma_rule(str(uuid.uuid4())))
    log = tmp_path / "worker.log"
    with worker(env, log):
        told = wait_for_end(ask(_ASK, str(checkout.root), env=env), env, log)
        assert (told["state"], told["counts"]["added"], told["rules"], told["reach"]) == ("succeeded", 3, 3, 3)
        again = wait_for_end(ask(_ASK, env=env), env, log)
    assert (again["state"], again["counts"]["mended"]) == ("succeeded", 0)


def test_a_sync_that_cannot_be_done_ends_in_its_record(env: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with worker(env, log):
        told = wait_for_end(ask(_ASK, str(tmp_path / "nowhere"), env=env), env, log)
    assert told["state"] == "failed"
    assert "nowhere" in told["message"]
