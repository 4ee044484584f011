"""The record of what people did, in Django's own log: the admin shows it beside its own entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Model

from detections.statistics.retrying import retried

__all__ = ["ADDITION", "CHANGE", "DELETION", "recorded"]

Row = TypeVar("Row", bound=Model)


@retried
@transaction.atomic
def recorded(change: Callable[[], Row], user: Any, message: Callable[[Row], str], action: int = CHANGE) -> Row:
    """Do a change together with its entry in the log: both are there or neither."""
    row = change()
    LogEntry.objects.log_actions(user.pk, [row], action, change_message=message(row), single_object=True)
    return row
