"""How often the API may be asked: by token, by account, and by address for everybody else.

A counter for each minute, in the cache that the processes share: one key and one step for a request, where DRF's own
throttles keep and rewrite a list of all times. Without Redis each web process counts for itself. Answers out of the
cache of answers cost nothing and are not counted.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from redis import RedisError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

SECONDS = 60


class Rate(NamedTuple):
    """The requests that somebody has in a minute, those that are left, and the seconds until they are all back."""

    limit: int
    left: int
    seconds: int


class MinuteThrottle(BaseThrottle):
    """`request._request.rate` is what it found, for the headers of the answer."""

    def allow_request(self, request: Request, view: Any) -> bool:
        who, limit = self.asking(request)
        if not limit:
            return True
        now = time.time()
        asked = counted(f"rate:{who}:{int(now // SECONDS)}")
        self.seconds = SECONDS - int(now) % SECONDS
        request._request.rate = Rate(limit, max(0, limit - asked), self.seconds)
        return asked <= limit

    def wait(self) -> float:
        return self.seconds

    def asking(self, request: Request) -> tuple[str, int]:
        """Whom the request counts for, and the requests that they have in a minute; 0 for no limit."""
        if request.auth is not None:
            own: int | None = request.auth.rate
            return f"token:{request.auth.pk}", settings.API_RATE_TOKEN if own is None else own
        if request.user.is_authenticated:
            return f"user:{request.user.pk}", settings.API_RATE_TOKEN
        return f"address:{self.get_ident(request)}", settings.API_RATE_ANONYMOUS


def counted(key: str) -> int:
    """One more under this key: how many it are now. 0 while the cache does not answer: it refuses nobody."""
    try:
        if cache.add(key, 1, SECONDS + 1):
            return 1
        return cache.incr(key)
    except (ValueError, RedisError):  # gone between the two, or never kept
        return 0


def with_rate(response: Response, request: Request) -> Response:
    """The answer with what its reader has left, where there is a limit."""
    rate: Rate | None = getattr(request._request, "rate", None)
    if rate is not None:
        response.headers["RateLimit-Limit"] = str(rate.limit)
        response.headers["RateLimit-Remaining"] = str(rate.left)
        response.headers["RateLimit-Reset"] = str(rate.seconds)
    return response
