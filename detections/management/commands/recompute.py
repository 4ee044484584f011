"""`manage.py recompute`: every reach counted anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from detections.importing.runs import RunError, perform, request_recomputation
from detections.management.console import summary


class Command(BaseCommand):
    help = "Count every reach anew, with set-based SQL. `mended` should be 0: changes count themselves."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = perform(request_recomputation())
        except RunError as error:
            raise CommandError(str(error)) from error
        summary(Console(file=self.stdout), "Recomputation", counts)
