"""Wider and narrower variants of an indicator: tests of the same field that find more, or less, by their texts.

An indicator is wider than another of the same canonical field when its text stands inside the other's, where it is
looked for (by eq and in as the whole, by startswith at the start, by endswith at the end, by contains anywhere, by a
pattern as the stars at its edges say), and its operator is no stricter: eq and in, then startswith and endswith, then
contains, then wildcard. Narrower is the reverse. Texts are compared folded, with their inner wildcards as they stand;
other operators have no variants, and two tests that are as wide as each other are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import F, QuerySet, Value
from django.db.models.functions import StrIndex

from detections.models import Indicator, Reader
from detections.models.collation import code_point
from detections.normalization.patterns import pattern_of

MOST = 20
STRICTNESS = {"eq": 0, "in": 0, "startswith": 1, "endswith": 1, "contains": 2, "wildcard": 3}  # from strict to loose


@dataclass(frozen=True, slots=True)
class Variants:
    """The first of each kind that a live rule checks, by `seen` (their reach), folded value and operator."""

    wider: tuple[Indicator, ...] = ()
    narrower: tuple[Indicator, ...] = ()


def variants_of(indicator: Indicator, reader: Reader, most: int = MOST) -> Variants:
    """Both kinds, `most` of each. Two queries, which read the indicators of the one field."""
    if indicator.operator not in STRICTNESS:
        return Variants()
    others = _candidates(indicator, reader)
    return Variants(
        tuple(islice(_wider(indicator, others), most)),
        tuple(islice(_narrower(indicator, others), most)),
    )


def is_wider(one: Indicator, other: Indicator) -> bool:
    """Whether `one` is wider than `other`, of the same field."""
    return _covers(one, other) and not _covers(other, one)


def _covers(one: Indicator, other: Indicator) -> bool:
    if STRICTNESS[one.operator] < STRICTNESS[other.operator]:
        return False
    sought = pattern_of(one.operator, one.value, one.wild)
    within = pattern_of(other.operator, other.value, other.wild)
    if not sought.open_start and (within.open_start or not within.text.startswith(sought.text)):
        return False
    if not sought.open_end and (within.open_end or not within.text.endswith(sought.text)):
        return False
    whole = not (sought.open_start or sought.open_end)
    return within.text == sought.text if whole else bool(sought.text) and sought.text in within.text


def _candidates(indicator: Indicator, reader: Reader) -> QuerySet[Indicator]:
    others = Indicator.objects.filter(field=indicator.field).exclude(pk=indicator.pk).with_reach(reader)
    return (
        others.filter(seen__gt=0)
        .with_text()
        .order_by(F("seen").desc(), code_point("value"), code_point("operator"), "pk")
    )


def _wider(indicator: Indicator, others: QuerySet[Indicator]) -> Iterator[Indicator]:
    text = Value(pattern_of(indicator.operator, indicator.value, indicator.wild).text)
    looser = [operator for operator in STRICTNESS if STRICTNESS[operator] >= STRICTNESS[indicator.operator]]
    rows = others.filter(operator__in=looser)
    found = rows.annotate(place=StrIndex(text, F("text"))).filter(place__gt=0)
    return (row for row in found.iterator() if is_wider(row, indicator))


def _narrower(indicator: Indicator, others: QuerySet[Indicator]) -> Iterator[Indicator]:
    pattern = pattern_of(indicator.operator, indicator.value, indicator.wild)
    stricter = [operator for operator in STRICTNESS if STRICTNESS[operator] <= STRICTNESS[indicator.operator]]
    place = others.filter(operator__in=stricter).annotate(place=StrIndex(F("text"), Value(pattern.text)))
    found = place.filter(place__gt=0) if pattern.open_start else place.filter(place=1)
    return (row for row in found.iterator() if is_wider(indicator, row))
