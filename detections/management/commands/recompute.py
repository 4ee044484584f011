"""`manage.py recompute`: every reach counted anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from detections.importing.runs import RunError, perform, request_recomputation
from detections.management.console import summary


class Command(BaseCommand):
    help = "Count every reach anew, with set-based SQL. `drift` should be 0: changes count themselves."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = perform(request_recomputation())
        except RunError as error:
            raise CommandError(str(error)) from error
        wrong = counts.pop("wrong", ())
        summary(Console(file=self.stdout), "Recomputation", counts)
        if counts.get("drift"):
            self.stderr.write("Stored counts were wrong, and are mended. Please report it with these indicators:")
            for row in wrong:
                self.stderr.write(f"{row['key']}: stored {row['stored']}, true {row['true']}")
