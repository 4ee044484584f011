"""What an indicator's row keeps of its own test: the program that it names, and why an attacker can satisfy it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from detections.normalization.catalogue import TABLES
from detections.normalization.programs import program_of
from detections.normalization.satisfiable import reason_of

_DECIDED_BY = (
    TABLES / "satisfiable.csv", TABLES / "fields.csv",
    *(Path(__file__).with_name(name) for name in ("marks.py", "satisfiable.py", "programs.py")),
)  # fmt: skip


class Marks(NamedTuple):
    """`program` in lower case, `satisfiable` the slug of a reason; "" for none."""

    program: str
    satisfiable: str


def marks_of(field: str, operator: str, value: str, *, wild: bool) -> Marks:
    """The marks of a test of a canonical field, its value folded (`values.folded`)."""
    return Marks(program_of(field, operator, value, wild=wild), reason_of(field, operator, value, wild=wild))


@cache
def marks_digest() -> str:
    """16 hex digits over everything that decides marks: rows that were marked with others have to be marked again."""
    digest = hashlib.sha256()
    for file in _DECIDED_BY:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
