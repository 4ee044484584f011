"""`manage.py refresh_search`: the search index made anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from detections.importing.runs import RunError, perform, request_search_refresh
from detections.management.console import progress_bar, summary


class Command(BaseCommand):
    help = "Make the search index anew, beside other changes. They keep it themselves: this is for after a repair."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout)
        try:
            with progress_bar(console, "Search index") as bar:
                counts = perform(request_search_refresh(), bar)
        except RunError as error:
            raise CommandError(str(error)) from error
        summary(console, "Search index", counts)
