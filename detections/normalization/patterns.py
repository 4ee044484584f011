"""Patterns: a text test as one shape, whatever operator its language had for it.

`endswith x`, `*x` and a pattern `*x*y` say where the sought text may begin and end, and which of its characters are
wildcards. The text is folded already (`values.folded`). In it a star is a wildcard whatever stands before: a folded
text no longer tells an escaped star from a separator before a star, and in paths, registry keys and command lines
the latter is nearly always meant.
"""

from __future__ import annotations

from typing import NamedTuple

_OPEN_START = frozenset({"endswith", "contains"})
_OPEN_END = frozenset({"startswith", "contains"})


class Pattern(NamedTuple):
    """`open_start`, `open_end`: other text may stand before, behind. `wild`: `*` and `?` inside are wildcards."""

    text: str
    open_start: bool
    open_end: bool
    wild: bool

    @property
    def whole(self) -> bool:
        """Whether the value has to be this text and no more."""
        return not (self.open_start or self.open_end or self.wild)

    def pieces(self) -> tuple[str, ...]:
        """The parts between stars, blank ones left out."""
        parts = self.text.split("*") if self.wild else [self.text]
        return tuple(part for part in parts if part.strip())


def pattern_of(operator: str, text: str, wild: bool) -> Pattern:
    """The pattern of a test by eq, in, startswith, endswith, contains or wildcard, stars at its edges taken off."""
    open_start, open_end = operator in _OPEN_START, operator in _OPEN_END
    if not (wild or operator == "wildcard"):
        return Pattern(text, open_start, open_end, False)
    open_start, open_end = open_start or text.startswith("*"), open_end or text.endswith("*")
    inner = text.strip("*")
    return Pattern(inner, open_start, open_end, "*" in inner or "?" in inner)
