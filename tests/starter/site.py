"""The whole site on the starter corpus, served by gunicorn from a folder that is gone afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """Where it answers, and the environment of its processes."""

    address: str
    environment: dict[str, str]

    def manage(self, *command: str) -> str:
        """What a command of the site says."""
        done = [sys.executable, "manage.py", *command]
        told = subprocess.run(done, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True)
        return told.stdout


@contextmanager
def starter_site(**settings: str) -> Iterator[Site]:
    """The site, answering. `settings` are further ones, as in the README."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"], "FIELDGUIDE_DATA_DIR": folder, "LOG_LEVEL": "ERROR", "PYTHONPATH": str(ROOT),
            **settings,
        }  # fmt: skip
        site = Site(f"http://127.0.0.1:{port}", environment)
        site.manage("migrate", "--verbosity", "0")
        site.manage("first_catalog", "--starter", "--verbosity", "0")
        served = ["-m", "gunicorn", "--config", "python:catalog.serving", "--bind", f"127.0.0.1:{port}"]
        server = subprocess.Popen([sys.executable, *served, "catalog.wsgi"], cwd=ROOT, env=environment)
        try:
            wait_for(f"{site.address}/healthz")
            yield site
        finally:
            server.terminate()
            server.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(address: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  our own server
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
