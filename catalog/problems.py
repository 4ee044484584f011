"""Errors for programs, as RFC 9457 tells them: whatever goes wrong below `/api/` is one JSON object.

`type` names the kind of error where there is more to know than the status, `title` and `detail` say it in words,
`instance` is the address that was asked. `errors` and `suggestions` are our own members.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

MEDIA_TYPE = "application/problem+json"
PLAIN = "about:blank"
BELOW = "/api/"
NOTHING_HERE = "There is nothing at this address. The endpoints are listed at /api/."
WENT_WRONG = "The server met an error that is not yours. It is logged under the id in the header X-Request-ID."
REFUSED = "The request cannot be read: its headers, its host or its length are not acceptable."


def problem(
    request: HttpRequest, status: int, detail: str, *, kind: str = PLAIN, title: str = "", **members: Any
) -> dict[str, Any]:
    """The members of a problem. `members` are our own beside the standard's."""
    said = title or HTTPStatus(status).phrase
    return {
        "type": kind, "title": said, "status": status, "detail": detail, "instance": request.get_full_path(), **members,
    }  # fmt: skip


def problem_response(request: HttpRequest, status: int, detail: str) -> JsonResponse:
    return JsonResponse(problem(request, status, detail), status=status, content_type=MEDIA_TYPE)


def _by_address(status: int, detail: str, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What answers an error outside of any view: a problem below `/api/`, the site's page elsewhere."""

    def handle(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        if request.path.startswith(BELOW):
            return problem_response(request, status, detail)
        return page(request) if exception is None else page(request, exception)

    return handle


bad_request = _by_address(400, REFUSED, defaults.bad_request)
forbidden = _by_address(403, "This is not for you, or the form has no valid CSRF token.", defaults.permission_denied)
not_found = _by_address(404, NOTHING_HERE, defaults.page_not_found)
server_error = _by_address(500, WENT_WRONG, defaults.server_error)
