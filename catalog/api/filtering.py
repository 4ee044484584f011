"""Filters of the API: the same FilterSets as the pages', with errors as 400."""

from __future__ import annotations

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
    """A FilterSet over the request's parameters without `own`, found to be in order. Raises `BadParameters`."""
    data = request.query_params.copy()
    for name in own:
        data.pop(name, None)
    filterset = filterset_class(data, queryset=queryset, request=request._request)
    if filterset.errors:
        raise BadParameters(filterset.errors)
    return filterset


def ordered(request: Request, queryset: QuerySet[Any], columns: dict[str, Any], default: str) -> QuerySet[Any]:
    """By `ordering`, one of `columns`, with `-` for descending; ties by the default. Raises `BadParameters`."""
    written = request.query_params.get("ordering") or default
    name = written.removeprefix("-")
    if name not in columns:
        raise BadParameters({"ordering": [f"Write one of {', '.join(columns)}, with - before it for descending."]})
    first = columns[name].desc() if written.startswith("-") else columns[name].asc()
    return queryset.order_by(first, columns[default].asc(), "pk")
