"""Where the rules come from, how far they could be read, and what could not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from catalog.facets import source_counts
from catalog.filters.sources import SourceFilterSet
from catalog.pages.filtering import Asked, ask
from catalog.pages.lists import cleared, facets, in_force, with_rows_left, words_shown
from detections.guide.figures import CatalogFigures, source_figures, unknown_ids
from detections.models import Source, SourceFile

SHOWN = 50
UNREAD = [("parse", "partial"), ("parse", "none")]
FACETS = {"vendor": "Source", "public": "Seen by", "language": "Language", "parse": "Parsed"}


class SourceListView(View):
    """The sources with their live rules by language, and what could not be read of the sources asked for."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, SourceFilterSet, Source.objects.visible_to(request.reader))
        context: dict[str, Any] = {"errors": asked.errors}
        if not asked.errors:
            context |= self.listed(asked)
        return render(request, "sources/source_list.html", context, status=400 if asked.errors else 200)

    def listed(self, asked: Asked) -> dict[str, Any]:
        reader = self.request.reader
        figures = CatalogFigures(source_figures(asked.rows, asked.filterset.rules))
        rules = asked.filterset.rules.live().not_parsed_in_full()
        mine = asked.rows.order_by().values("pk")
        files = SourceFile.objects.visible_to(reader).with_problems().filter(source__in=mine)
        unknown = unknown_ids(reader).filter(rule__source__in=mine)
        words = words_shown(reader)
        filters = in_force(asked, words, FACETS)
        chosen = asked.filterset.form.cleaned_data
        some = [("vendor", row.source.slug) for row in figures.sources] if chosen["vendor"] or chosen["public"] else []
        languages = [("language", language) for language in chosen["language"]]
        parses = [("parse", parse) for parse in chosen["parse"]]
        return {
            "figures": figures,
            "facets": facets(asked, source_counts(asked.filterset), FACETS, words),
            "in_force": filters if figures.sources else with_rows_left(asked.filterset, filters),
            "cleared": cleared(asked),
            "kept": asked.besides(*FACETS),
            "vendor_query": urlencode(some),
            "parse_query": urlencode(parses),
            "both_query": urlencode([*some, *parses]),
            "unread_query": urlencode([*some, *languages, *(parses or UNREAD)]),
            "unread": rules.select_related("source", "text")[:SHOWN],
            "unread_count": rules.count(),
            "files": files.select_related("source").in_order()[: 2 * SHOWN],
            "files_count": files.count(),
            "unknown": unknown[: 2 * SHOWN],
            "unknown_count": unknown.count(),
        }
