"""What an address asks a page for: its filters through the FilterSet that page and API share, checked before any row.

A value or a name that nothing knows is an error on the page, never an empty or an unfiltered list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict


@dataclass(frozen=True, slots=True)
class Choice:
    """A select of the filter form. `others` are further values of the address (they combine with "or")."""

    name: str
    label: str
    everything: str
    options: tuple[tuple[str, str], ...]
    first: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filtered rows, or the errors by parameter. `query` is the filters' part of the address, without "?"."""

    rows: QuerySet[Any]
    filterset: django_filters.FilterSet
    data: QueryDict
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def query(self) -> str:
        return urlencode(self.besides())

    def besides(self, *names: str) -> list[tuple[str, str]]:
        """The address's other filters, which a form has to carry along."""
        return [(name, value) for name, values in self.data.lists() if name not in names for value in values if value]

    def choice(self, name: str, label: str, everything: str, words: Mapping[str, str] | None = None) -> Choice:
        """The select of one filter, with its values' words where they differ."""
        options = tuple(
            (str(value), (words or {}).get(str(value), str(word)))
            for value, word in self.filterset.form.fields[name].choices
            if value not in ("", None)
        )
        chosen = [value for value in self.data.getlist(name) if value]
        return Choice(name, label, everything, options, chosen[0] if chosen else "", tuple(chosen[1:]))


def ask(
    request: HttpRequest,
    filterset_class: type[django_filters.FilterSet],
    rows: QuerySet[Any],
    own: Iterable[str] = (),
) -> Asked:
    """Filter `rows` by the request's address. `own` are parameters that the page reads itself.

    A form without scripts sends what was not chosen as an empty value: of a known filter it asks for nothing.
    """
    data = request.GET.copy()
    for name in own:
        data.pop(name, None)
    for name in [name for name in data if name in filterset_class.base_filters and not any(data.getlist(name))]:
        del data[name]
    filterset = filterset_class(data, queryset=rows, request=request)
    if filterset.is_valid():
        return Asked(filterset.qs, filterset, data)
    errors = {name: [str(message) for message in messages] for name, messages in filterset.errors.items()}
    return Asked(rows.none(), filterset, data, errors)


def whole_number(request: HttpRequest, name: str, default: int) -> int:
    """A whole number from 1 in the address; 0 for anything else."""
    written = request.GET.get(name) or str(default)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0


def number_asked(request: HttpRequest, asked: Asked, name: str, default: int) -> int:
    """The same; anything else is an error of what is asked."""
    number = whole_number(request, name, default)
    if not number:
        asked.errors[name] = ["Write a whole number from 1."]
    return number
