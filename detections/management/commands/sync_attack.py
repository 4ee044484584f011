"""`manage.py sync_attack PATH|URL`: an ATT&CK bundle into the catalog."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from detections.importing.runs import RunError, perform, request_attack
from detections.management.console import summary


class Command(BaseCommand):
    help = "Read an ATT&CK bundle (STIX 2.0 or 2.1) into the catalog and resolve every rule's techniques again."
    requires_system_checks: list[str] = []  # they load the whole site, which takes longer than a sync

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("origin", help="A file, or an https address.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = perform(request_attack(options["origin"]))
        except RunError as error:
            raise CommandError(str(error)) from error
        for problem in counts.pop("problems"):
            self.stderr.write(problem)
        summary(Console(file=self.stdout), f"ATT&CK from {options['origin']}", counts)
