"""While Redis is away the site goes on without its cache."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

AWAY = {
    "default": {
        "BACKEND": "catalog.redis_cache.LenientRedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
        "OPTIONS": {"socket_connect_timeout": 1},
    }
}


@pytest.mark.django_db
def test_pages_are_answered_without_redis(client: Client, settings) -> None:
    settings.CACHES = AWAY
    assert client.get("/rules/").status_code == 200
    assert client.get("/api/v1/rules/").status_code == 200


def test_nothing_is_found_and_nothing_fails(settings) -> None:
    settings.CACHES = AWAY
    cache.set("one", 1)
    assert cache.get("one") is None
    assert cache.get("one", "other") == "other"
