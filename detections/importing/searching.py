"""The search index made anew, from the rules as they stand. Changes keep it themselves: this is for after a repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from detections.models import Generation, Rule, SearchedText
from detections.models.search import accelerate
from detections.statistics.locks import lock_shared
from detections.statistics.retrying import retried

BATCH = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SearchRefresh:
    """`rules` were indexed again, the texts of `lost` ones that are no more dropped. `trigrams` tells whether
    PostgreSQL's own index answers searches for values; SQLite has none."""

    rules: int
    lost: int
    trigrams: str


def refresh_search(progress: Progress | None = None) -> SearchRefresh:
    """Index every rule again, a batch at a time, each in a transaction of its own, beside other changes."""
    keys = list(Rule.objects.order_by("pk").values_list("pk", flat=True))
    trigrams = accelerate(connection)
    for first in range(0, len(keys), BATCH):
        _refresh(keys[first : first + BATCH])
        if progress:
            progress(min(first + BATCH, len(keys)), len(keys))
    return SearchRefresh(len(keys), _forget(), "yes" if trigrams else "no")


@retried
@transaction.atomic
def _refresh(keys: list[int]) -> None:
    lock_shared()
    held = Rule.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
    SearchedText.objects.follow(held.values_list("pk", flat=True))


@retried
@transaction.atomic
def _forget() -> int:
    lost = SearchedText.objects.forget_lost()
    Generation.objects.bump()
    return lost
