"""How fast the search answers: forty searches on the page, in the suggestions and in the list of rules.

`python -m tests.benchmarks.searching` measures the catalog that FIELDGUIDE_DATA_DIR or DATABASE_URL name and prints
JSON. Cold: made anew, with nothing kept of it. Warm: the same asked again.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
VENDORS = ("sigma", "elastic", "splunk")
PASSES = 3
AIM_MS = 150.0  # of the median of the page
ADDRESSES = {"page": "/search/?q=", "suggestions": "/search/suggest/?q=", "rules": "/rules/?q="}
SEARCHES = (
    "powershell", "process", "rundll32", "rundll32.exe", "mimikatz", "snapshot", "encoded command",
    "credential access", "scheduled task", "windows", "exe", "e", "aws cloudtrail", "kerberoasting",
    "lateral movement", "lsass memory dump", "process.name", "CommandLine", "user agent", "okta",
    '"encoded command"', "C:\\Windows\\System32", "\\powershell.exe", "-enc bypass", "http user agent curl",
    "mimiktaz", "powershel", "zzqqzz", "a technique that nobody has described", "field:Image",
    "field:process.name value:rundll32.exe", "value:*exe*", "value:*rundll32* -vendor:splunk",
    "field:Image op:endswith value:*rundll32* excluded:yes", "field:process_name value:*cmd* field:User",
    "vendor:elastic technique:T1218", "platform:Windows level:high powershell",
    "tactic:execution language:eql shell", "-mimikatz vendor:sigma", "op:regex_match excluded:yes",
    "value:*e* value:*a*", "feild:Image value:x",
)  # fmt: skip

Asked = tuple[float, float, str]  # seconds on the clock, seconds of this process's own work, the search


def searching_figures(env: Mapping[str, str]) -> dict[str, Any]:
    """Milliseconds by address, cold and warm, over the catalog that `env` names; in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.searching"]
    done = subprocess.run(command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def postgresql_figures(corpora: Path) -> dict[str, Any]:
    """The same on PostgreSQL, after an import into a database that is gone afterwards; {} without a server."""
    if "TEST_POSTGRESQL_URL" not in os.environ:
        return {}
    from tests.services.processes import postgresql_database

    with postgresql_database() as address:
        env = os.environ | {"DATABASE_URL": address}
        pairs = [word for vendor in VENDORS for word in (vendor, str(corpora / "corpora" / vendor))]
        attack = str(corpora / "attack" / "enterprise-attack-19.json")
        for words in (["migrate", "--verbosity", "0"], ["sync_attack", attack], ["sync_rules", *pairs]):
            subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, capture_output=True)
        return searching_figures(env)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")
    import django

    django.setup()
    logging.disable(logging.WARNING)  # a line for each request would bury the figures
    from django.core.cache import cache
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    figures = {}
    for name, address in ADDRESSES.items():
        times: dict[str, list[Asked]] = {"cold": [], "warm": []}
        client.get(f"{address}first")  # what a process reads once
        for _ in range(PASSES):
            for search in SEARCHES:
                with suppress(NotImplementedError):  # not every cache can be cleared
                    cache.clear()
                for state in times:
                    begun, worked = time.perf_counter(), time.process_time()
                    client.get(address + quote(search))
                    times[state].append((time.perf_counter() - begun, time.process_time() - worked, search))
        figures[name] = {state: _summary(rows) for state, rows in times.items()}
    print(json.dumps({"searches": len(SEARCHES), "aim_ms": AIM_MS, **figures}))


def _summary(rows: list[Asked]) -> dict[str, Any]:
    """`cpu_median_ms` is this process's own work: on SQLite all of it, whatever else the machine does."""
    found = sorted(1000 * seconds for seconds, *_ in rows)
    return {
        "median_ms": round(statistics.median(found), 1),
        "p95_ms": round(found[int(len(found) * 0.95)], 1),
        "cpu_median_ms": round(1000 * statistics.median(cpu for _, cpu, _ in rows), 1),
        "slowest": max(rows)[-1],
        "slowest_ms": round(found[-1], 1),
    }


if __name__ == "__main__":
    main()
