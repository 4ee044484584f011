"""A predicate: one value of one condition, with its polarity and with the names and keys that normalization gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from detections.languages.tree import Condition, Operator, Test

Role = Literal["filter", "scope", "derived"]

# Places beside the query whose conditions are counted with the rule's own (`predicates.md` 0).
COUNTED_PLACES = frozenset({"", "category", "threat_query", "filter"})


@dataclass(frozen=True, slots=True)
class Predicate:
    """`place` is "" for the query's own tests. `key` is the indicator's key, "" where the test is no indicator
    (existence, derived values). `folded` is the value as identity sees it; `equivalence` the key under which tests
    written otherwise are the same, "" when there is none.
    """

    condition: Condition
    test: Test
    negated: bool
    place: str
    canonical: str
    role: Role
    folded: str = ""
    key: str = ""
    equivalence: str = ""
    known: bool = True
    other_field: str = ""

    @property
    def operator(self) -> Operator:
        return self.test.operator

    @property
    def value(self) -> str:
        """The value that an indicator shows: for a test of field against field the other's canonical name."""
        return self.other_field or self.test.value

    @property
    def counted(self) -> bool:
        """Whether it gives a row in the tables: not derived, and in the query or at a counted place."""
        return self.role != "derived" and self.place in COUNTED_PLACES
