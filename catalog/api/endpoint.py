"""What every address of the API shares: who reads, parameters that are checked, keys that can be chosen."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.errors import BadParameters
from catalog.api.fields import chosen_fields
from catalog.api.filtering import checked
from catalog.api.throttling import with_rate
from catalog.filters.strict import StrictFilterSet
from detections.models import Reader


class NoFilterSet(StrictFilterSet):
    """For an address without filters: it knows the parameters that are known everywhere."""


class Endpoint(GenericAPIView):
    """A read-only address. `own` are the parameters that it reads itself beside its FilterSet's."""

    http_method_names = ("get", "head", "options")
    filterset_class: type[StrictFilterSet] = NoFilterSet
    own: tuple[str, ...] = ()

    @property
    def reader(self) -> Reader:
        reader: Reader = self.request._request.reader
        return reader

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A format that does not exist is a bad value like any other."""
        try:
            super().initial(request, *args, **kwargs)
        except Http404 as error:
            known = ", ".join(renderer.format for renderer in self.renderer_classes)
            raise BadParameters({"format": [f"Write one of: {known}."]}) from error

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        return with_rate(super().finalize_response(request, response, *args, **kwargs), request)

    def asked(self, rows: QuerySet[Any]) -> StrictFilterSet:
        """The FilterSet over `rows`, found to be in order. Raises `BadParameters`."""
        return checked(self.request, self.filterset_class, rows, self.own)

    def get_serializer_context(self) -> dict[str, Any]:
        """With the keys that `?fields=` chooses. Raises `BadParameters`."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_serializer_context()
        return super().get_serializer_context() | {"chosen": chosen_fields(self.request, self.serializer_class)}


class AttackEndpoint(Endpoint):
    """An address that answers with ATT&CK's own texts, of which it tells the version."""

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if getattr(self, "swagger_fake_view", False):
            return context
        return context | {"attack_version": self.request._request.generation.attack_version}
