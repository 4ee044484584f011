"""The rules that make a test which somebody described, and the indicators that such a test is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from detections.models import Indicator, Rule, RuleField, RuleIndicator
from detections.models.lookups import Like
from detections.normalization.catalogue import Field
from detections.normalization.values import folded, folded_part
from detections.searching.grammar import Predicate


def making(rules: QuerySet[Rule], predicate: Predicate, field: str) -> QuerySet[Rule]:
    """Those of `rules` that make the test, or those that do not; `field` is its canonical field, "" for any."""
    tests = RuleField.objects.all()
    if predicate.value is not None:
        tests = RuleIndicator.objects.filter(indicator__in=indicators_of(predicate, field).values("pk"))
    else:
        tests = _of(tests, predicate, field)
    if predicate.excluded is not None:
        tests = tests.filter(excluded=predicate.excluded)
    found = tests.order_by().values("rule")
    return rules.exclude(pk__in=found) if predicate.negated else rules.filter(pk__in=found)


def indicators_of(predicate: Predicate, field: str) -> QuerySet[Indicator]:
    """The indicators that are such a test, checked or excluded by anybody."""
    found = _of(Indicator.objects.all(), predicate, field)
    if predicate.value is None:
        return found
    if len(predicate.value) > 1:
        verbatim = predicate.operator == "regex_match"
        return found.filter(Like(F("value"), predicate.value if verbatim else _spelled(predicate.value)))
    written = predicate.value[0]
    return found.filter(value__in={written, *(folded(Field(field, type_), "eq", written) for type_ in _TYPES)})


_TYPES = ("keyword", "number")  # of fields, as far as they spell a value in different ways


def _of(rows: QuerySet[Any], predicate: Predicate, field: str) -> QuerySet[Any]:
    wanted = Q()
    if field:
        wanted &= Q(field=field)
    if predicate.operator:
        wanted &= Q(operator=predicate.operator)
    return rows.filter(wanted)


def _spelled(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts of a value as identity sees it: only a value's beginning may be two backslashes."""
    return (folded(Field(""), "eq", parts[0]), *map(folded_part, parts[1:]))
