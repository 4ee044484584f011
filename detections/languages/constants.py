"""Constants of a query, the same for every language that has strings, numbers, booleans and null."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

Kind = Literal["string", "number", "boolean", "null"]

_LONGEST_NUMBER = 300


class Constant(NamedTuple):
    """A constant: its kind, its decoded text, the text as written (inside the quotes) and its place."""

    kind: Kind
    text: str
    written: str
    start: int
    end: int

    @property
    def raw(self) -> str | None:
        return self.written if self.written != self.text else None


def number_text(written: str) -> str:
    """A number as Python prints it (`predicates.md` C5); one that no number type holds stays as written."""
    if len(written) > _LONGEST_NUMBER:
        return written
    if written.isdecimal():
        return str(int(written))
    value = float(written)
    return str(value) if math.isfinite(value) else written
