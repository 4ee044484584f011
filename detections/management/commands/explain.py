"""`manage.py explain --language kql < query`: how a query is read."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from detections.analysis.analysis import Analysis, analyse
from detections.analysis.draft import draft
from detections.documents.decoding import decode
from detections.documents.problem import UnreadableError
from detections.languages import READERS
from detections.languages.tree import Condition, Node


class Command(BaseCommand):
    help = "Read a query (for Sigma a rule) from standard input; print its tree, its predicates and its problems."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--language", required=True, help=f"One of {', '.join(READERS)}.")

    def handle(self, *args: Any, **options: Any) -> None:
        language = options["language"]
        if language not in READERS:
            raise CommandError(f"{language!r} is no language that is read. Choose one of: {', '.join(READERS)}.")
        try:
            text = decode(sys.stdin.buffer.read(), "standard input")
        except UnreadableError as error:
            raise CommandError(str(error.problem)) from error
        analysis = analyse(draft(language, text))
        console = Console(file=self.stdout, soft_wrap=True, highlight=False)
        _print(console, analysis)
        if analysis.parse == "none":
            raise CommandError("Nothing of it could be read.")


def _print(console: Console, analysis: Analysis) -> None:
    console.print(f"parse: {analysis.parse}", style="bold")
    if analysis.tree is not None:
        console.print(_tree(analysis.tree, None))
    for part in analysis.beside:
        console.print(_tree(part.tree, Tree(Text(f"beside the query: {part.place}"))))
    if analysis.predicates:
        console.print(_table(analysis))
    for problem in analysis.problems:
        console.print(Text(f"{problem.severity}: {problem}"), style="yellow")


def _tree(node: Node, parent: Tree | None) -> Tree:
    label = Text(_label(node))
    branch = Tree(label) if parent is None else parent.add(label)
    if not isinstance(node, Condition):
        for child in node.children:
            _tree(child, branch)
    return parent or branch


def _label(node: Node) -> str:
    if isinstance(node, Condition):
        tests = " or ".join(f"{test.operator} {test.value!r}" if test.value else test.operator for test in node.tests)
        return f"{node.field}: {tests}"
    return f"{node.kind.upper()} {node.label}".rstrip()


def _table(analysis: Analysis) -> Table:
    table = Table(title="Predicates", title_justify="left")
    for name in ("polarity", "field", "canonical", "operator", "value", "role", "place"):
        table.add_column(name)
    for predicate in analysis.predicates:
        table.add_row(
            Text("exclusion" if predicate.negated else "indicator"),
            Text(predicate.condition.field),
            Text(predicate.canonical),
            Text(predicate.operator),
            Text(predicate.value),
            Text(predicate.role),
            Text(predicate.place),
        )
    return table
