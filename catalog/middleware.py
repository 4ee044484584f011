"""What every request gets: its reader, and headers that keep a browser to this site."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from catalog.api.authentication import identify
from detections.models import Reader

Respond = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
# Pages of the admin and of the browsable API carry style attributes that are not ours to move into a file.
LOOSE_STYLES = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
LOOSE_PREFIXES = ("/admin/", "/api/")
# The admin's look is drawn by Alpine, which makes functions of the texts in its attributes.
ADMIN_PREFIX = "/admin/"
ADMIN_POLICY = LOOSE_STYLES.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")
NO_DEVICES = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class ReaderMiddleware:
    """`request.reader`: who is reading, for every query that counts or lists."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identify(request)
        user = request.user
        if not user.is_authenticated:
            request.reader = Reader.ANONYMOUS
        else:
            request.reader = Reader.STAFF if user.is_staff else Reader.MEMBER
        return self.respond(request)


class ContentSecurityMiddleware:
    """Scripts and styles come from this site's files alone. A view that needs more sets the header itself."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.respond(request)
        loose = request.path.startswith(LOOSE_PREFIXES)
        policy = ADMIN_POLICY if request.path.startswith(ADMIN_PREFIX) else LOOSE_STYLES if loose else POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", NO_DEVICES)
        return response
