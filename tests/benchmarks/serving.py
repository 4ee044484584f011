"""Requests per second and latencies of the API, by wrk against gunicorn, beside an empty view on the same server.

At a concurrency equal to the workers. `python -m tests.benchmarks.serving` runs it alone, over the catalog that
FIELDGUIDE_DATA_DIR or DATABASE_URL name.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
SECONDS = 4
EMPTY = "/api/empty/"
ADDRESSES = {
    "list": "/api/v1/rules/?page_size=50",
    "detail": "",  # the first rule of the list
    "guide": "/api/v1/techniques/T1578.001/guide/",
    "large guide": "/api/v1/techniques/T1059.001/guide/",
    "search": "/api/v1/search/?q=rundll32",
}
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
console = Console(width=max(Console().width, 120))


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests per second, latencies in milliseconds, and answers that were no 2xx or 3xx."""

    per_second: float
    p50: float
    p99: float
    refused: int


def serving_figures(env: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """By state of the cache and kind of address, over the catalog that `env` names; {} where there is no wrk."""
    if shutil.which("wrk") is None:
        console.print("Serving is not measured: there is no wrk on this machine (Debian: apt install wrk).")
        return {}
    figures = {}
    for cache in ("on", "off"):
        with served(cache, env) as (host, port):
            figures[f"cache {cache}"] = measure(host, port, kept=cache == "on")
    return figures


def measure(host: str, port: int, *, kept: bool) -> dict[str, Any]:
    """Every address, each between two measurements of the empty view: the machine's other work hits both alike."""
    addresses = ADDRESSES | {"detail": first_rule(host, port)}
    base = f"http://{host}:{port}"
    asks: dict[str, tuple[str, ...]] = {}
    for name, address in addresses.items():
        etag = asked(host, port, address).headers["ETag"]
        asks[name] = (f"{base}{address}",)
        if kept:
            asks[f"{name}, 304"] = (f"{base}{address}", "--header", f"If-None-Match: {etag}")
    before = loaded(f"{base}{EMPTY}")
    found = {"empty view": figures_of(before, before, before)}
    for name, ask in asks.items():
        row, after = loaded(*ask), loaded(f"{base}{EMPTY}")
        found[name] = figures_of(row, before, after)
        before = after
    return found


def figures_of(row: Load, before: Load, after: Load) -> dict[str, float]:
    """The figures of an address; its ratio is to the mean of the empty view before it and after it."""
    return {
        "per_s": round(row.per_second, 1),
        "ratio": round(row.per_second * 2 / (before.per_second + after.per_second), 2),
        "p50_ms": round(row.p50, 2),
        "p99_ms": round(row.p99, 2),
        "refused": row.refused,
    }


@contextmanager
def served(cache: str, env: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Gunicorn over the catalog, with rates that nobody reaches, until the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    own = {
        "BENCH_CACHE": cache, "API_RATE_ANONYMOUS": "100000000", "WEB_CONCURRENCY": str(WORKERS), "WEB_THREADS": "1",
        "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    words = ["--config", "python:catalog.serving", "--bind", f"{host}:{port}", "tests.benchmarks.serving_site"]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", *words], env={**env, **own}, cwd=ROOT)
    try:
        for _ in range(200):
            try:
                asked(host, port, EMPTY)
                break
            except OSError:
                time.sleep(0.1)
        yield host, port
    finally:
        server.terminate()
        server.wait(timeout=30)


def asked(host: str, port: int, address: str) -> http.client.HTTPResponse:
    """The answer to one request, its body read."""
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.request("GET", address)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def first_rule(host: str, port: int) -> str:
    """The address of a rule in the API."""
    found = re.search(rb'"url": ?"/rules/([^"]+)"', asked(host, port, ADDRESSES["list"]).body)  # type: ignore[attr-defined]
    assert found, "The catalog has no rules."
    return f"/api/v1/rules/{found[1].decode()}"


def loaded(address: str, *options: str) -> Load:
    """wrk for some seconds, with as many connections as there are workers, each asking as soon as it is answered."""
    words = ["wrk", "--threads", "1", "--connections", str(WORKERS), "--duration", f"{SECONDS}s", "--latency"]
    words += ["--header", "Accept-Encoding: gzip"]  # as every library and browser asks
    said = subprocess.run([*words, *options, address], capture_output=True, text=True, check=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate, said
    return Load(float(rate[1]), _percentile(said, 50), _percentile(said, 99), int(refused[1]) if refused else 0)


def _percentile(said: str, share: int) -> float:
    found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)\s*$", said, re.MULTILINE)
    assert found, said
    return float(found[1]) * _UNITS[found[2]]


def print_serving(figures: dict[str, Any]) -> None:
    for state, rows in figures.items():
        table = Table(title=f"Serving, {state}: {WORKERS} workers, {WORKERS} connections", title_justify="left")
        for name in ("address", "requests/s", "of the empty view", "p50 ms", "p99 ms", "refused"):
            table.add_column(name, justify="left" if name == "address" else "right")
        for name, row in rows.items():
            table.add_row(name, *(str(row[key]) for key in ("per_s", "ratio", "p50_ms", "p99_ms", "refused")))
        console.print(table)


if __name__ == "__main__":
    print_serving(serving_figures())
