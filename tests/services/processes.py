"""Real services for tests: a PostgreSQL database and a Redis of one's own numbers, and processes of the product."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.lacking import lacking

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def postgresql_database() -> Iterator[str]:
    """The address of a new, empty database, dropped at the end."""
    address = os.environ.get("TEST_POSTGRESQL_URL")
    if not address:
        lacking("TEST_POSTGRESQL_URL names no PostgreSQL server.")
    import psycopg

    try:
        server = psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as error:
        lacking(f"PostgreSQL does not answer: {error}.")
    name = f"fieldguide_{uuid.uuid4().hex[:12]}"
    with server:
        server.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(address, autocommit=True) as again:
            again.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def redis_address() -> str:
    """The address of a Redis that answers."""
    address = os.environ.get("TEST_REDIS_URL")
    if not address:
        lacking("TEST_REDIS_URL names no Redis.")
    import redis

    try:
        redis.from_url(address).ping()
    except redis.RedisError as error:
        lacking(f"Redis does not answer: {error}.")
    return address


def manage(*words: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """One management command in a process of its own."""
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


_LOOP = """
import json, sys
import django
django.setup()
for line in sys.stdin:
    words = {"answer": None}
    try:
        exec(json.loads(line), words)
    except Exception as error:
        words["answer"] = {"raised": type(error).__name__, "said": str(error)}
    print("\\x1e" + json.dumps(words["answer"]), flush=True)
"""


class Shell:
    """A process of the product that stays and runs what it is told: a start of one for each question takes seconds."""

    def __init__(self, env: dict[str, str]) -> None:
        known = os.environ | {"DJANGO_SETTINGS_MODULE": "catalog.settings"} | env
        command = [sys.executable, "-c", _LOOP]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=known, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, code: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """What the code put into `answer`; a dict {"raised", "said"} when it raised."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("\x1e"):
                return json.loads(line[1:])
        raise AssertionError("The process ended.")

    def ask(self, code: str) -> Any:
        self.tell(code)
        answer = self.hear()
        assert not (isinstance(answer, dict) and "raised" in answer), answer
        return answer

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.process.stdout.close()


@contextmanager
def shell(env: dict[str, str]) -> Iterator[Shell]:
    process = Shell(env)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def worker(env: dict[str, str], log: Path, processes: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker in a process group of its own, whose every process can be killed at once."""
    command = [
        sys.executable, "-m", "celery", "-A", "catalog", "worker", "--concurrency", str(processes),
        "--queues", env["CELERY_QUEUE"], "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        "--hostname", f"{uuid.uuid4().hex[:8]}@%h",
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(20)
