"""Around every request: its id, its line in the log, its metrics; and the addresses that need nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from catalog import logs, metrics
from catalog.pages.operations import ADDRESSES

logger = logging.getLogger("fieldguide.request")

QUIET = frozenset({"static", *(address.strip("/") for address in ADDRESSES)})

Respond = Callable[[HttpRequest], HttpResponse]


class RequestMiddleware:
    """`request.request_id`, taken from X-Request-ID or made, answered in it, and in every line that is logged.

    The outermost middleware: whatever is refused further in is logged and counted as well. Queries are not logged,
    since they may hold what is nobody's business. Probes and static files are logged at DEBUG.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = logs.accepted_id(request.headers.get("X-Request-ID", ""))
        known = logs.request_id.set(request.request_id)
        begun = time.perf_counter()
        try:
            response = self.respond(request)
            response.headers["X-Request-ID"] = request.request_id
            self._tell(request, response, time.perf_counter() - begun)
            return response
        finally:
            logs.request_id.reset(known)

    @staticmethod
    def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        view, status = _view(request), response.status_code
        metrics.observe(view, request.method or "", status, seconds)
        path = quote(request.path)
        told = {"method": request.method, "path": path, "view": view, "status": status, "duration": round(seconds, 4)}
        logger.log(
            _level(view, status), "%s %s %s in %.0f ms", request.method, path, status, seconds * 1000, extra=told
        )
        response._has_been_logged = True  # Django would tell of it once more, without the id


class OperationsMiddleware:
    """Answers probes before anything asks for a session, a host's name or HTTPS. Their answers are kept nowhere."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ADDRESSES.get(request.path)
        if answer is None:
            return self.respond(request)
        response = answer(request)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _level(view: str, status: int) -> int:
    if status >= 500:
        return logging.WARNING  # an exception has an error of its own, with its traceback
    return logging.DEBUG if view in QUIET else logging.INFO


def _view(request: HttpRequest) -> str:
    """The name of the page that answered. Addresses themselves are too many to count by."""
    if request.path in ADDRESSES:
        return request.path.strip("/")
    if request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
        return "static"
    if request.resolver_match:
        return str(request.resolver_match.view_name)
    return _view_at(request.path_info)  # an answer out of the cache was found before its page


@lru_cache(maxsize=2000)
def _view_at(path: str) -> str:
    try:
        return str(resolve(path).view_name)
    except Resolver404:
        return "none"
