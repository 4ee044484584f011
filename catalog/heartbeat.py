"""Signs of life of Celery's workers, for the site's readiness: each says every few seconds that it is there."""

from __future__ import annotations

import time
from typing import Any

from celery import bootsteps
from django.conf import settings
from django.core.cache import cache

EVERY_SECONDS = 10
SILENCE_SECONDS = 45  # after so long without a sign a worker counts as gone


def heard_at() -> float | None:
    """When a worker of this site's queue was last heard of, in seconds since 1970; None for not lately."""
    heard: float | None = cache.get(_key())
    return heard


def beat() -> None:
    """Say that a worker of this site's queue is there."""
    cache.set(_key(), time.time(), SILENCE_SECONDS)


class Heartbeat(bootsteps.StartStopStep):
    """Beats in the worker's main process, so that a long job in a child does not silence it."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.entry: Any = None

    def start(self, worker: Any) -> None:
        beat()
        self.entry = worker.timer.call_repeatedly(EVERY_SECONDS, beat)

    def stop(self, worker: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()


def _key() -> str:
    return f"worker-heartbeat:{settings.CELERY_TASK_DEFAULT_QUEUE}"
