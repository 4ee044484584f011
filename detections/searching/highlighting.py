"""What matched: texts cut around the words that were looked for, in parts that say whether they are marked.

Nothing here is HTML: a template writes the parts and escapes each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detections.normalization.words import LONGEST_TEXT, LONGEST_WORD, WORD, Phrase

WIDTH = 170  # characters of an excerpt
BEFORE = 50  # of them before the first mark

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text; `marked` when it is what was looked for."""

    text: str
    marked: bool = False


def spans_of(text: str, phrases: Iterable[Phrase]) -> list[Span]:
    """Where the phrases stand in a text, in order and without overlaps."""
    words = [(found[0].lower()[:LONGEST_WORD], *found.span()) for found in WORD.finditer(text[:LONGEST_TEXT])]
    found: list[Span] = []
    for phrase in phrases:
        size = len(phrase.words)
        for at in range(len(words) - size + 1):
            if _stands(phrase, words[at : at + size]):
                found.append((words[at][1], words[at + size - 1][2]))
    return _joined(found)


def spans_of_texts(text: str, sought: Iterable[str]) -> list[Span]:
    """Where these texts stand, in upper or lower case, in order and without overlaps."""
    found = (match.span() for part in sought if part for match in re.finditer(re.escape(part), text, re.IGNORECASE))
    return _joined(found)


def parts_of(text: str, spans: Sequence[Span]) -> tuple[Part, ...]:
    """The text in parts, marked at the spans."""
    parts, last = [], 0
    for start, end in spans:
        parts += [Part(text[last:start]), Part(text[start:end], True)]
        last = end
    parts.append(Part(text[last:]))
    return tuple(part for part in parts if part.text)


def excerpt(text: str, phrases: Sequence[Phrase]) -> tuple[Part, ...]:
    """The text around the first phrase that stands in it, on one line; nothing where none does."""
    line = " ".join(text[:LONGEST_TEXT].split())
    spans = spans_of(line, phrases)
    if not spans:
        return ()
    start = max(0, spans[0][0] - BEFORE)
    if start:
        start = line.find(" ", start, spans[0][0]) + 1 or start
    end = min(len(line), max(start + WIDTH, spans[0][1]))
    cut = parts_of(line[start:end], [(a - start, min(b, end) - start) for a, b in spans if a < end])
    return (*((Part("… "),) if start else ()), *cut, *((Part(" …"),) if end < len(line) else ()))


def _stands(phrase: Phrase, words: Sequence[tuple[str, int, int]]) -> bool:
    *first, last = phrase.words
    if any(word[0] != wanted for word, wanted in zip(words, first, strict=False)):
        return False
    return words[-1][0].startswith(last) if phrase.begins else words[-1][0] == last


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
