"""`manage.py sync_rules sigma|elastic|splunk PATH`: a checkout's rules into the catalog."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from detections.importing.runs import RunError, perform, request_sync
from detections.management.console import progress_bar, summary
from detections.models import SourceFile
from detections.vendors import VENDORS


class Command(BaseCommand):
    help = "Read a checkout of a rule repository into the catalog. Unchanged files are skipped."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor", help=f"The format of the rules: {', '.join(VENDORS)}.")
        parser.add_argument("path", help="The folder of the checkout.")
        parser.add_argument("--source", default="", help="The slug of a team's own source; the vendor's by default.")
        parser.add_argument("--name", default="", help="The name of a new source.")
        parser.add_argument("--private", action="store_true", help="A new source is not shown to anonymous readers.")
        parser.add_argument("--workers", type=int, default=None, help="Processes that parse; all cores by default.")
        parser.add_argument("--problems", type=int, default=10, help="How many problems of files to print.")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout, stderr=False)
        begun = time.monotonic()
        try:
            run = request_sync(
                options["vendor"],
                options["path"],
                slug=options["source"],
                name=options["name"],
                public=not options["private"],
                workers=options["workers"],
            )
            with progress_bar(console, f"Reading {options['vendor']}") as progress:
                counts = perform(run, progress)
        except RunError as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - begun
        summary(console, f"{run.source.name} from {run.options['path']}", counts | {"seconds": round(seconds, 1)})
        self._print_problems(run.source_id, options["problems"])

    def _print_problems(self, source: int, most: int) -> None:
        files = SourceFile.objects.filter(source=source).exclude(problems=[]).order_by("path")
        found = [(file.path, problem) for file in files for problem in file.problems]
        for path, problem in found[:most]:
            place = ":".join(str(part) for part in (path, problem.get("line"), problem.get("column")) if part)
            self.stderr.write(f"{place}: {problem['message']}")
        if len(found) > most:
            self.stderr.write(f"... and {len(found) - most} more problems; the sources page lists them all.")
