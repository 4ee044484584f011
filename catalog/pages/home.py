"""The home page, and the search box that every page carries."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View
from django.views.generic import TemplateView

from detections.guide.coverage import tactic_figures
from detections.guide.figures import catalog_figures
from detections.models import Rule, RuleVersion

CHANGES = 8
TECHNIQUE_ID = re.compile(r"\s*(t\d{4}(?:\.\d{3})?)\s*", re.IGNORECASE)


class HomeView(TemplateView):
    template_name = "home/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader = self.request.reader
        return super().get_context_data(
            figures=catalog_figures(reader),
            tactics=tactic_figures(Rule.objects.visible_to(reader).live()),
            changes=RuleVersion.objects.changes(reader).defer("text", "rule__description")[:CHANGES],
            **kwargs,
        )


class SearchView(View):
    """An id leads to its technique, anything else to the rules with these words in their titles."""

    def get(self, request: HttpRequest) -> HttpResponse:
        words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
        found = TECHNIQUE_ID.fullmatch(words)
        if found:
            return redirect("technique-detail", attack_id=found[1].upper())
        return redirect(f"{reverse('rule-list')}?{urlencode({'q': words})}" if words else reverse("rule-list"))
