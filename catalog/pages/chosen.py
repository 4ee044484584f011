"""The filters in force in words, each with the address that takes it off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from catalog.pages.filtering import Asked

LABELS = {
    "q": "words",
    "view": "cells",
    "attack_platform": "ATT&CK platform",
}  # of parameters whose names do not say it


@dataclass(frozen=True, slots=True)
class Chosen:
    """One value of one filter. `query` is the address without it, "" or from its "?" on."""

    name: str
    word: str
    query: str

    @property
    def label(self) -> str:
        return LABELS.get(self.name, self.name)


def chosen(
    asked: Asked, words: Mapping[str, Mapping[str, str]], own: Iterable[tuple[str, str]] = ()
) -> tuple[Chosen, ...]:
    """What the address asks for, one by one. `own` are parameters of the page itself that stay in the address."""
    pairs = [pair for pair in asked.besides() if pair[0] in asked.filterset.filters] + [*own]
    return tuple(
        Chosen(name, words.get(name, {}).get(value, value), _query(pairs, number))
        for number, (name, value) in enumerate(pairs)
    )


def _query(pairs: list[tuple[str, str]], without: int) -> str:
    rest = urlencode([pair for number, pair in enumerate(pairs) if number != without])
    return f"?{rest}" if rest else ""
