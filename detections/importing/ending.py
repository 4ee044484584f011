"""The end of a run, and the early no: with Redis a second request for the same is refused without asking the database.

Who is right is decided by the database's constraint. The lock in Redis only spares it two requests at once: it is gone
with the run, after a minute at the latest, and absent where Redis is.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from detections.models import Run, Source

HELD_SECONDS = 60

logger = logging.getLogger(__name__)


def may_ask(kind: str, source: Source | None) -> bool:
    """Whether nobody has asked for the same within the last minute; from now on somebody has."""
    if not settings.REDIS_URL:
        return True
    key = _key(kind, source.pk if source else None)
    return cache.add(key, 1, HELD_SECONDS) or cache.get(key) is None  # a Redis that is away holds nothing


def end(run: Run, state: str, message: str = "", counts: dict[str, Any] | None = None) -> bool:
    """The run is over; False when somebody has ended it before."""
    ended = run.finish(state, message, counts)
    if ended and settings.REDIS_URL:
        transaction.on_commit(lambda: _release(run))
    return ended


def _release(run: Run) -> None:
    try:
        cache.delete(_key(run.kind, run.source_id))
    except RedisError as error:
        logger.warning("Redis keeps the lock of %s for a minute: %s", run, type(error).__name__)


def _key(kind: str, source: int | None) -> str:
    return f"asked-for:{settings.CELERY_TASK_DEFAULT_QUEUE}:{kind}:{source or ''}"
