"""A change that PostgreSQL undid in favour of another is done again as a whole; every other error is told at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.db import DataError, OperationalError, connection, transaction

from detections.models import Platform
from detections.statistics.retrying import retried
from tests.services.processes import ROOT, manage, postgresql_database

# Two changes meet in the middle of their first attempt, each holding the row that the other wants.
_MEETING = """
import json, sys, threading
import django
django.setup()
from django.db import connection, transaction
from django.db.models import F
from detections.models import Technique
from detections.statistics.retrying import retried

isolation = sys.argv[1]
for name in ("T1", "T2"):
    Technique.objects.create(attack_id=name, name="0")
middle, attempts, told = threading.Barrier(2), {"T1": 0, "T2": 0}, {}

def add(name):
    row = Technique.objects.get(attack_id=name)
    Technique.objects.filter(pk=row.pk).update(name=str(int(row.name) + 1))

@retried
def change(first, second):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        attempts[first] += 1
        if isolation != "READ COMMITTED":
            Technique.objects.count()  # the snapshot
            if attempts[first] == 1:
                middle.wait(20)
            add("T1")
        else:
            Technique.objects.filter(attack_id=first).update(url=first)
            if attempts[first] == 1:
                middle.wait(20)
            Technique.objects.select_for_update().get(attack_id=second)
            add(second)

def run(first, second):
    try:
        change(first, second)
    except Exception as error:
        told[first] = repr(error)
    finally:
        connection.close()

threads = [threading.Thread(target=run, args=pair) for pair in (("T1", "T2"), ("T2", "T1"))]
[thread.start() for thread in threads]
[thread.join(60) for thread in threads]
names = dict(Technique.objects.values_list("attack_id", "name"))
print(json.dumps({"attempts": sorted(attempts.values()), "errors": told, "names": names}))
"""


@pytest.mark.services
@pytest.mark.xdist_group("services")
@pytest.mark.parametrize(
    ("isolation", "names"),
    [("READ COMMITTED", {"T1": "1", "T2": "1"}), ("SERIALIZABLE", {"T1": "2", "T2": "0"})],
    ids=["deadlock", "serialization"],
)
def test_of_two_changes_that_meet_both_are_done(isolation: str, names: dict[str, str]) -> None:
    with postgresql_database() as address:
        env = {"DATABASE_URL": address, "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "catalog.settings"}
        manage("migrate", "--verbosity", "0", env=env)
        done = subprocess.run(
            [sys.executable, "-c", _MEETING, isolation],
            cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"attempts": [1, 2], "errors": {}, "names": names}


@pytest.mark.django_db(transaction=True)
def test_other_errors_are_told_at_once() -> None:
    attempts = []

    @retried
    def change() -> None:
        attempts.append(1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    with pytest.raises(Exception, match="no_such_table"):
        change()
    assert len(attempts) == 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_only_the_whole_is_repeated() -> None:
    """The part is called once: its transaction is broken; the outer function begins anew with all that it wrote."""
    attempts = {"part": 0, "whole": 0}

    @retried
    def part() -> None:
        attempts["part"] += 1
        if attempts["part"] == 1:
            raise OperationalError("deadlock detected") from _undone()

    @retried
    def whole() -> str:
        attempts["whole"] += 1
        with transaction.atomic():
            Platform.objects.create(name="Mainframe")
            part()
        return "done"

    assert whole() == "done"
    assert attempts == {"part": 2, "whole": 2}
    assert Platform.objects.filter(name="Mainframe").count() == 1


def test_a_change_that_always_loses_ends_with_the_error() -> None:
    attempts = []

    @retried
    def change() -> None:
        attempts.append(1)
        raise OperationalError("deadlock detected") from _undone()

    with pytest.raises(OperationalError):
        change()
    assert len(attempts) == 6


def test_data_errors_are_no_meeting() -> None:
    @retried
    def change() -> None:
        raise DataError("value too long")

    with pytest.raises(DataError):
        change()


def _undone() -> Exception:
    """What psycopg raises where PostgreSQL ends a deadlock."""
    error = Exception("deadlock detected")
    error.sqlstate = "40P01"  # type: ignore[attr-defined]
    return error
