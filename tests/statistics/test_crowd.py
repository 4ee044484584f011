"""Four people edit the same few rules on PostgreSQL while reach is counted anew: no error, and no drift at any time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.services.processes import ROOT, postgresql_database

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]
SECONDS = "6"


@pytest.fixture
def address() -> object:
    with postgresql_database() as address:
        yield address


def begun(address: str, role: str, seed: int = 0) -> subprocess.Popen[str]:
    env = os.environ | {"DATABASE_URL": address, "REDIS_URL": ""}
    command = [sys.executable, "-m", "tests.statistics.crowd", role, str(seed), SECONDS]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str]) -> dict:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def test_many_edits_at_once_end_where_a_recomputation_ends(address: str) -> None:
    ended(begun(address, "setting"))
    crowd = [begun(address, "staff", seed) for seed in range(4)] + [begun(address, "nightly")]
    for process in crowd:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in crowd:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    *staff, nightly = [ended(process) for process in crowd]
    assert sum(one["done"] for one in staff) >= 40
    assert nightly["done"] and nightly["drift"] == 0
    told = ended(begun(address, "judge"))
    assert (told["wrong"], told["drift"]) == ([], 0)
    assert told["indicators"]
