"""The ATT&CK matrix, and the same as CSV and as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from catalog.coverage import counted_sources, matrix_of, said, value_words
from catalog.exports import csv, svg
from catalog.exports.download import download, refused_format
from catalog.filters.techniques import MatrixFilterSet
from catalog.pages.filtering import Asked, Choice, ask
from catalog.pages.lists import cleared, in_force
from catalog.shades import legend, legend_of_vendors
from catalog.templatetags.wording import query_with
from detections.models import Source, Technique

TITLES = {"q": "Words", "attack_platform": "Platform of ATT&CK", "parent": "Sub-techniques of", "parse": "Parsed"}
VIEWS = {"vendors": "rules of each vendor"}
FORMATS = ("csv", "svg")
SELECTS = ("show", "vendor", "platform", "domain", "status")


class MatrixView(View):
    """Every technique in its column with its rules. Filters of rules choose what is counted.

    `show` leaves what is covered, or what is missing; `view=vendors` tells the rules of each vendor in every cell.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, MatrixFilterSet, Technique.objects.in_force(), ("view",))
        view = request.GET.get("view", "")
        errors = asked.errors | refused_format(request, FORMATS)
        if view not in ("", *VIEWS):
            errors["view"] = [f"Write {' or '.join(VIEWS)}, or nothing."]
        sources = counted_sources(asked.filterset)
        if not errors and request.GET.get("format") in FORMATS:
            return self.exported(request, asked, sources)
        shown = asked.filterset.chosen("show")
        context: dict[str, Any] = {
            "errors": errors,
            "choices": [
                asked.choice("show", "Show", "all"),
                Choice("view", "Cells", "number of rules", tuple(VIEWS.items()), view, ()),
                *(asked.choice(name, name.capitalize(), "all") for name in SELECTS[1:]),
            ],
            "kept": asked.besides(*SELECTS, "format"),
        }
        if not errors:
            own = [("view", view)] if view else []
            context |= {
                "matrix": matrix_of(asked.filterset),
                "in_force": in_force(asked, value_words(sources), TITLES, own),
                "cleared": cleared(asked, own),
                "shown": shown,
                "unfolded": shown == "missing" or "q" in asked.data,
                "sources": sources,
                "marks": short_marks(source.slug for source in sources) if view else None,
                "legend": legend_of_vendors(len(sources)) if view else legend(),
                "rule_query": rule_query(asked),
                "export_query": urlencode(asked.besides("format")),
            }
        return render(request, "matrix/matrix.html", context, status=400 if errors else 200)

    @staticmethod
    def exported(request: HttpRequest, asked: Asked, sources: list[Source]) -> HttpResponse:
        matrix = matrix_of(asked.filterset)
        if request.GET["format"] == "csv":
            return download(csv.matrix_csv(matrix, sources), csv.CONTENT_TYPE, "matrix.csv")
        picture = svg.matrix_svg(
            matrix,
            said=said(asked.filterset, value_words(sources)),
            attack_version=request.generation.attack_version,
            subtechniques=bool(asked.filterset.chosen("show")),
        )
        return download(picture, svg.CONTENT_TYPE, "matrix.svg")


def rule_query(asked: Asked) -> str:
    """The filters of rules as the query of a technique's guide."""
    return query_with(urlencode([(name, value) for name, value in asked.besides() if name in asked.filterset.OF_RULES]))


def short_marks(slugs: Iterable[str]) -> dict[str, str]:
    """For each slug its shortest beginning, from two letters on, that no other shares."""
    known = list(slugs)
    return {
        slug: next(
            (
                slug[:length]
                for length in range(2, len(slug))
                if not any(other != slug and other.startswith(slug[:length]) for other in known)
            ),
            slug,
        )
        for slug in known
    }
