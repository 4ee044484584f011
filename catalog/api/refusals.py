"""Why something that was asked for is not done. Nothing was stored; the problem says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from rest_framework import exceptions, status

from detections.documents.problem import Problem
from detections.editing.errors import EditConflictError, EditError, NotSavableError
from detections.models import Run


class Refused(exceptions.APIException):
    """Something in the body cannot be: {"errors": {key: [message]}}."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    kind, title = "/api/start/#refused", "This cannot be stored"

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class Conflict(exceptions.APIException):
    """Something else happened first."""

    status_code = status.HTTP_409_CONFLICT
    kind, title = "/api/start/#conflict", "Something else happened first"

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.members = members


def wrong_keys(errors: Mapping[str, Iterable[Any]]) -> Refused:
    """What is wrong with a body, by key."""
    told = {name: [str(message) for message in messages] for name, messages in errors.items()}
    return Refused(f"These keys cannot be used: {', '.join(name[:60] for name in told)}.", errors=told)


def refusal(error: EditError) -> exceptions.APIException:
    """An edit that cannot be made, as the API tells it: a conflict with the version in force, a text with places."""
    if isinstance(error, EditConflictError):
        return Conflict(str(error), version=error.rule.version)
    if isinstance(error, NotSavableError):
        return Refused(str(error), problems=[_told(problem) for problem in error.problems])
    return Refused(str(error))


def under_way(detail: str, run: Run | None) -> Conflict:
    """A run that cannot be asked for, most often since another one is not over: `run` and its `url` then."""
    return Conflict(detail, **({"run": run.pk, "url": reverse("api-run", args=[run.pk])} if run else {}))


def _told(problem: Problem) -> dict[str, Any]:
    keys = ("message", "severity", "line", "column", "snippet")
    return {key: getattr(problem, key) for key in keys}
