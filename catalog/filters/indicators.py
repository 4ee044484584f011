"""Filters of indicators; and of rules by the indicators that they check or exclude."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject
from drf_spectacular.utils import extend_schema_field

from catalog.filters.kinds import LONGEST, OPERATORS, WORDS, TextFilter, WordsField, WordsFilter
from catalog.filters.strict import StrictFilterSet, lists
from catalog.ordering import INDICATOR_ORDERS
from detections.models import Indicator, Reader, Rule, Source
from detections.normalization.values import folded_part

KEY = re.compile(r"[0-9a-f]{16}")
MOST_KEYS = 20
LARGEST = 1_000_000_000
ROLES = ("filter", "scope")


class KeysField(WordsField):
    """Keys of indicators, each of which is looked for."""

    def validate(self, value: list[str]) -> None:
        if len(value) > MOST_KEYS:
            raise forms.ValidationError(f"At most {MOST_KEYS} indicators at once.")
        known = {str(choice) for choice, _ in self.choices} if value else set()
        wrong = [key for key in value if key not in known]
        if wrong:
            raise forms.ValidationError([_unknown_key(key) for key in wrong])


def _unknown_key(key: str) -> str:
    if not KEY.fullmatch(key):
        return f"{key[:60]!r} is no key of an indicator: those have 16 of the digits 0-9 and a-f. See /indicators/."
    return f"No live rule uses an indicator with the key {key}. See /indicators/ for those that rules use."


@extend_schema_field(WORDS)
class KeysFilter(WordsFilter):
    """Rules that check all of several indicators; with `excluded` those that exclude all of them."""

    field_class = KeysField
    repeats = "Repeats for AND, as different filters do."

    def __init__(self, *, excluded: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.excluded = excluded

    def filter(self, qs: QuerySet[Rule], value: list[str]) -> QuerySet[Rule]:
        for key in value:
            qs = qs.checking(key, self.excluded)
        return qs


def indicators_asked(data: Any, reader: Reader, *names: str) -> dict[str, Indicator]:
    """The indicators in use whose keys these parameters hold, at most as many as may be asked for. One query."""
    values = dict.fromkeys(value for name, found in lists(data) if name in names for value in found)
    keys = [value for value in values if KEY.fullmatch(value)][: 2 * MOST_KEYS]
    return Indicator.objects.in_use(reader).in_bulk(keys) if keys else {}


class ReachFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField


class IndicatorFilterSet(StrictFilterSet):
    """Filters of the indicators that a live rule uses; those that most rules check come first."""

    orders = INDICATOR_ORDERS
    ties = ("field", "value", "operator")

    q = TextFilter(method="with_part", max_length=LONGEST, label="Part of the value, in upper or lower case")
    field = WordsFilter(label="Canonical field")
    operator = WordsFilter(label="Operator")
    role = WordsFilter(label="filter: an ordinary test; scope: it selects a data source")
    vendor = WordsFilter(method="of_vendors", label="Slug of a source of which a live rule checks or excludes it")
    min_reach = ReachFilter(method="of_reach", min_value=0, max_value=LARGEST, label="Least corpus reach")

    class Meta:
        model = Indicator
        fields: list[str] = []

    @property
    def ordering(self) -> str:
        return super().ordering or "-reach"

    def words(self) -> Mapping[str, Iterable[str]]:
        sources = Source.objects.visible_to(self.reader).order_by().values_list("slug", flat=True)
        return {
            "vendor": SimpleLazyObject(lambda: tuple(sources)),
            "field": SimpleLazyObject(Indicator.objects.in_use(self.reader).fields),
            "operator": OPERATORS,
            "role": ROLES,
        }

    def with_part(self, indicators: QuerySet[Indicator], name: str, value: str) -> QuerySet[Indicator]:
        return indicators.filter(value__icontains=folded_part(value))

    def of_vendors(self, indicators: QuerySet[Indicator], name: str, value: list[str]) -> QuerySet[Indicator]:
        return indicators.used_by(value, self.reader)

    def of_reach(self, indicators: QuerySet[Indicator], name: str, value: int) -> QuerySet[Indicator]:
        return indicators.filter(seen__gte=value)


class OneIndicatorFilterSet(StrictFilterSet):
    """What the page of one indicator may be asked: the rules that check it, or those that exclude it."""

    excluded = django_filters.ChoiceFilter(
        method="of_polarity",
        choices=[("0", "check"), ("1", "exclude")],
        error_messages={"invalid_choice": "Write 1 for exclusions, 0 for what rules check."},
        label="1: the rules that exclude it; 0: those that check it",
    )

    def of_polarity(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Nothing: the page asks for the one list or the other."""
        return rows
