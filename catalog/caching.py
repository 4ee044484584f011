"""Rendered answers, kept by generation: what is cached is bytes, and nothing has to be invalidated.

The key holds the catalog's generation, the code's version, the whole address with its query, the format asked for and
whether htmx asks for a fragment. Only what anonymous readers see is kept; members' answers are made anew, and no other
cache may keep them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from functools import cache as once
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import parse_etags

from detections.analysis.engine import engine_digest
from detections.models import Generation

KEPT_SECONDS = 60 * 60 * 24
LARGEST = 2 * 1024 * 1024  # bytes of an answer that is kept; they are kept compressed, at about a tenth
PREFIXES = ("/matrix/", "/techniques/", "/rules/", "/indicators/", "/compare/", "/sources/", "/search/", "/api/v1/")
VARIES = ("Accept", "Cookie", "HX-Request")
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
        response = self._kept(request) if self._is_kept(request) else self.respond(request)
        # Also errors and redirects: a revoked id leads elsewhere after the next ATT&CK release.
        response.headers.setdefault("Cache-Control", KEEPING)
        return response

    def _kept(self, request: HttpRequest) -> HttpResponse:
        key = self._key(request)
        etag = f'"{key}"'
        if self._has_it(request, etag):
            return self._headed(HttpResponseNotModified(), etag)
        kept = cache.get(f"answer:{key}")
        if kept is not None:
            body, headers = kept
            return self._headed(HttpResponse(zlib.decompress(body), headers=headers), etag)
        response = self.respond(request)
        if response.status_code != 200 or response.streaming or response.cookies:
            return response
        if hasattr(response, "render") and not response.is_rendered:
            response.render()
        if len(response.content) <= LARGEST:
            body = zlib.compress(response.content, level=1)
            cache.set(f"answer:{key}", (body, dict(response.headers)), KEPT_SECONDS)
        return self._headed(response, etag)

    @staticmethod
    def _is_kept(request: HttpRequest) -> bool:
        return (
            request.method == "GET"
            and request.path.startswith(PREFIXES)
            and not request.reader.sees_everything
            and not hasattr(request, "api_token")  # one that is not in force has to be refused
            and len(request.get_full_path()) < 2000
        )

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

    @staticmethod
    def _has_it(request: HttpRequest, etag: str) -> bool:
        held = parse_etags(request.headers.get("If-None-Match", ""))
        return any(one.removeprefix("W/") == etag for one in held)

    @staticmethod
    def _headed(response: HttpResponse, etag: str) -> HttpResponse:
        response.headers["ETag"] = etag
        patch_vary_headers(response, VARIES)
        return response
