"""Where a piece of an expanded text stands in the text that somebody wrote."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Source:
    """A text put together from pieces of another one.

    A verbatim piece has its characters at the same distances in the original; every other piece (a macro's
    expansion, a blank for a comment) stands for the whole span that it replaces. All offsets are code points.
    """

    text: str = ""
    _parts: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _spans: list[tuple[int, int, bool]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, start: int, end: int, *, verbatim: bool) -> None:
        """One more piece, which stands for `start` to `end` of the original."""
        if not text:
            return
        self._parts.append(text)
        self._starts.append(self.length)
        self._spans.append((start, end, verbatim))
        self.length += len(text)

    def closed(self) -> Source:
        """The source with its text joined; nothing can be added afterwards."""
        self.text = "".join(self._parts)
        return self

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that `start` to `end` of this text comes from."""
        if not self._starts:
            return 0, 0
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_left(self._starts, end) - 1, first)
        begin, stop, verbatim = self._spans[first]
        placed = min(begin + start - self._starts[first], stop) if verbatim else begin
        begin, stop, verbatim = self._spans[last]
        ended = min(begin + max(end - self._starts[last], 0), stop) if verbatim else stop
        return placed, max(placed, ended)
