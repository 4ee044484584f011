"""A sync that is killed leaves a consistent catalog, and the next one finishes it. On SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import ROOT, manage, postgresql_database

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]
RULES = 900
_TELL = """
import json
from detections.models import Rule, Indicator, Run
from detections.statistics.recomputation import recompute
before = Rule.objects.live().count()
states = list(Run.objects.order_by("id").values_list("state", flat=True))
print(json.dumps({"rules": before, "mended": recompute().mended, "runs": states,
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


def stored(env: dict[str, str]) -> int:
    code = "from detections.models import Rule; print(Rule.objects.count())"
    return int(manage("shell", "--no-imports", "-c", code, env=env).stdout.strip().splitlines()[-1])


def test_a_killed_sync_is_finished_by_the_next(env: dict[str, str], tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    for number in range(RULES):
        checkout.write(f"rules/{number:03}.yml", sigma_rule(str(uuid.uuid4())))
    command = [sys.executable, str(ROOT / "manage.py"), "sync_rules", "sigma", str(checkout.root), "--workers", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while process.poll() is None and stored(env) == 0 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    after = tell(env)
    assert 0 < after["rules"] < RULES, "the sync ended before it could be killed"
    assert after["mended"] == 0
    assert after["reach"] == after["rules"]
    manage("sync_rules", "sigma", str(checkout.root), env=env)
    finished = tell(env)
    assert (finished["rules"], finished["reach"], finished["mended"]) == (RULES, RULES, 0)
    assert finished["runs"] == ["failed", "succeeded"]
