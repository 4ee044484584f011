"""The columns at one place of a pipeline: which names are computed, why, and from which fields of the index."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from detections.languages.esql.nodes import Column

_GROK = re.compile(r"%\{[^{}:]+:([^{}:]+)(?::[^{}]*)?\}|\(\?<([^<>=!][^<>]*)>")
_DISSECT = re.compile(r"%\{([+*&?]?)([^{}]*?)(?:->)?(?:/\d+)?(?:->)?\}")


@dataclass(slots=True)
class Columns:
    """Computed columns by name; every other name is a field of the index."""

    known: dict[str, Column] = field(default_factory=dict)

    def kind(self, name: str) -> str:
        column = self.known.get(name)
        return column.kind if column is not None else ""

    def base(self, names: Iterable[str]) -> tuple[str, ...]:
        """The fields of the index behind some names."""
        found: set[str] = set()
        for name in names:
            column = self.known.get(name)
            found.update((name,) if column is None else column.base)
        return tuple(sorted(found))

    def derive(self, name: str, kind: str, names: Iterable[str]) -> None:
        """A column that is computed from others from here on. One that is only changed keeps why it was computed."""
        names = tuple(names)
        before = self.known.get(name)
        if kind == "eval" and before is not None and name in names:
            kind = before.kind
        self.known[name] = Column(kind, self.base(names))

    def rename(self, old: str, new: str) -> None:
        self.known[new] = Column(self.kind(old) or "eval", self.base([old]))
        self.known.pop(old, None)

    def copy(self) -> Columns:
        return Columns(dict(self.known))

    def joined(self, others: Iterable[Columns]) -> None:
        """The columns of branches come together: one that is computed in any of them is computed."""
        for other in others:
            for name, column in other.known.items():
                self.known.setdefault(name, column)


def grok_names(pattern: str) -> list[str]:
    """The columns that a pattern of GROK makes."""
    return [first or second for first, second in _GROK.findall(pattern)]


def dissect_names(pattern: str) -> list[str]:
    """The columns that a pattern of DISSECT makes; those that it skips are none."""
    return list(dict.fromkeys(name for sign, name in _DISSECT.findall(pattern) if name and sign != "?"))
