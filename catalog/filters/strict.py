"""What every FilterSet is: strict. One for each model, shared by pages and API, which so answer a question alike.

A parameter may repeat (any of its values), different ones combine (all of them). A value that nothing in the catalog
has and a parameter that nobody knows are errors, never an empty list or all rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import django_filters
from django import forms
from django.core.cache import cache
from django.db.models import QuerySet

from catalog.caching import KEPT_SECONDS, code_version
from catalog.facets import rule_words
from catalog.filters.kinds import WordsField
from catalog.ordering import Order, in_order, ordering_errors
from catalog.words import unknown_parameter
from detections.models import Reader

# Known on every list and guide, whether or not a FilterSet reads them.
KNOWN_EVERYWHERE = frozenset({"page", "page_size", "ordering", "fields", "format", "limit"})


class StrictFilterSet(django_filters.FilterSet):
    """Reports unknown parameters and bad values; with errors it lets no row through.

    `own` are parameters that its page or endpoint reads itself, `orders` what `ordering` may name (without orders it
    is not looked at) and `ties` the orders that decide between equals. `counted` is the column whose different values
    are what the list shows, where that is not a row each.
    """

    own: tuple[str, ...] = ()
    orders: Mapping[str, Order] = {}
    ties: tuple[str, ...] = ()
    counted = "pk"

    @property
    def reader(self) -> Reader:
        return getattr(self.request, "reader", Reader.ANONYMOUS)

    @property
    def rule_words(self) -> Mapping[str, Iterable[str]]:
        """The words of the facets of rules, read once for a request and kept for the reader by generation."""
        if self.request is None:
            return rule_words(self.reader)
        if not hasattr(self.request, "rule_words"):
            key = f"words:{self.request.generation.number}:{code_version()}:{self.reader.name}"
            self.request.rule_words = cache.get_or_set(key, lambda: rule_words(self.reader), KEPT_SECONDS)
        found: Mapping[str, Iterable[str]] = self.request.rule_words
        return found

    @property
    def form(self) -> forms.Form:
        """The form, its choices the words that the reader may ask for; read when somebody looks at them."""
        if not hasattr(self, "_form"):
            form = super().form
            for name, field in form.fields.items():
                if isinstance(field, WordsField):
                    field.choices = partial(self._choices, name)
        return self._form

    def _choices(self, name: str) -> list[tuple[str, str]]:
        return [(word, word) for word in self.known_words[name]]

    @cached_property
    def known_words(self) -> Mapping[str, Iterable[str]]:
        return self.words()

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, by parameter."""
        known = [*self.filters, *self.own, *KNOWN_EVERYWHERE]
        found = {name: [str(message) for message in messages] for name, messages in self.form.errors.items()}
        for name, values in lists(self.data):
            if name not in known:
                found[name] = [unknown_parameter(name, known)]
            elif any("\x00" in value for value in values):
                found[name] = ["The value holds a NUL character."]
            elif name in self.filters and len(values) > 1 and not _repeats(self.filters[name]):
                found.setdefault(name, []).append(f"Give {name} once.")
        if self.orders and (messages := ordering_errors(self.ordering, self.orders)):
            found["ordering"] = messages
        return found

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def qs(self) -> QuerySet[Any]:
        if self.errors:
            return self.queryset.none()
        return super().qs

    @property
    def ordering(self) -> str:
        """What `ordering` asks for; "" for the list's own order."""
        return str((self.data or {}).get("ordering", ""))

    @property
    def in_order(self) -> QuerySet[Any]:
        """The rows by `ordering`, or by the first of the orders; those without an expression are the view's."""
        if self.errors:
            return self.qs
        return in_order(self.qs, self.orders, self.ordering or next(iter(self.orders)), self.ties)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.filtered(queryset)

    def filtered(self, rows: QuerySet[Any], without: Collection[str] = ()) -> QuerySet[Any]:
        """`rows` through all filters but those named in `without`."""
        for name, value in self.form.cleaned_data.items():
            if name not in without:
                rows = self.filters[name].filter(rows, value)
        return rows

    def without(self, *names: str) -> QuerySet[Any]:
        """The rows, in no order, that there would be were these filters taken off."""
        if self.errors:
            return self.queryset.none()
        return self.filtered(self.queryset.order_by(), names)

    def words(self) -> Mapping[str, Iterable[str]]:
        """For each filter of words the values that a reader may ask for."""
        return {}


def lists(data: Any) -> Iterable[tuple[str, list[str]]]:
    """The parameters of an address with all of their values."""
    if data is None:
        return ()
    if hasattr(data, "lists"):
        return data.lists()
    return [(name, value if isinstance(value, list) else [value]) for name, value in data.items()]


def _repeats(of: django_filters.Filter) -> bool:
    return isinstance(of, django_filters.MultipleChoiceFilter)
