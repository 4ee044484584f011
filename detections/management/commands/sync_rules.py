"""`manage.py sync_rules sigma|elastic|splunk PATH [VENDOR PATH ...]`: checkouts' rules into the catalog."""

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
    help = "Read checkouts of rule repositories into the catalog. Unchanged files are skipped."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def add_arguments(self, parser: CommandParser) -> None:
        told = f"The format of the rules ({', '.join(VENDORS)}) and the folder of the checkout; several pairs in turn."
        parser.add_argument("pairs", nargs="+", metavar="VENDOR PATH", help=told)
        parser.add_argument("--source", default="", help="The slug of a team's own source; the vendor's by default.")
        parser.add_argument("--name", default="", help="The name of a new source.")
        parser.add_argument("--private", action="store_true", help="A new source is not shown to anonymous readers.")
        parser.add_argument("--workers", type=int, default=None, help="Processes that parse; all cores by default.")
        parser.add_argument("--problems", type=int, default=10, help="How many problems of files to print.")

    def handle(self, *args: Any, **options: Any) -> None:
        words = options["pairs"]
        if len(words) % 2:
            raise CommandError(f"{words[-1]!r} has no path behind it. Write a vendor and its folder.")
        pairs = list(zip(words[::2], words[1::2], strict=True))
        if len(pairs) > 1 and (options["source"] or options["name"]):
            raise CommandError("--source and --name go with one checkout alone.")
        failed = []
        for vendor, path in pairs:
            try:
                self._sync(vendor, path, options)
            except RunError as error:
                failed.append(str(error))
        if failed:
            raise CommandError("\n".join(failed))

    def _sync(self, vendor: str, path: str, options: dict[str, Any]) -> None:
        console = Console(file=self.stdout, stderr=False)
        begun = time.monotonic()
        run = request_sync(
            vendor,
            path,
            slug=options["source"],
            name=options["name"],
            public=not options["private"],
            workers=options["workers"],
        )
        with progress_bar(console, f"Reading {vendor}") as progress:
            counts = perform(run, progress)
        seconds = round(time.monotonic() - begun, 1)
        summary(console, f"{run.source.name} from {run.options['path']}", counts | {"seconds": seconds})
        self._print_problems(run.source_id, options["problems"])

    def _print_problems(self, source: int, most: int) -> None:
        files = SourceFile.objects.filter(source=source).exclude(problems=[]).order_by("path")
        found = [(file.path, problem) for file in files for problem in file.problems]
        for path, problem in found[:most]:
            place = ":".join(str(part) for part in (path, problem.get("line"), problem.get("column")) if part)
            self.stderr.write(f"{place}: {problem['message']}")
        if len(found) > most:
            self.stderr.write(f"... and {len(found) - most} more problems; the sources page lists them all.")
