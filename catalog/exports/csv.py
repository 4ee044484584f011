"""Tables as CSV: UTF-8, a header, nothing that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from detections.guide.compare import Comparison
from detections.guide.matrix import Cell, Matrix
from detections.models import Source

CONTENT_TYPE = "text/csv; charset=utf-8"
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
TECHNIQUE = ("tactic_id", "tactic", "technique", "name", "parent")

Value = str | int | float | bool | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """The table."""
    return csv_lines([header, *rows])


def csv_lines(rows: Iterable[Sequence[Value]]) -> str:
    """Lines of a table. A text that a spreadsheet would calculate gets an apostrophe before it."""
    text = StringIO(newline="")
    csv.writer(text).writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue()


def matrix_csv(matrix: Matrix, sources: Sequence[Source]) -> str:
    """A row for each technique under each of its tactics; the sources' columns roll up like `with_subtechniques`."""
    header = (*TECHNIQUE, "rules", "with_subtechniques", *(source.slug for source in sources), "state")
    return csv_text(header, _matrix_rows(matrix, sources))


def compare_csv(comparison: Comparison) -> str:
    """A row for each technique under each of its tactics; the names of its columns hold the slugs."""
    first, second = comparison.first.slug, comparison.second.slug
    words: Mapping[str, str] = {"first": f"only {first}", "second": f"only {second}"}
    numbers = (first, f"{first}_with_subtechniques", second, f"{second}_with_subtechniques")
    rows = (
        (
            group.tactic.attack_id, group.tactic.name, *_technique(row.cell),
            row.first, row.first_rolled_up, row.second, row.second_rolled_up, words.get(row.state, row.state),
        )
        for group in comparison.groups
        for row in group.rows
    )  # fmt: skip
    return csv_text((*TECHNIQUE, *numbers, "state"), rows)


def _matrix_rows(matrix: Matrix, sources: Sequence[Source]) -> Iterator[tuple[Value, ...]]:
    for column in matrix.columns:
        for cell in column.every_cell():
            numbers = (cell.rules, cell.rolled_up, *(cell.every.get(source.slug, 0) for source in sources))
            yield (column.tactic.attack_id, column.tactic.name, *_technique(cell), *numbers, cell.state)


def _technique(cell: Cell) -> tuple[str, str, str]:
    technique = cell.technique
    return technique.attack_id, technique.name, technique.parent.attack_id if technique.parent else ""


def _plain(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
