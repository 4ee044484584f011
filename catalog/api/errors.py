"""Errors of the API: always JSON, always saying what to do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler


class BadParameters(exceptions.APIException):
    """Parameters that nothing knows or values that do not exist: {"errors": {parameter: [message]}}."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("Some parameters cannot be used.")
        self.errors = errors


class UnknownTechnique(exceptions.NotFound):
    """An ATT&CK id that the version in force does not hold, with ids that are close."""

    def __init__(self, written: str, suggestions: list[dict[str, str]]) -> None:
        super().__init__(f"ATT&CK has no technique {written[:60]!r}.")
        self.suggestions = suggestions


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, with what people need beside the message."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(str(error) or "There is nothing at this address.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, BadParameters):
        response.data["errors"] = error.errors
    elif isinstance(error, UnknownTechnique):
        response.data["suggestions"] = error.suggestions
    return response
