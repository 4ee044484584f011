"""Where the rules come from, how far they could be read, and what could not."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView

from detections.guide.figures import source_figures, unknown_ids
from detections.models import Rule, SourceFile

SHOWN = 50


class SourceListView(TemplateView):
    template_name = "sources/source_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader = self.request.reader
        rules = Rule.objects.visible_to(reader).live()
        files = SourceFile.objects.visible_to(reader).with_problems()
        unknown = unknown_ids(reader)
        return super().get_context_data(
            sources=source_figures(reader),
            unread=rules.not_parsed_in_full().select_related("source", "text")[:SHOWN],
            unread_count=rules.not_parsed_in_full().count(),
            files=files.select_related("source").in_order()[: 2 * SHOWN],
            files_count=files.count(),
            unknown=unknown[: 2 * SHOWN],
            unknown_count=unknown.count(),
            **kwargs,
        )
