"""Rendered answers, kept by generation: what is cached is bytes, and nothing has to be invalidated.

The key holds the catalog's generation, the code's version, the whole address with its query, the format asked for and
whether htmx asks for a fragment. It is the answer's ETag, too, and the generation's time its Last-Modified, so that who
has an answer already is told so in a few bytes. Only what anonymous readers see is kept here; what others see and what
is streamed is made anew, and no other cache may keep any of it.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import time
from collections.abc import Callable
from functools import cache as once
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import http_date, parse_etags, parse_http_date_safe

from detections.analysis.engine import engine_digest
from detections.models import Generation

KEPT_SECONDS = 60 * 60 * 24
LARGEST = 2 * 1024 * 1024  # bytes of an answer that is kept; compressed, at about a tenth, as most readers want it
PREFIXES = (
    "/matrix/", "/techniques/", "/rules/", "/fields/", "/indicators/", "/exclusions/", "/compare/", "/sources/",
    "/search/", "/api/v1/", "/api/schema/", "/api/start/",
)  # fmt: skip
API = "/api/v1/"
CHANGING = ("/api/v1/runs/",)  # changes without the catalog
VARIES = ("Accept", "Accept-Encoding", "Authorization", "Cookie", "HX-Request")
STARTED = time.time()  # with other code, answers of the same generation may be others
KEEPING = "private, no-cache"  # a browser may keep it for its own reader, and asks each time whether it still holds


@once
def code_version() -> str:
    """A hash over everything that makes an answer: the engine, the guide, the site and its templates."""
    digest = hashlib.sha256(engine_digest().encode())
    for part in ("catalog", "templates", "detections/guide", "detections/searching", "detections/models"):
        for file in sorted(Path(settings.BASE_DIR, part).rglob("*")):
            if file.suffix in (".py", ".html"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


class CachingMiddleware:
    """Answers anonymous GETs out of the cache, and with 304 where the reader has the answer already.

    `request.generation` is the catalog's generation, read at most once for a request.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.generation = SimpleLazyObject(Generation.objects.current)
        response = self._named(request) if self._is_named(request) else self.respond(request)
        # Also errors and redirects: a revoked id leads elsewhere after the next ATT&CK release.
        response.headers.setdefault("Cache-Control", KEEPING)
        return response

    def _named(self, request: HttpRequest) -> HttpResponse:
        """The answer with its ETag and its time; without a body for a reader who has it."""
        key = self._key(request)
        etag, modified = f'"{key}"', last_modified(request.generation)
        held = request.headers.get("If-None-Match")
        if held and any(one.removeprefix("W/") == etag for one in parse_etags(held)):
            response: HttpResponse = HttpResponseNotModified()
        else:
            response = self._kept(request, key) if self._is_kept(request) else self.respond(request)
            if response.status_code != 200:
                return response
            if not held and _is_since(request, modified):  # a date says nothing of whether there was an answer
                response = HttpResponseNotModified()  # a stream has not begun; to close it would end the request
        response.headers["ETag"] = f"W/{etag}" if response.has_header("Content-Encoding") else etag
        if modified is not None:
            response.headers["Last-Modified"] = http_date(modified)
        patch_vary_headers(response, VARIES)
        return response

    def _kept(self, request: HttpRequest, key: str) -> HttpResponse:
        kept = cache.get(f"answer:{key}")
        if kept is not None:
            body, headers = kept
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                return HttpResponse(body, headers=headers | {"Content-Encoding": "gzip"})
            return HttpResponse(gzip.decompress(body), headers=headers)
        response = self.respond(request)
        if response.status_code != 200 or response.streaming or response.cookies or request.method == "HEAD":
            return response
        if hasattr(response, "render") and not response.is_rendered:
            response.render()
        if len(response.content) <= LARGEST:
            body = gzip.compress(response.content, compresslevel=6, mtime=0)
            cache.set(f"answer:{key}", (body, dict(response.headers)), KEPT_SECONDS)
        return response

    @staticmethod
    def _is_named(request: HttpRequest) -> bool:
        """Whether the answer follows from the key alone. A token that is not in force has to be refused."""
        return (
            request.method in ("GET", "HEAD")
            and request.path.startswith(PREFIXES)
            and not request.path.startswith(CHANGING)
            and len(request.get_full_path()) < 2000
            and getattr(request, "api_token", True) is not None
            and (CachingMiddleware._is_kept(request) or _is_for_programs(request))
        )

    @staticmethod
    def _is_kept(request: HttpRequest) -> bool:
        return not request.reader.sees_everything and not hasattr(request, "api_token")

    @staticmethod
    def _key(request: HttpRequest) -> str:
        parts = (
            str(request.generation.number),
            code_version(),
            request.reader.name,
            request.build_absolute_uri(),
            request.headers.get("Accept", ""),
            request.headers.get("HX-Request", ""),
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def last_modified(generation: Generation) -> int | None:
    """The second, since 1970, after which nothing changed; None while it is not over.

    A change within that second could not be told from the one before it.
    """
    second = math.ceil(max(generation.changed_at.timestamp(), STARTED))
    return second if second <= time.time() else None


def _is_since(request: HttpRequest, modified: int | None) -> bool:
    """Whether what the reader got at a time is still the answer."""
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return since is not None and modified is not None and modified <= since


def _is_for_programs(request: HttpRequest) -> bool:
    """The API's answers but those for a browser, which name the account."""
    return request.path.startswith(API) and "text/html" not in request.headers.get("Accept", "")
