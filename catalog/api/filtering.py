"""Filters of the API: the same FilterSets as the pages', with errors as 400."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from catalog.api.errors import BadParameters
from catalog.filters.strict import StrictFilterSet


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
