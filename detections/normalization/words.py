"""Words: a text as full-text search sees it, the same on every database.

A word is a run of letters and digits in lower case; everything else parts two words. `rundll32.exe` and `process_name`
are two words each, one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_WORD = 64  # characters of a word that count: what is longer is no word that anybody types
LONGEST_TEXT = 50_000  # characters of a text that count; with four texts a document stays below PostgreSQL's 1 MB
SHORTEST_BEGINNING = 3  # characters from which on a word also stands for the words that begin with it

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand one after the other. `begins` says that the last one may be the beginning of a word."""

    words: tuple[str, ...]
    begins: bool = False


def words_of(text: str, longest: int | None = LONGEST_TEXT) -> list[str]:
    """The words of the first `longest` characters of a text, in their order."""
    return [word[:LONGEST_WORD] for word in WORD.findall(text[:longest].lower())]


def phrase_of(text: str, *, exact: bool = False) -> Phrase | None:
    """What to look for when somebody types `text`; None when no word is in it. `exact` is for a quoted text."""
    words = tuple(words_of(text))
    if not words:
        return None
    return Phrase(words, not exact and len(words[-1]) >= SHORTEST_BEGINNING)
