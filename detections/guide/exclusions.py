"""Exclusions over the whole catalog: who shares one, what else is said of it, and how they fall into groups.

Everything counts live rules that the reader sees, each once: `rules` is always a queryset of such.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from detections.guide.indicator import spellings
from detections.models import Indicator, Reader, Rule, RuleIndicator

# The ways to group exclusions, each with the path from a use of an indicator to the group's word.
GROUPS = {
    "field": "indicator__field",
    "program": "indicator__program",
    "reason": "indicator__satisfiable",
    "vendor": "rule__source__slug",
    "platform": "rule__platforms",
    "technique": "rule__techniques__technique__attack_id",
}


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """An indicator with the rules that exclude it: `rules` of those asked for, `excluded` of the whole catalog.

    `checked` rules look for it. `vendors` maps a source's slug to its rules among `rules`, the most first. `value` is
    the spelling shown, `satisfiable` the slug of the reason why an attacker can satisfy it, "" where none is known.
    """

    id: str
    field: str
    operator: str
    value: str
    role: str
    program: str
    wild: bool
    satisfiable: str
    rules: int
    excluded: int
    checked: int
    vendors: dict[str, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Exclusions with one word in common, the rules that share them, and how many of them can be satisfied."""

    word: str
    exclusions: int
    rules: int
    satisfiable: int


def exclusion_rows(indicators: Iterable[Indicator], rules: QuerySet[Rule], reader: Reader) -> tuple[ExclusionRow, ...]:
    """The rows of indicators that come with `rules`, `seen` and `seen_excluded`, in their order. Two queries."""
    listed = list(indicators)
    keys = [row.key for row in listed]
    shown = spellings(keys, reader)
    vendors: dict[str, list[tuple[int, str]]] = {}
    for key, slug, number in _by_vendor(keys, rules):
        vendors.setdefault(key, []).append((-number, slug))
    return tuple(
        ExclusionRow(
            row.key, row.field, row.operator, shown.get(row.key, row.value), row.role, row.program, row.wild,
            row.satisfiable, row.rules, row.seen_excluded, row.seen,
            {slug: -number for number, slug in sorted(vendors.get(row.key, ()))},
        )
        for row in listed
    )  # fmt: skip


def _by_vendor(keys: list[str], rules: QuerySet[Rule]) -> QuerySet[RuleIndicator]:
    """(key, slug of a source, rules of it that exclude the key)."""
    uses = uses_of(None, rules).filter(indicator__in=keys)
    return uses.values_list("indicator", "rule__source__slug").annotate(number=Count("pk"))


def uses_of(indicators: QuerySet[Indicator] | None, rules: QuerySet[Rule]) -> QuerySet[RuleIndicator]:
    """That one of `rules` excludes one of `indicators` (None: any at all), each such pair once."""
    uses = RuleIndicator.objects.filter(excluded=True, counted=True, rule__in=rules.order_by().values("pk")).order_by()
    return uses if indicators is None else uses.filter(indicator__in=indicators.order_by().values("pk"))


def rules_excluding(rules: QuerySet[Rule], key: str) -> QuerySet[Rule]:
    """Those of `rules` that exclude the indicator of a key, by title."""
    uses = RuleIndicator.objects.filter(indicator=key, excluded=True, counted=True)
    return rules.filter(pk__in=uses.values("rule")).in_order()


def group_rows(indicators: QuerySet[Indicator], rules: QuerySet[Rule], by: str) -> tuple[Group, ...]:
    """What `rules` exclude of `indicators`, by one of `GROUPS`: the largest first, then by word. One query.

    A rule of two techniques or platforms counts for both; tags that are a matter of form and no technique's do not.
    """
    uses = uses_of(indicators, rules)
    if by == "technique":
        uses = uses.filter(rule__techniques__structural=False, rule__techniques__technique__isnull=False)
    counted = uses.annotate(word=F(GROUPS[by])).values_list("word").annotate(
        exclusions=Count("indicator", distinct=True),
        rules=Count("rule", distinct=True),
        satisfiable=Count("indicator", distinct=True, filter=~Q(indicator__satisfiable="")),
    )  # fmt: skip
    return tuple(sorted((Group(*row) for row in counted if row[0]), key=lambda row: (-row.exclusions, row.word)))
