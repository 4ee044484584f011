"""`manage.py run ID`: do a queued run in this process. What a site without Redis starts for a long job."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from detections.importing.runs import RunError, perform
from detections.management.console import progress_bar
from detections.models import Run


class Command(BaseCommand):
    help = "Do a queued run in this process."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run.objects.filter(pk=options["id"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['id']}.")
        try:
            with progress_bar(Console(file=self.stdout), str(run)) as bar:
                perform(run, bar)
        except RunError as error:
            raise CommandError(str(error)) from error
