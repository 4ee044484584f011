"""Reach by differences: what a change of some rules adds to and takes from the indicators, in the same transaction.

A rule's contributions are read before and after the change; the difference is applied with one UPDATE over all keys
together (two statements deadlock on PostgreSQL, however well each is ordered). The cost follows the rules that
changed, not how widely an indicator is used.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

from detections.models import Generation, Rule, RuleIndicator
from detections.statistics.locks import lock_shared

# (rule, indicator key, excluded, public) of every counted use by a live rule.
Contribution = tuple[int, str, bool, bool]
# How much reach, excluded reach, public reach and public excluded reach of one indicator change.
Difference = tuple[int, int, int, int]


@dataclass
class Change:
    """The rules that a change touches. Rules made inside the change are added to it."""

    rules: set[int] = field(default_factory=set)

    def add(self, rules: Iterable[int]) -> None:
        self.rules.update(rules)


@contextmanager
def counted_change(rules: Iterable[int], *, count: bool = True) -> Iterator[Change]:
    """Inside a transaction: count the difference that the block makes to `rules`, then bump the generation.

    With `count` False nothing is counted (a first load, which recomputes at its end).
    """
    lock_shared()
    change = Change(set(rules))
    _hold(change.rules)
    before = contributions(change.rules) if count else set()
    yield change
    if count:
        apply(differences(before, contributions(change.rules)))
    Generation.objects.bump()


def _hold(rules: Iterable[int]) -> None:
    """Let no other change touch the rules until this one ends, or it would count the other's difference again."""
    for ids in _parts(rules):
        list(Rule.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def contributions(rules: Iterable[int]) -> set[Contribution]:
    """What live rules of `rules` contribute: each (rule, indicator, polarity) once."""
    found: set[Contribution] = set()
    for ids in _parts(rules):
        uses = RuleIndicator.objects.filter(rule__in=ids, rule__live=True, counted=True)
        found.update(uses.values_list("rule_id", "indicator_id", "excluded", "rule__source__public"))
    return found


def differences(before: set[Contribution], after: set[Contribution]) -> dict[str, Difference]:
    """The change of the four reaches for every indicator whose reach changes."""
    counts: dict[str, Counter[int]] = {}
    for sign, gone in ((1, after - before), (-1, before - after)):
        for _, key, excluded, public in gone:
            row = counts.setdefault(key, Counter())
            row[1 if excluded else 0] += sign
            if public:
                row[3 if excluded else 2] += sign
    return {key: (row[0], row[1], row[2], row[3]) for key, row in sorted(counts.items()) if any(row.values())}


def _parts(rules: Iterable[int]) -> Iterator[list[int]]:
    """The keys in order, so many at a time as a statement takes."""
    ids = sorted(rules)
    return (ids[first : first + 500] for first in range(0, len(ids), 500))


def apply(changes: dict[str, Difference]) -> None:
    """Add the differences to the stored reach with one UPDATE."""
    if not changes:
        return
    rows = json.dumps([[key, *change] for key, change in changes.items()])
    with connection.cursor() as cursor:
        cursor.execute(_UPDATES[connection.vendor], [rows])


_SET = """
UPDATE detections_indicator SET
    reach = detections_indicator.reach + d.reach,
    excluded_reach = detections_indicator.excluded_reach + d.excluded_reach,
    public_reach = detections_indicator.public_reach + d.public_reach,
    public_excluded_reach = detections_indicator.public_excluded_reach + d.public_excluded_reach
"""
_UPDATES = {
    "sqlite": _SET
    + """
FROM (
    SELECT json_extract(value, '$[0]') AS key, json_extract(value, '$[1]') AS reach,
           json_extract(value, '$[2]') AS excluded_reach, json_extract(value, '$[3]') AS public_reach,
           json_extract(value, '$[4]') AS public_excluded_reach
    FROM json_each(%s)
) AS d WHERE detections_indicator.key = d.key
""",
    "postgresql": _SET
    + """
FROM (
    SELECT entry->>0 AS key, (entry->>1)::int AS reach, (entry->>2)::int AS excluded_reach,
           (entry->>3)::int AS public_reach, (entry->>4)::int AS public_excluded_reach
    FROM jsonb_array_elements(%s::jsonb) AS entry ORDER BY 1
) AS d WHERE detections_indicator.key = d.key
""",
}
