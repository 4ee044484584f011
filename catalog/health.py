"""Whether the site can do its work: each part is asked once, briefly, and says in a few words what is wrong.

What is said is for everybody who can reach the site: no addresses, no names of hosts, no errors of drivers. Those are
logged.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as once

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from redis import RedisError

from catalog import broker, heartbeat

EMBEDDED = "not used: long jobs run in processes of their own"

logger = logging.getLogger(__name__)


class NotReadyError(Exception):
    """A part that cannot do its work; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the site: whether it does its work, and how it stands in words."""

    name: str
    ok: bool
    said: str


def readiness() -> tuple[Check, ...]:
    """Every part in turn. None of them raises."""
    return tuple(_asked(name, ask) for name, ask in PARTS)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def _migrations() -> str:
    waiting = _known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    if waiting:
        count = f"{len(waiting)} migration{'s are' if len(waiting) > 1 else ' is'}"
        raise NotReadyError(f"{count} not applied; run manage.py migrate")
    return "applied"


def _cache() -> str:
    written = secrets.token_hex(8)
    cache.set("readiness", written, 60)
    if cache.get("readiness") is None:  # another process may have written in between
        raise NotReadyError("does not keep what is written")
    return "keeps what is written"


def _broker() -> str:
    if not settings.REDIS_URL:
        return EMBEDDED
    broker.answers()
    return "answers"


def _worker() -> str:
    if not settings.REDIS_URL:
        return EMBEDDED
    heard = heartbeat.heard_at()
    if heard is None:
        raise NotReadyError(f"no worker was heard of in the last {heartbeat.SILENCE_SECONDS} seconds")
    return f"heard of {max(0, time.time() - heard):.0f} seconds ago"


PARTS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("database", _database),
    ("migrations", _migrations),
    ("cache", _cache),
    ("broker", _broker),
    ("worker", _worker),
)


def _asked(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, True, ask())
    except NotReadyError as error:
        return Check(name, False, str(error))
    except (DatabaseError, RedisError, OSError) as error:
        logger.warning("Readiness: the %s fails: %s: %s", name, type(error).__name__, error)
        return Check(name, False, "does not answer")


@once
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this version of the code, by app and name, without those that a squashed one replaces."""
    found = MigrationLoader(None).disk_migrations
    replaced = {key for migration in found.values() for key in migration.replaces}
    return frozenset(found) - replaced
