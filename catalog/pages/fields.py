"""Fields: the list, and one with its names, tests and values."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from detections.guide.field_names import find_field, suggest_fields
from detections.importing.names import current_catalogue
from detections.normalization.catalogue import Catalogue


class FieldPage(View):
    """What the pages under a field's address share: finding it.

    A name of a vendor's leads to the field that it means; one that nothing knows is a 404 with suggestions.
    """

    catalogue: Catalogue

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        written, self.catalogue = kwargs["name"], current_catalogue()
        found = find_field(written, request.reader, self.catalogue)
        if not found:
            context = {"written": written[:100], "suggestions": suggest_fields(written, request.reader, self.catalogue)}
            return render(request, "errors/field_unknown.html", context, status=404)
        if found != written:
            return redirect(request.resolver_match.view_name, **{**kwargs, "name": found})
        return super().dispatch(request, *args, **kwargs)


class FieldDetailView(FieldPage):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return render(request, "fields/field_detail.html", {"field": self.catalogue.field(name)})
