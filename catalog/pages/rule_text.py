"""A rule's text as its page shows it: coloured and marked, and of a very long one the beginning."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from catalog.pages.highlighting import coloured
from catalog.pages.marking import marked_lines, marks
from detections.models import RuleText

SHOWN_LINES = 300
SHOWN_CHARACTERS = 10_000
MARK_WORDS = {
    "check": "checked", "excluded": "excluded", "scope": "scope", "derived": "derived", "beside": "beside the query",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownText:
    """Numbered lines up to the offset `end`, of `total`; `legend` names the kinds of marks in the whole text."""

    lines: list[tuple[int, SafeString]]
    legend: list[tuple[str, str]]
    end: int
    total: int
    cut: bool


def shown_text(text: RuleText, language: str, whole: bool = False) -> ShownText:
    """The text that the tree's offsets index; its beginning alone where it is long and `whole` is not asked for."""
    said = text.marked_text
    found = marks(text.tree, text.beside)
    end = len(said) if whole else first_part(said)
    kinds = {mark.kind for mark in found}
    first_line = text.query_line if text.query else text.line
    shown = [mark for mark in found if mark.start < end]
    return ShownText(
        lines=marked_lines(said[:end], shown, first_line, coloured(said[:end], language)),
        legend=[(kind, word) for kind, word in MARK_WORDS.items() if kind in kinds],
        end=end,
        total=said.count("\n") + 1,
        cut=end < len(said),
    )


def first_part(text: str) -> int:
    """Where the beginning of a text ends: its whole, or some lines of it, or a part of an overlong line."""
    end = 0
    for _ in range(SHOWN_LINES):
        line = text.find("\n", end)
        if line < 0:
            return min(len(text), end + SHOWN_CHARACTERS)
        if line > SHOWN_CHARACTERS:
            return end - 1 if end > SHOWN_CHARACTERS // 2 else SHOWN_CHARACTERS
        end = line + 1
    return end - 1
