"""Where to look when no rule states a technique: its parent, its sub-techniques and its siblings that have some."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from detections.models import Rule, RuleTechnique, Technique

RELATIONS = ("parent", "sub-technique", "sibling")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A technique of the same family; `rules` state it itself."""

    technique: Technique
    relation: str
    rules: int


def neighbours_with_rules(technique: Technique, rules: QuerySet[Rule]) -> tuple[Neighbour, ...]:
    """Those that one of `rules` states: the parent, then sub-techniques, then siblings, the most rules first."""
    family = Q(parent=technique)
    if technique.parent_id:
        family |= Q(pk=technique.parent_id) | Q(parent=technique.parent_id)
    relatives = Technique.objects.in_force().filter(family).exclude(pk=technique.pk)
    tags = RuleTechnique.objects.filter(
        structural=False, technique__in=relatives.values("pk"), rule__in=rules.values("pk")
    )
    counts = dict(tags.order_by().values_list("technique").annotate(number=Count("rule", distinct=True)))
    rows = relatives.filter(pk__in=counts).select_related("parent")
    found = [Neighbour(row, _relation(technique, row), counts[row.pk]) for row in rows]
    return tuple(sorted(found, key=lambda one: (RELATIONS.index(one.relation), -one.rules, one.technique.attack_id)))


def _relation(technique: Technique, other: Technique) -> str:
    if other.pk == technique.parent_id:
        return "parent"
    return "sub-technique" if other.parent_id == technique.pk else "sibling"
