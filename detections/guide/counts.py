"""How many rules state each technique."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count, F, QuerySet
from django.db.models.functions import Coalesce

from detections.models import Rule, RuleTechnique


def rules_by_technique(rules: QuerySet[Rule], rollup: bool = False) -> Counter[int]:
    """The number of `rules` that state a technique, by its primary key; one query, two with `rollup`.

    With `rollup` a rule of a sub-technique counts for its parent too, once.
    """
    tags = _tags(rules)
    number = Count("rule", distinct=True)
    own = Counter(dict(tags.order_by().values_list("technique").annotate(number=number)))
    if rollup:
        top = tags.annotate(top=Coalesce(F("technique__parent"), F("technique")))
        own.update({pk: number - own[pk] for pk, number in top.values_list("top").annotate(number=number)})
    return own


def rules_by_source(rules: QuerySet[Rule], rollup: bool = False) -> dict[int, Counter[str]]:
    """The number of `rules` that state a technique, by its primary key and the slug of their source. One query.

    A rule has one source, so that the numbers may be added up. With `rollup` the rules of sub-techniques count for
    their parent, each once, and the sub-techniques themselves are left out.
    """
    top = Coalesce(F("technique__parent"), F("technique")) if rollup else F("technique")
    rows = _tags(rules).order_by().annotate(top=top).values_list("top", "rule__source__slug")
    found: dict[int, Counter[str]] = {}
    for technique, slug, number in rows.annotate(number=Count("rule", distinct=True)):
        found.setdefault(technique, Counter())[slug] = number
    return found


def _tags(rules: QuerySet[Rule]) -> QuerySet[RuleTechnique]:
    """What `rules` state; a parent that a vendor writes as a matter of form is no statement."""
    stated = RuleTechnique.objects.filter(structural=False, technique__isnull=False)
    return stated.filter(rule__in=rules.order_by().values("pk"))
