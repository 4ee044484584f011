"""The columns at one place of a pipeline: which raw field a name stands for, or why it stands for none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from detections.languages.spl.names import unquoted, without_nodes
from detections.languages.spl.nodes import Column


@dataclass(slots=True)
class Columns:
    """`known` maps names to columns; a `closed` set has no others, unless a command made some whose names the search
    does not say (`opened` is such a column). `model` says that the rows come from a data model."""

    known: dict[str, Column] = field(default_factory=dict)
    closed: bool = False
    opened: Column | None = None
    model: bool = False

    def name(self, written: str) -> str:
        """A written name as the columns know it."""
        name = unquoted(written)
        return without_nodes(name) if self.model else name

    def column(self, written: str) -> Column:
        """What a written name stands for here."""
        name = self.name(written)
        column = self.known.get(name)
        if column is not None:
            return column
        if "(" in name:
            return Column(name, kind="aggregate")
        if self.closed and self.opened is not None:
            return replace(self.opened, field=name)
        path = unquoted(written)
        lookup = self.opened.lookup if self.opened is not None else ""
        return Column(name, path if path != name else "", "", lookup)

    def put(self, written: str, column: Column) -> None:
        self.known[self.name(written)] = column

    def derive(self, written: str, kind: str, lookup: str = "", base: tuple[str, ...] = ()) -> None:
        """A column that is computed from here on."""
        name = self.name(written)
        self.known[name] = Column(name, "", kind, lookup, base)

    def rename(self, old: str, new: str) -> None:
        """A renamed column. A pattern is ambiguous: its later names stay as they are written."""
        if "*" in old or "*" in new:
            return
        column = self.column(old)
        self.known.pop(self.name(old), None)
        self.put(new, column)

    def keep(self, names: list[str]) -> None:
        """Only these columns are left."""
        if any("*" in name for name in names):
            return
        self.known = {self.name(name): self.column(name) for name in names}
        self.closed, self.opened = True, None

    def open(self, kind: str, lookup: str = "") -> None:
        """A command made columns whose names the search does not say."""
        self.opened = Column("", "", kind, lookup)

    def copy(self) -> Columns:
        return Columns(dict(self.known), self.closed, self.opened, self.model)

    def joined(self, other: Columns, keys: frozenset[str]) -> None:
        """The columns of a joined search come in, over those that are here, but for the keys."""
        for name, column in other.known.items():
            if name not in keys:
                self.known[name] = column
        self._widen(other)

    def appended(self, other: Columns) -> None:
        """The columns of appended rows come in where there are none of their names."""
        for name, column in other.known.items():
            if name not in self.known and (self.closed or column.kind):
                self.known[name] = column
        self._widen(other)

    def _widen(self, other: Columns) -> None:
        self.closed = self.closed and other.closed
        self.opened = self.opened or other.opened
