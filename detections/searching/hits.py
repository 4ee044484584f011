"""Techniques, fields and indicators that answer to words, the closest first.

Words are as somebody typed them, parted by blanks; every word has to be found. Whatever is found or counted is what
live rules that the reader sees say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, Q, QuerySet, Value, When

from detections.guide.indicator import spellings
from detections.models import Indicator, Reader, RuleField, RuleName, Technique
from detections.models.collation import code_point
from detections.normalization.catalogue import base_catalogue
from detections.normalization.values import folded_part


@dataclass(frozen=True, slots=True)
class FieldHit:
    """A canonical field that `rules` live rules test; `names` are those of its names that were found, as written."""

    field: str
    rules: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorHit:
    """An indicator in the spelling that most rules use, with its reach."""

    key: str
    field: str
    operator: str
    value: str
    reach: int
    excluded_reach: int


def techniques_with(words: Sequence[str]) -> QuerySet[Technique]:
    """Techniques in force."""
    found = Technique.objects.in_force().with_words(words).closest_first(" ".join(words))
    return found.select_related("parent")


def fields_with(words: Sequence[str], reader: Reader) -> list[FieldHit]:
    """Fields whose canonical name, or a name of a vendor's for it, holds every word. Two queries."""
    names: dict[str, set[str]] = {}
    for alias in base_catalogue().aliases:
        if all(word.lower() in alias.name.lower() for word in words):
            names.setdefault(alias.canonical, set()).add(alias.name)
    canonical, written = Q(), Q()
    for word in words:
        canonical &= Q(field__icontains=word)
        written &= Q(name__icontains=word)
    live = Q(reader.sources("rule__source"), rule__live=True)
    for field, name in RuleName.objects.filter(live, written).order_by().values_list("canonical", "name").distinct():
        names.setdefault(field, set()).add(name)
    tests = RuleField.objects.filter(live, canonical | Q(field__in=list(names))).order_by()
    counted = tests.values_list("field").annotate(rules=Count("rule", distinct=True))
    hits = [
        FieldHit(field, rules, tuple(sorted(name for name in names.get(field, ()) if name != field)))
        for field, rules in counted
    ]
    wanted = " ".join(words).lower()
    return sorted(hits, key=lambda hit: (_distance(hit, wanted), -hit.rules, hit.field))


def indicators_with(words: Sequence[str], reader: Reader) -> QuerySet[Indicator]:
    """Indicators whose value holds every word, by reach; of equals the value itself before others."""
    found = Indicator.objects.in_use(reader)
    for word in words:
        found = found.filter(value__icontains=folded_part(word))
    itself = Case(When(value=" ".join(words).lower(), then=Value(0)), default=Value(1))
    reach, excluded = (f"-{reader.reach_column(of)}" for of in (False, True))
    return found.order_by(reach, excluded, itself, code_point("field"), code_point("value"), "key")


def shown_indicators(rows: Sequence[Indicator], reader: Reader) -> list[IndicatorHit]:
    """The rows as the reader sees them. One query."""
    shown = spellings([row.key for row in rows], reader)
    return [
        IndicatorHit(
            row.key, row.field, row.operator, shown.get(row.key, row.value),
            getattr(row, reader.reach_column()), getattr(row, reader.reach_column(excluded=True)),
        )
        for row in rows
    ]  # fmt: skip


def _distance(hit: FieldHit, wanted: str) -> int:
    names = [hit.field.lower(), *(name.lower() for name in hit.names)]
    return 0 if wanted in names else 1 if any(name.startswith(wanted) for name in names) else 2
