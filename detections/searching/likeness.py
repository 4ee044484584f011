"""What a mistyped word may have meant: the words of the catalog that share most of its trigrams."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from detections.models import Reader, RuleField, Technique
from detections.models.rule import Rule
from detections.normalization.words import words_of

LEAST = 0.3  # of the trigrams that two words have together, to be alike
SHORTEST = 4  # characters of a word of the catalog that is worth suggesting


def vocabulary(reader: Reader) -> frozenset[str]:
    """The words that may be suggested: of titles of live rules that the reader sees, of the fields that these test, and
    of techniques. Three queries."""
    rules = Rule.objects.visible_to(reader).live().order_by()
    fields = RuleField.objects.filter(reader.sources("rule__source"), rule__live=True).order_by()
    texts = [
        *rules.values_list("title", flat=True),
        *fields.values_list("field", flat=True).distinct(),
        *Technique.objects.in_force().order_by().values_list("name", flat=True),
    ]
    return frozenset(word for word in words_of("\n".join(texts), longest=None) if len(word) >= SHORTEST)


def alike(word: str, known: Collection[str], most: int) -> list[str]:
    """The known words that are most like one, the closest first; none where it, or a word that begins so, is known."""
    if word in known or any(other.startswith(word) for other in known):
        return []
    mine = _trigrams(word)
    scored = ((_share(mine, _trigrams(other)), other) for other in known if abs(len(other) - len(word)) <= len(word))
    return [other for share, other in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:most] if share >= LEAST]


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _share(first: Collection[str], second: Iterable[str]) -> float:
    shared = len(set(first).intersection(second))
    return shared / len(set(first).union(second))
