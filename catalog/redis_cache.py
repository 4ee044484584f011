"""The cache in Redis: while Redis is away nothing is kept and nothing is found, and the site goes on without."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = logging.getLogger(__name__)


class LenientRedisCache(RedisCache):
    """Reads and writes of single keys survive an outage: what is added is not, as if it were there. Counters do not."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError as error:
            _tell(error)
            return default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout, version)
        except RedisError as error:
            _tell(error)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        try:
            return bool(super().add(key, value, timeout, version))
        except RedisError as error:
            _tell(error)
            return False


def _tell(error: RedisError) -> None:
    logger.warning("The cache does not answer (%s); going on without it.", type(error).__name__)
