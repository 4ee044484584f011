"""Problems: what is wrong in somebody's text, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a text.

    `line` and `column` count from 1 (None when the finding is about a whole file); `start` and `end` are code-point
    offsets into the text that was read; `snippet` is the line, or the part that was not understood. "error" means
    that something was left out, "warning" that it was read but looks wrong, "note" that the reader should know.
    """

    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    snippet: str = ""
    start: int | None = None
    end: int | None = None
    severity: Severity = "error"

    def at(self, path: str, first_line: int = 1) -> Problem:
        """The same finding in a file where the text begins on `first_line`."""
        line = self.line + first_line - 1 if self.line else None
        return replace(self, path=path, line=line)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part not in ("", None))
        return f"{place}: {self.message}" if place else self.message


class UnreadableError(Exception):
    """A text that cannot be read at all. Carries the `Problem` that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def locate(text: str, offset: int) -> tuple[int, int, str]:
    """Line and column (from 1) of an offset, and the line's text cut to 160 characters around the column.

    What no database can hold (NUL, halves of surrogate pairs) is shown as U+FFFD.
    """
    offset = max(0, min(offset, len(text)))
    line = text.count("\n", 0, offset) + 1
    first = text.rfind("\n", 0, offset) + 1
    last = text.find("\n", offset)
    whole = text[first : last if last >= 0 else len(text)]
    column = offset - first + 1
    cut = max(0, column - 80)
    shown = whole[cut : cut + 160].rstrip("\r").replace("\x00", "\ufffd")
    return line, column, shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def problem_at(
    text: str, start: int, message: str, *, end: int | None = None, path: str = "", severity: Severity = "error"
) -> Problem:
    """A problem at an offset of `text`, with line, column and snippet filled in."""
    line, column, snippet = locate(text, start)
    return Problem(message, path, line, column, snippet, start, end if end is not None else start, severity)
