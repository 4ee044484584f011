"""What to say about a parameter or a value that nothing knows: the close ones, or all that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 60
LONGEST = 60


def unknown_word(word: str, known: Iterable[str]) -> str:
    """About a value that nothing in the catalog has."""
    names = list(known)
    same = [name for name in names if name.casefold() == word.casefold()]
    return f"{word[:LONGEST]!r} is no value that the catalog has. {_hint(same or _close(word, names), names)}"


def unknown_parameter(name: str, known: Iterable[str]) -> str:
    """About a parameter that nobody knows."""
    names = sorted(set(known))
    return f"There is no parameter {name[:LONGEST]!r}. {_hint(_close(name, names), names)}"


def _close(word: str, names: list[str]) -> list[str]:
    return get_close_matches(word[:LONGEST], names, n=3, cutoff=0.6)


def _hint(close: list[str], names: list[str]) -> str:
    if close:
        return f"Did you mean {' or '.join(close)}?"
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"Known: {', '.join(names[:MOST]) or 'none'}{more}."
