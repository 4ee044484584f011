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
    tags = RuleTechnique.objects.filter(
        structural=False, technique__isnull=False, rule__in=rules.order_by().values("pk")
    )
    number = Count("rule", distinct=True)
    own = Counter(dict(tags.order_by().values_list("technique").annotate(number=number)))
    if rollup:
        top = tags.annotate(top=Coalesce(F("technique__parent"), F("technique")))
        own.update({pk: number - own[pk] for pk, number in top.values_list("top").annotate(number=number)})
    return own
