"""`manage.py dump_predicates VENDOR PATH`: what the rules of a checkout say, as JSON lines. Needs no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from detections.analysis.analysis import analyse
from detections.analysis.dump import dumped
from detections.documents.problem import UnreadableError
from detections.vendors import VENDORS
from detections.vendors.checkout import read_file, rule_paths


class Command(BaseCommand):
    help = "Print one JSON object for every rule of a checkout: predicates, what stands beside them, problems."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vendor", help=f"The format of the rules: {', '.join(VENDORS)}.")
        parser.add_argument("path", help="The folder of the checkout.")

    def handle(self, *args: Any, **options: Any) -> None:
        vendor = VENDORS.get(options["vendor"])
        if vendor is None:
            raise CommandError(f"{options['vendor']!r} is no vendor. Choose one of: {', '.join(VENDORS)}.")
        root = Path(options["path"]).expanduser()
        try:
            paths = rule_paths(vendor, root)
            read_with = vendor.read_with(root)
        except UnreadableError as error:
            raise CommandError(str(error.problem)) from error
        for problem in read_with.problems:
            self.stderr.write(str(problem))
        for path in paths:
            reading = read_file(vendor, root, path, read_with)
            for problem in reading.problems:
                self.stderr.write(str(problem))
            for document in reading.documents:
                self.stdout.write(json.dumps(dumped(analyse(document)), ensure_ascii=False))
