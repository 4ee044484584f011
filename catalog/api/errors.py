"""Errors of the API: always a problem (`catalog.problems`), always saying what to do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from catalog.problems import MEDIA_TYPE, PLAIN, problem

BAD_PARAMETERS = "/api/start/#bad-parameters"
UNKNOWN_TECHNIQUE = "/api/start/#unknown-technique"


class BadParameters(exceptions.APIException):
    """Parameters that nothing knows or values that do not exist: {"errors": {parameter: [message]}}."""

    status_code = status.HTTP_400_BAD_REQUEST
    kind, title = BAD_PARAMETERS, "Some parameters cannot be used"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(f"These parameters cannot be used: {', '.join(name[:60] for name in errors)}.")
        self.members = {"errors": errors}


class UnknownTechnique(exceptions.NotFound):
    """An ATT&CK id that the version in force does not hold, with ids that are close."""

    kind, title = UNKNOWN_TECHNIQUE, "ATT&CK has no such technique"

    def __init__(self, written: str, suggestions: list[dict[str, str]]) -> None:
        super().__init__(f"ATT&CK has no technique {written[:60]!r}.")
        self.members = {"suggestions": suggestions}


class ProblemRenderer(JSONRenderer):
    media_type = MEDIA_TYPE
    format = "problem"


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None for what nobody foresaw, which is logged and answered like any other 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or "There is nothing at this address.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = problem(
        context["request"]._request, response.status_code, str(getattr(error, "detail", error)),
        kind=getattr(error, "kind", PLAIN), title=getattr(error, "title", ""), **getattr(error, "members", {}),
    )  # fmt: skip
    return response
