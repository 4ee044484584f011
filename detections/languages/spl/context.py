"""What the lowering of one search shares: its text, places and findings, and what was passed over on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from detections.languages.parsing import Findings
from detections.languages.spl.columns import Columns
from detections.languages.spl.nodes import Column, Search
from detections.languages.tree import Condition, Node, Operator, Test


@dataclass(slots=True)
class Context:
    """`place` maps offsets of `text` (macros expanded) to the query as written; `findings` are about `text`.

    `passed` are parts of tests that say nothing about events, with the reason: a time range, a lone star, a filter
    macro that is not defined. `looked` are the lookups that were spoken about. `columns` are those at the place that is
    being read; `nested` reads a bracketed search with those columns.
    """

    text: str
    place: Callable[[int, int], tuple[int, int]]
    findings: Findings
    nested: Callable[[Search], Node | None]
    columns: Columns = field(default_factory=Columns)
    passed: list[tuple[int, int, str]] = field(default_factory=list)
    looked: set[str] = field(default_factory=set)

    def skip(self, start: int, end: int, reason: str) -> None:
        self.passed.append((start, end, reason))

    def test(self, operator: Operator, value: str, start: int, end: int, raw: str = "", comparator: str = "") -> Test:
        """A test at a place of the expanded text; `raw` is the value as written."""
        begin, stop = self.place(start, end)
        return Test(operator, value, raw if raw and raw != value else None, False, comparator, begin, stop)

    def condition(self, column: Column, tests: tuple[Test, ...], start: int, end: int, kind: str = "") -> Condition:
        """A condition on a column; `kind` says why the test itself is derived though its column is not."""
        if column.lookup:
            self.tell_lookup(column.lookup, start, end, sure=bool(column.kind))
        begin, stop = self.place(start, end)
        derived = column.kind or kind
        return Condition(column.field, tests, begin, stop, column.path, derived, column.base)

    def tell_lookup(self, lookup: str, start: int, end: int, *, sure: bool = True) -> None:
        """That the values looked for stand in a lookup, which is not part of the search. Once for each lookup."""
        if lookup in self.looked:
            return
        self.looked.add(lookup)
        said = "The values are" if sure else "The values may be"
        self.findings.add(start, end, f"{said} in lookup {lookup}, which is not part of the search.", "note")
