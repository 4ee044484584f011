"""A sync that is killed leaves a consistent catalog, and the next one finishes it. On SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import ROOT, manage, postgresql_database

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]
RULES = 450
FIRST_LOAD = 1100  # so many that counting once at the end is cheaper
_STALE = """
import json
from detections.models import Generation
print(json.dumps({"stale": Generation.objects.current().counts_stale}))
"""
_KILLED = """
import os, signal, sys
import django
django.setup()
from detections.importing.runs import perform, request_sync
run = request_sync("sigma", sys.argv[1], workers=1)
perform(run, lambda done, total: os.kill(os.getpid(), signal.SIGKILL) if done else None)
"""
_TELL = """
import json
from detections.models import Generation, Indicator, Rule, Run
from detections.statistics.recomputation import recompute
before = Rule.objects.live().count()
stale = Generation.objects.current().counts_stale
states = list(Run.objects.order_by("id").values_list("state", flat=True))
print(json.dumps({"rules": before, "mended": recompute().mended, "runs": states, "stale": stale,
                  "reach": max(Indicator.objects.values_list("reach", flat=True), default=0)}))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        settings = {"FIELDGUIDE_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": ""}
        address = f"sqlite:///{tmp_path / 'db.sqlite3'}"
        if request.param == "postgresql":
            address = stack.enter_context(postgresql_database())
        settings["DATABASE_URL"] = address
        manage("migrate", "--verbosity", "0", env=settings)
        yield settings


def tell(env: dict[str, str]) -> dict:
    return json.loads(manage("shell", "--no-imports", "-c", _TELL, env=env).stdout.strip().splitlines()[-1])


def killed_sync(root: Path, env: dict[str, str]) -> None:
    """A sync in a process of its own that gets SIGKILL right after its first batch is committed."""
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(root)],
        cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "catalog.settings"} | env,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def written(checkout: Checkout, rules: int) -> Path:
    for number in range(rules):
        checkout.write(f"rules/{number:04}.yml", sigma_rule(str(uuid.uuid4())))
    return checkout.root


def test_a_killed_sync_is_finished_by_the_next(env: dict[str, str], tmp_path: Path) -> None:
    root = written(Checkout(tmp_path / "sigma"), RULES)
    killed_sync(root, env)
    after = tell(env)
    assert 0 < after["rules"] < RULES
    assert (after["reach"], after["mended"], after["stale"]) == (after["rules"], 0, False)
    manage("sync_rules", "sigma", str(root), env=env)
    finished = tell(env)
    assert (finished["rules"], finished["reach"], finished["mended"]) == (RULES, RULES, 0)
    assert finished["runs"] == ["failed", "succeeded"]


def test_a_killed_first_load_says_that_its_counts_are_stale(tmp_path: Path) -> None:
    env = {"FIELDGUIDE_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": "", "DATABASE_URL": ""}
    manage("migrate", "--verbosity", "0", env=env)
    root = written(Checkout(tmp_path / "sigma"), FIRST_LOAD)
    killed_sync(root, env)
    assert '"stale": true' in manage("shell", "--no-imports", "-c", _STALE, env=env).stdout
    manage("sync_rules", "sigma", str(root), env=env)
    finished = tell(env)
    assert (finished["rules"], finished["reach"], finished["mended"]) == (FIRST_LOAD, FIRST_LOAD, 0)
    assert finished["stale"] is False
