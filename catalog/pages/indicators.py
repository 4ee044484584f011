"""One indicator: who checks it, who excludes it, and how else the same test is written."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.filters.rules import RuleFilterSet
from catalog.pages.filtering import ask
from detections.guide.indicator import equivalents, reach_of, spellings
from detections.models import Indicator, Reader, Rule, Source

PAGE = 50
FLAGS = {"": False, "0": False, "1": True}


class IndicatorDetailView(View):
    """In place only the spellings open; the page has the rules as well."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        reader = request.reader
        indicator = get_object_or_404(Indicator.objects.in_use(reader), key=key)
        context: dict[str, Any] = {
            "indicator": indicator,
            "value": spellings([key], reader).get(key, indicator.value),
            "reach": reach_of([key], reader)[key],
            "spellings": equivalents(key, reader),
        }
        if request.htmx:
            response = render(request, "indicators/_spellings.html", context)
        else:
            context |= self.rules(request, reader, indicator)
            status = 400 if context["errors"] else 200
            response = render(request, "indicators/indicator_detail.html", context, status=status)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def rules(self, request: HttpRequest, reader: Reader, indicator: Indicator) -> dict[str, Any]:
        """The live rules that check it (`excluded=1`: that exclude it), page by page."""
        excluded = FLAGS.get(request.GET.get("excluded", ""))
        rules = Rule.objects.visible_to(reader).live().checking(indicator.key, bool(excluded)).in_order().for_list()
        asked = ask(request, RuleFilterSet, rules, ("excluded", "page"))
        if excluded is None:
            asked.errors["excluded"] = ["Write 1 for exclusions, 0 for what rules check."]
        page = None if asked.errors else Paginator(asked.rows, PAGE).get_page(request.GET.get("page"))
        return {
            "errors": asked.errors,
            "excluded": bool(excluded),
            "page_obj": page,
            "vendor_names": dict(Source.objects.visible_to(reader).values_list("slug", "name")),
        }
