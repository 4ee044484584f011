"""One of many who change the catalog of DATABASE_URL at once: `python -m tests.statistics.crowd ROLE SEED SECONDS`.

`staff` acts at random, `nightly` recomputes again and again, `setting` writes the catalog, `judge` says what is wrong.
What it prints last is JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from random import Random

_LEAST = 10  # acts of each


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    import django

    django.setup()
    role, seed, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(_ROLES[role](seed, seconds)))


def _setting(seed: int, seconds: float) -> dict[str, object]:
    from django.core.management import call_command

    from tests.statistics.catalog import write_sources

    call_command("migrate", verbosity=0)
    write_sources()
    return {}


def _staff(seed: int, seconds: float) -> dict[str, object]:
    """Acts until the time is over, and some times at least; every error but a refusal ends it."""
    from tests.statistics.catalog import ACTS, Staff

    random = Random(seed)  # noqa: S311 no secret
    staff = Staff(random)
    _wait_for_the_others()
    until = time.monotonic() + seconds
    while time.monotonic() < until or sum(staff.done.values()) < _LEAST:
        staff.act(random.choice(ACTS))
    return {"done": sum(staff.done.values()), "refused": staff.refused}


def _nightly(seed: int, seconds: float) -> dict[str, object]:
    """The drift of every recomputation in the midst of it all."""
    from detections.statistics.recomputation import recompute

    _wait_for_the_others()
    until = time.monotonic() + seconds
    drifts = []
    while time.monotonic() < until:
        drifts.append(recompute().drift)
        time.sleep(0.3)
    return {"done": len(drifts), "drift": sum(drifts)}


def _judge(seed: int, seconds: float) -> dict[str, object]:
    from detections.statistics.recomputation import recompute
    from tests.statistics.catalog import wrong_figures

    wrong = wrong_figures()
    found = recompute()
    return {"wrong": wrong, "drift": found.drift, "indicators": found.indicators}


def _wait_for_the_others() -> None:
    """Say that this one is ready, then wait until standard input is closed."""
    print("ready", flush=True)
    sys.stdin.read()


_ROLES: dict[str, Callable[[int, float], dict[str, object]]] = {
    "setting": _setting, "staff": _staff, "nightly": _nightly, "judge": _judge,
}  # fmt: skip

if __name__ == "__main__":
    main()
