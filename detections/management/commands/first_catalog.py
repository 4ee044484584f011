"""`manage.py first_catalog`: fill an empty catalog, so that a first visit finds something. `make serve` calls it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from detections.importing.first_catalog import Origin, load, named, parse_sources, published, starter
from detections.importing.git import clones_folder
from detections.importing.runs import RunError
from detections.management.console import progress_bar
from detections.models import Generation


class Command(BaseCommand):
    help = "Fill an empty catalog: from the checkouts that FIELDGUIDE_SOURCES names, clones, or the starter corpus."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--starter", action="store_true", help="Take the starter corpus, ask no network.")

    def handle(self, *args: Any, **options: Any) -> None:
        generation = Generation.objects.current()
        if generation.origin:
            self.stdout.write(f"The catalog is filled, from {generation.origin}.")
            return
        console = Console(file=self.stdout)
        try:
            origin = self._origin(options["starter"])
            self.stdout.write(f"Filling the catalog from {origin.said}.")
            with progress_bar(console, "Reading rules") as bar:
                load(origin, self.stdout.write, lambda title: bar)
        except RunError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The first catalog is ready, from {origin.said}.")

    def _origin(self, only_starter: bool) -> Origin:
        if only_starter:
            return starter()
        local = named(parse_sources(settings.FIELDGUIDE_SOURCES), settings.FIELDGUIDE_ATTACK)
        return local or published(clones_folder(), self.stdout.write, self._hear) or starter()

    def _hear(self, arrived: int) -> None:
        """How much of a clone is here; on a terminal alone."""
        if self.stderr.isatty():
            self.stderr.write(f"\r  {arrived / 1_000_000:.1f} MB\r", ending="")
