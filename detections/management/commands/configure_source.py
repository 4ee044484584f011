"""`manage.py configure_source VENDOR [URL]`: which repository git fetches a source from."""

from __future__ import annotations

from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from detections.documents.problem import UnreadableError
from detections.importing.repository import ALLOWED
from detections.importing.sources import configure
from detections.vendors import VENDORS


class Command(BaseCommand):
    help = "Name the repository that git fetches a source from; the source is made when it is new. Fetches nothing yet."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than this

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor", help=f"The format of the rules: {', '.join(VENDORS)}.")
        parser.add_argument("url", nargs="?", default="", help=f"The vendor's own by default. {ALLOWED}")
        parser.add_argument("--branch", default="", help="The branch; the repository's default one when not given.")
        parser.add_argument("--source", default="", help="The slug of a team's own source; the vendor's by default.")
        parser.add_argument("--name", default="", help="The name of the source.")
        parser.add_argument(
            "--private",
            action=BooleanOptionalAction,
            default=None,
            help="Whether it is kept from anonymous readers. An old source stays as it is when not given, a new one is "
            "public.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        private = options["private"]
        try:
            source = configure(
                options["vendor"],
                options["url"],
                branch=options["branch"],
                slug=options["source"],
                name=options["name"],
                public=None if private is None else not private,
            )
        except UnreadableError as error:
            raise CommandError(str(error.problem)) from error
        branch = f"branch {source.branch}" if source.branch else "its default branch"
        kept = "public" if source.public else "private"
        self.stdout.write(f"{source.name} ({source.slug}, {kept}) is fetched from {source.clone_url}, {branch}.")
        self.stdout.write(f"Fetch it with: manage.py sync_rules {source.slug}")
