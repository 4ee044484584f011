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
    `under_parent` says that its parent stands above it in the list.
    """

    technique: Technique
    rules: int
    rolled_up: int
    by_source: dict[str, int]
    under_parent: bool = False


@dataclass(frozen=True, slots=True)
class TacticGroup:
    """A tactic with its techniques, every sub-technique behind its parent. A technique stands under each tactic."""

    tactic: Tactic
    rows: tuple[TechniqueRow, ...]
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
    rows, listed = [], set()
    for technique in techniques.select_related("parent").prefetch_related("tactics").in_order():
        counts = by_source.get(technique.pk, {})
        rules_here = sum(counts.values())
        rolled_up = rules_here if technique.parent_id else sum(with_below.get(technique.pk, {}).values())
        listed.add(technique.pk)
        rows.append(TechniqueRow(technique, rules_here, rolled_up, counts, technique.parent_id in listed))
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
        TacticGroup(tactic, tuple(groups[tactic.pk]), sum(bool(row.rolled_up) for row in groups[tactic.pk]))
        for tactic in Tactic.objects.order_by("position")
        if tactic.pk in groups
    )


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
