"""Without Redis: tasks run in process, and what the site begins runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from detections.importing.runs import request_recomputation, request_sync
from detections.models import Rule, Run
from detections.tasks import perform_run
from tests.importing.checkouts import Checkout, sigma_rule
from tests.services.processes import ROOT, manage

_START = """
import sys
import django
django.setup()
from catalog.runs import start
from detections.importing.runs import request_sync
run = request_sync("sigma", sys.argv[1])
start(run)
print(run.pk)
"""
_STATE = """
import json
from detections.models import Rule, Run
print(json.dumps({"state": Run.objects.get().state, "rules": Rule.objects.live().count()}))
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


def test_a_long_job_of_the_site_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    env = {"FIELDGUIDE_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": "", "DATABASE_URL": ""}
    manage("migrate", "--verbosity", "0", env=env)
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(str(uuid.uuid4())))
    command = [sys.executable, "-c", _START, str(checkout.root)]
    django = os.environ | {"DJANGO_SETTINGS_MODULE": "catalog.settings"} | env
    done = subprocess.run(command, cwd=ROOT, env=django, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict = {}
    until = time.monotonic() + 60
    while told.get("state") not in ("succeeded", "failed") and time.monotonic() < until:
        told = json.loads(manage("shell", "--no-imports", "-c", _STATE, env=env).stdout.strip().splitlines()[-1])
    assert told == {"state": "succeeded", "rules": 1}
