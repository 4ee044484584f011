"""`manage.py sync_rules`: rules of checkouts, and of the repositories that git fetches, into the catalog."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from detections.importing.runs import RunError, perform, request_fetch, request_sync
from detections.management.console import progress_bar, summary
from detections.models import Run, Source, SourceFile
from detections.vendors import VENDORS

Request = Callable[[], Run]


class Command(BaseCommand):
    help = (
        "Read rule repositories into the catalog: checkouts by path, or what git fetches. Unchanged files are skipped."
    )
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def add_arguments(self, parser: CommandParser) -> None:
        told = (
            f"The format of the rules ({', '.join(VENDORS)}) and the folder of the checkout, several pairs in turn; "
            "or the slug of one source, whose repository is fetched."
        )
        parser.add_argument("words", nargs="*", metavar="VENDOR PATH", help=told)
        parser.add_argument("--all", action="store_true", help="Fetch every source that names a repository, in turn.")
        parser.add_argument("--source", default="", help="The slug of a team's own source; the vendor's by default.")
        parser.add_argument("--name", default="", help="The name of a new source.")
        parser.add_argument("--private", action="store_true", help="A new source is not shown to anonymous readers.")
        parser.add_argument("--workers", type=int, default=None, help="Processes that parse; all cores by default.")
        parser.add_argument("--problems", type=int, default=10, help="How many problems of files to print.")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = []
        for title, request in list(self._requests(options)):
            try:
                self._sync(title, request, options["problems"])
            except RunError as error:
                failed.append(f"{title}: {error}")
        if failed:
            raise CommandError("\n".join(failed))

    def _requests(self, options: dict[str, Any]) -> Iterator[tuple[str, Request]]:
        words, workers = options["words"], options["workers"]
        if options["all"] or len(words) == 1:
            if options["all"] and words:
                raise CommandError("--all goes without paths: it fetches every source that names a repository.")
            if options["source"] or options["name"] or options["private"]:
                raise CommandError(
                    "--source, --name and --private go with a path. configure_source tells a repository."
                )
            for source in self._fetched(words):
                yield source.slug, lambda source=source: request_fetch(source, workers=workers)
            return
        if not words or len(words) % 2:
            raise CommandError(
                "Write a vendor and its folder, the slug of one source whose repository is fetched, or --all."
            )
        if len(words) > 2 and (options["source"] or options["name"]):
            raise CommandError("--source and --name go with one checkout alone.")
        for vendor, path in zip(words[::2], words[1::2], strict=True):
            yield vendor, lambda vendor=vendor, path=path: self._request(vendor, path, options)

    def _fetched(self, slugs: list[str]) -> list[Source]:
        sources = list(
            Source.objects.filter(slug__in=slugs) if slugs else Source.objects.exclude(clone_url="").in_order()
        )
        if slugs and not sources:
            raise CommandError(
                f"There is no source {slugs[0]!r}, and no path behind it. Write a vendor and its folder, or name the "
                f"repository: manage.py configure_source {slugs[0]}"
            )
        if not sources:
            raise CommandError("No source names a repository. manage.py configure_source sigma names SigmaHQ's.")
        return sources

    def _request(self, vendor: str, path: str, options: dict[str, Any]) -> Run:
        return request_sync(
            vendor,
            path,
            slug=options["source"],
            name=options["name"],
            public=not options["private"],
            workers=options["workers"],
        )

    def _sync(self, title: str, request: Request, most: int) -> None:
        console = Console(file=self.stdout, stderr=False)
        begun = time.monotonic()
        run = request()
        with progress_bar(console, f"Reading {title}") as progress:
            counts = perform(run, progress)
        seconds = round(time.monotonic() - begun, 1)
        run.source.refresh_from_db()
        place = run.options.get("path") or f"{run.source.clone_url} at {run.source.commit[:12]}"
        summary(console, f"{run.source.name} from {place}", counts | {"seconds": seconds})
        self._print_problems(run.source_id, most)

    def _print_problems(self, source: int, most: int) -> None:
        files = SourceFile.objects.filter(source=source).exclude(problems=[]).order_by("path")
        found = [(file.path, problem) for file in files for problem in file.problems]
        for path, problem in found[:most]:
            place = ":".join(str(part) for part in (path, problem.get("line"), problem.get("column")) if part)
            self.stderr.write(f"{place}: {problem['message']}")
        if len(found) > most:
            self.stderr.write(f"... and {len(found) - most} more problems; the sources page lists them all.")
