"""Filters of the API: the same FilterSets as the pages', with errors as 400."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from catalog.api.errors import BadParameters
from catalog.filters import StrictFilterSet


class StrictFilterBackend(DjangoFilterBackend):
    """Filters by a view's `filterset_class`. Raises `BadParameters` for what it does not know."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        if getattr(view, "filterset_class", None) is None:
            return queryset
        return checked(request, view.filterset_class, queryset, getattr(view, "own", ())).qs


def checked(
    request: Request,
    filterset_class: type[StrictFilterSet],
    queryset: QuerySet[Any],
    own: tuple[str, ...] = (),
) -> StrictFilterSet:
    """A FilterSet over the request's parameters, found to be in order. Raises `BadParameters`."""
    filterset = filterset_class(request.query_params, queryset=queryset, request=request._request)
    filterset.own = own
    if filterset.errors:
        raise BadParameters(filterset.errors)
    return filterset


def ordered(
    request: Request,
    queryset: QuerySet[Any],
    columns: Mapping[str, Any],
    default: str,
    counted: tuple[str, Mapping[int, int]] | None = None,
) -> QuerySet[Any] | list[Any]:
    """By `ordering`, one of `columns`, with `-` for descending; ties by the default. Raises `BadParameters`.

    `counted` is one more column, whose values by primary key are known already: rows then come as a list.
    """
    written = request.query_params.get("ordering") or default
    name, falls = written.removeprefix("-"), written.startswith("-")
    if counted and name == counted[0]:
        rows = list(queryset.order_by(columns[default].asc(), "pk"))
        return sorted(rows, key=lambda row: -counted[1][row.pk] if falls else counted[1][row.pk])
    if name not in columns:
        known = ", ".join([*columns, *([counted[0]] if counted else [])])
        raise BadParameters({"ordering": [f"Write one of {known}, with - before it for descending."]})
    first = columns[name].desc() if falls else columns[name].asc()
    return queryset.order_by(first, columns[default].asc(), "pk")
