"""The broker, as far as the site looks at it: whether it answers and how many tasks wait. Only with REDIS_URL."""

from __future__ import annotations

from functools import cache as once

from django.conf import settings
from redis import Redis

ANSWER_SECONDS = 2


def answers() -> bool:
    """Whether the broker answers a ping. Raises `RedisError` when it is not there."""
    return bool(_client().ping())


def queue_length() -> int:
    """Tasks that wait in this site's queue. Raises `RedisError` when the broker does not answer."""
    return int(_client().llen(settings.CELERY_TASK_DEFAULT_QUEUE))


@once
def _client() -> Redis:
    return Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
    )
