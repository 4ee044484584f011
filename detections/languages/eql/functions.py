"""EQL's functions that test something, and what each is as a condition (`predicates.md` E2, E5)."""

from __future__ import annotations

from typing import Literal

from detections.languages.tree import Operator

Mode = Literal["exact", "like", "regex", "cidr"]

# name -> how each argument after the first is compared with it
LISTS: dict[str, Mode] = {
    "wildcard": "like",
    "arraycontains": "exact",
    "cidrmatch": "cidr",
    "match": "regex",
    "matchlite": "regex",
}

# name -> operator of the second argument's text
POSITIONS: dict[str, Operator] = {"startswith": "startswith", "endswith": "endswith", "stringcontains": "contains"}

# (array, $variable, condition)
SEARCHES = frozenset({"arraysearch", "_arraysearch"})

TESTS = frozenset({*LISTS, *POSITIONS, *SEARCHES})
