"""What every address of the API shares: who reads, parameters that are checked, keys that can be chosen, its errors.

An object is an `Endpoint` with a `get`; a list is a `ListEndpoint` with `rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.metadata import SimpleMetadata
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.errors import BadParameters, ProblemRenderer
from catalog.api.renderers import CsvRenderer, NdjsonRenderer, TableRenderer
from catalog.api.throttling import with_rate
from catalog.exports.download import file_name, streamed
from catalog.exports.tables import csv_table, in_chunks, ndjson_table
from catalog.filters.strict import StrictFilterSet
from detections.models import Reader, Rule

Rows = QuerySet[Any] | Sequence[Any]


class NoFilterSet(StrictFilterSet):
    """For an address without filters: it knows the parameters that are known everywhere."""


class Description(SimpleMetadata):
    """What OPTIONS answers. Bodies that can be sent stand in the schema."""

    def determine_actions(self, request: Request, view: APIView) -> dict[str, Any]:
        return {}


class ProblemsMixin(APIView):
    """Every error is a problem in JSON, whatever form was asked for; a browser sees it on its page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A format that does not exist is a bad value like any other."""
        try:
            super().initial(request, *args, **kwargs)
        except Http404 as error:
            known = ", ".join(renderer.format for renderer in self.renderer_classes)
            raise BadParameters({"format": [f"Write one of: {known}."]}) from error

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(getattr(response, "accepted_renderer", None), TableRenderer):  # what is no table
            response.accepted_renderer, response.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        if getattr(response, "exception", False) and not isinstance(response.accepted_renderer, BrowsableAPIRenderer):
            response.accepted_renderer = ProblemRenderer()
        return with_rate(response, request)


class Endpoint(ProblemsMixin, GenericAPIView):
    """A read-only address. `own` are the parameters that it reads itself beside its FilterSet's.

    `operation` is its name in the schema, `parameters` describe its own ones there.
    """

    metadata_class = Description
    http_method_names = ("get", "head", "options")
    queryset = Rule.objects.none()
    filterset_class: type[StrictFilterSet] = NoFilterSet
    pagination_class = None
    own: tuple[str, ...] = ()
    operation = ""
    parameters: tuple[OpenApiParameter, ...] = ()

    @property
    def reader(self) -> Reader:
        reader: Reader = self.request._request.reader
        return reader

    def asked(self, rows: QuerySet[Any] | None = None) -> StrictFilterSet:
        """The FilterSet over `rows`, found to be in order. Raises `BadParameters`."""
        rows = self.queryset if rows is None else rows
        filterset = self.filterset_class(self.request.query_params, queryset=rows, request=self.request._request)
        filterset.own = self.own
        if filterset.errors:
            raise BadParameters(filterset.errors)
        return filterset

    def get_serializer(self, *args: Any, **kwargs: Any) -> serializers.BaseSerializer:
        """With the keys that `?fields=` chooses, all without it. Raises `BadParameters`."""
        serializer = super().get_serializer(*args, **kwargs)
        if not getattr(self, "swagger_fake_view", False):
            fields = getattr(serializer, "child", serializer).fields
            names = set(filter(None, map(str.strip, self.request.query_params.get("fields", "").split(","))))
            if unknown := sorted(names - set(fields)):
                known = ", ".join(fields)
                raise BadParameters({"fields": [f"The answer has no {', '.join(unknown)}. It has {known}."]})
            for name in set(fields) - names if names else ():
                del fields[name]
        return serializer

    def get_serializer_context(self) -> dict[str, Any]:
        """With the ATT&CK version in force, of which answers with ATT&CK's own texts tell."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_serializer_context()
        return super().get_serializer_context() | {"generation": self.request._request.generation}


class ListEndpoint(Endpoint):
    """A table: JSON by pages, or all of it as CSV or NDJSON; with `page` or `page_size` one page in these too."""

    pagination_class = Endpoint.settings.DEFAULT_PAGINATION_CLASS
    renderer_classes = (JSONRenderer, BrowsableAPIRenderer, CsvRenderer, NdjsonRenderer)

    def rows(self, **kwargs: Any) -> Rows:
        """All rows that the parameters leave, in order; `kwargs` are the address's own parts."""
        raise NotImplementedError

    def completed(self, rows: list[Any]) -> list[Any]:
        """Some of the rows, as the serializer takes them."""
        return rows

    def get(self, request: Request, **kwargs: Any) -> Response | StreamingHttpResponse:
        rows = self.rows(**kwargs)
        table = isinstance(request.accepted_renderer, TableRenderer)
        if not table or {"page", "page_size"} & request.query_params.keys():
            rows = self.paginate_queryset(rows)
        return self.table(rows) if table else self.get_paginated_response(self.shown(rows))

    def shown(self, rows: list[Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get_serializer(self.completed(rows), many=True).data
        return found

    def table(self, rows: Rows) -> StreamingHttpResponse:
        """The rows in the form asked for. Nothing is read for a HEAD."""
        renderer, row = self.request.accepted_renderer, self.get_serializer()
        chunks = map(self.shown, () if self.request.method == "HEAD" else in_chunks(rows))
        pieces = csv_table(chunks, row) if isinstance(renderer, CsvRenderer) else ndjson_table(chunks)
        name = file_name(self.request.path, renderer.format)
        return streamed(pieces, f"{renderer.media_type}; charset={renderer.charset}", name)
