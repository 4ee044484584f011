"""Two vendors side by side, technique by technique, and the same as CSV."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from catalog.coverage import comparison_of, value_words
from catalog.exports import csv
from catalog.exports.download import download, refused_format
from catalog.filters.techniques import CompareFilterSet
from catalog.pages.filtering import Choice, ask
from catalog.pages.lists import cleared, in_force
from catalog.pages.matrix import TITLES
from catalog.templatetags.wording import query_with
from detections.models import Source, Technique

FORMATS = ("csv",)
SELECTS = ("platform", "domain", "status")


class CompareView(View):
    """`vendor` stands twice, for the two that are compared; `show` leaves one of the four states."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, CompareFilterSet, Technique.objects.in_force())
        errors = asked.errors | refused_format(request, FORMATS)
        pair = asked.filterset.pair
        comparison = None if errors else comparison_of(asked.filterset)
        if comparison and request.GET.get("format") in FORMATS:
            name = f"{comparison.first.slug}-and-{comparison.second.slug}.csv"
            return download(csv.compare_csv(comparison), csv.CONTENT_TYPE, name)
        shown = _state_words(pair)
        context: dict[str, Any] = {
            "errors": errors,
            "comparison": comparison,
            "pair": list(zip(("First", "Second"), pair, strict=False)),
            "sources": Source.objects.visible_to(request.reader).in_order(),
            "choices": [
                Choice("show", "Show", "all", tuple(shown.items()), asked.data.get("show", ""), ()),
                *(asked.choice(name, name.capitalize(), "all") for name in SELECTS),
            ],
            "kept": asked.besides("vendor", "show", *SELECTS, "format"),
            "state_words": shown,
            "narrow_words": _state_words(()),  # a phone has no room for the names of sources
        }
        if comparison:
            words = value_words(list(pair)) | {"show": shown}
            vendors = [("vendor", source.slug) for source in pair]
            others = asked.besides("vendor", "format")
            of_rules = [(name, value) for name, value in others if name in CompareFilterSet.OF_RULES]
            context |= {
                "in_force": [one for one in in_force(asked, words, TITLES) if one.name != "vendor"],
                "cleared": cleared(asked, vendors),
                "every_row": not {"show", "q", "parent"}
                & set(asked.data),  # each parent stands above its sub-techniques
                "rule_query": query_with(urlencode(vendors + of_rules)),
                "state_query": urlencode(vendors + asked.besides("vendor", "show", "format")),
                "tactic_query": urlencode(vendors + asked.besides("vendor", "show", "format", "tactic")),
                "swap_query": urlencode([*reversed(vendors), *others]),
                "export_query": urlencode(vendors + others),
            }
        return render(request, "compare/compare.html", context, status=400 if errors else 200)


def _state_words(pair: tuple[Source, ...]) -> dict[str, str]:
    first, second = (source.name for source in pair) if len(pair) == 2 else ("first", "second")
    return {"both": "both", "first": f"only {first}", "second": f"only {second}", "neither": "neither"}
