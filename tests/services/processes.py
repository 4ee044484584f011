"""Real services for tests: a PostgreSQL database and a Redis of one's own numbers, and processes of the product."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
