"""Techniques in matrix order with the rules that detect them: the list of techniques."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from detections.guide.counts import rules_by_source
from detections.models import Rule, Tactic, Technique


@dataclass(frozen=True, slots=True)
class TechniqueRow:
    """`by_source` maps a source's slug to the rules tagged with this very technique.

    `rolled_up` counts the rules of its sub-techniques too, each once; it is `rules` for a sub-technique.
    """

    technique: Technique
    rules: int
    rolled_up: int
    by_source: dict[str, int]


@dataclass(frozen=True, slots=True)
class Family:
    """A technique with its sub-techniques `below`. `row` is None where the list holds these alone, without `head`."""

    head: Technique
    row: TechniqueRow | None
    below: tuple[TechniqueRow, ...]


@dataclass(frozen=True, slots=True)
class TacticGroup:
    """A tactic with its `techniques`, sub-techniques too, by family. A technique stands under each of its tactics."""

    tactic: Tactic
    families: tuple[Family, ...]
    techniques: int
    covered: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """`rows` has every technique once, by id; in `groups` one with several tactics stands under each.

    `covered` counts the techniques with a rule, a parent's sub-techniques included.
    """

    rows: tuple[TechniqueRow, ...]
    groups: tuple[TacticGroup, ...]
    covered: int

    @property
    def techniques(self) -> int:
        return len(self.rows)

    def sorted_by(self, name: str, falls: bool) -> list[TechniqueRow]:
        """The rows by `attack_id`, `name` or `rules` (a technique's own); ties by id."""
        keys: dict[str, Callable[[TechniqueRow], Any]] = {
            "attack_id": lambda row: row.technique.attack_id,
            "name": lambda row: row.technique.name,
            "rules": lambda row: row.rules,
        }
        return sorted(self.rows, key=keys[name], reverse=falls)


def build_coverage(techniques: QuerySet[Technique], rules: QuerySet[Rule]) -> Coverage:
    """The techniques of a queryset with the counts of `rules` (live ones that the reader sees)."""
    by_source = rules_by_source(rules)
    with_below = rules_by_source(rules, rollup=True)
    rows = []
    for technique in techniques.for_matrix().in_order():
        counts = by_source.get(technique.pk, {})
        rules_here = sum(counts.values())
        rolled_up = rules_here if technique.parent_id else sum(with_below.get(technique.pk, {}).values())
        rows.append(TechniqueRow(technique, rules_here, rolled_up, counts))
    return Coverage(
        rows=tuple(rows),
        groups=_by_tactic(rows),
        covered=sum(bool(row.rolled_up) for row in rows),
    )


def _by_tactic(rows: list[TechniqueRow]) -> tuple[TacticGroup, ...]:
    groups: dict[int, list[TechniqueRow]] = {}
    for row in rows:
        for tactic in row.technique.tactics.all():
            groups.setdefault(tactic.pk, []).append(row)
    return tuple(
        TacticGroup(tactic, _families(here), len(here), sum(bool(row.rolled_up) for row in here))
        for tactic in Tactic.objects.order_by("position")
        if (here := groups.get(tactic.pk))
    )


def _families(rows: list[TechniqueRow]) -> tuple[Family, ...]:
    """The rows by their parents, in the order in which they come."""
    listed = {row.technique.pk: row for row in rows}
    heads: dict[int, Technique] = {}
    below: dict[int, list[TechniqueRow]] = {}
    for row in rows:
        head = row.technique.parent or row.technique
        heads[head.pk] = head
        if row.technique.parent:
            below.setdefault(head.pk, []).append(row)
    return tuple(Family(head, listed.get(pk), tuple(below.get(pk, ()))) for pk, head in heads.items())


@dataclass(frozen=True, slots=True)
class TacticFigures:
    """How many of a tactic's techniques (without sub-techniques) a rule states, itself or by a sub-technique."""

    tactic: Tactic
    techniques: int
    covered: int


def tactic_figures(rules: QuerySet[Rule]) -> tuple[TacticFigures, ...]:
    """One row for each tactic, in matrix order. Three queries."""
    top = Technique.objects.in_force().filter(parent=None).order_by()
    every = Counter(dict(top.values_list("tactics").annotate(number=Count("pk"))))
    covered = Counter(dict(top.covered_by(rules).values_list("tactics").annotate(number=Count("pk"))))
    return tuple(
        TacticFigures(tactic, every[tactic.pk], covered[tactic.pk]) for tactic in Tactic.objects.order_by("position")
    )
