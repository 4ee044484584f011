"""The home page."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView

from detections.guide.coverage import tactic_figures
from detections.guide.figures import catalog_figures
from detections.models import Rule, RuleVersion

CHANGES = 8


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
