"""A cache that keeps counters, which limiting requests needs, and no answers."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.locmem import LocMemCache


class CountingCache(LocMemCache):
    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__("counters", params)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Forgotten at once, unless it is a counter."""
        if isinstance(value, int):
            super().set(key, value, *args, **kwargs)
