"""The search box that every page carries: where its words lead, and what is suggested while somebody types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View

from catalog.context import SECTIONS
from catalog.filters.kinds import MOST_WORDS
from detections.models import Reader, Rule
from detections.searching.hits import fields_with, indicators_with, shown_indicators, techniques_with

LONGEST = 200  # characters of a search
SUGGESTED = 12
TECHNIQUE_ID = re.compile(r"\s*(t\d{4}(?:\.\d{3})?)\s*", re.IGNORECASE)
# How many suggestions a group may have, in the order of the groups.
MOST = {"technique": 3, "field": 3, "indicator": 3, "rule": 4, "page": 2}

Suggestion = dict[str, str]


class SearchView(View):
    """An id leads to its technique, anything else to the rules with these words in their titles."""

    def get(self, request: HttpRequest) -> HttpResponse:
        words = written(request)
        found = TECHNIQUE_ID.fullmatch(words)
        if found:
            return redirect("technique-detail", attack_id=found[1].upper())
        return redirect(f"{reverse('rule-list')}?{urlencode({'q': words})}" if words else reverse("rule-list"))


class SuggestView(View):
    """What the palette offers for the words typed so far.

    `{"results": [{"group", "title", "detail", "url"}]}`, twelve at most; the groups are technique, field, indicator,
    rule and page, in this order. Nothing typed: the pages.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        words = written(request).split()[:MOST_WORDS]
        found = list(_suggestions(words, request.reader)) if words else []
        found += _pages(words)
        return JsonResponse({"results": found[:SUGGESTED]})


def written(request: HttpRequest) -> str:
    """What stands in the box, without what no database can hold."""
    text = request.GET.get("q", "").encode(errors="ignore").decode()
    return text.replace("\x00", "").strip()[:LONGEST]


def _suggestions(words: list[str], reader: Reader) -> Iterator[Suggestion]:
    for technique in techniques_with(words)[: MOST["technique"]]:
        at = reverse("technique-detail", args=[technique.attack_id])
        yield _suggestion("technique", technique.full_name, technique.attack_id, at)
    for field in fields_with(words, reader)[: MOST["field"]]:
        detail = f"{field.rules:,} rules" if field.rules != 1 else "1 rule"
        yield _suggestion("field", field.field, detail, reverse("field-detail", args=[field.field]))
    for hit in shown_indicators(indicators_with(words, reader)[: MOST["indicator"]], reader):
        at = reverse("indicator-detail", args=[hit.key])
        yield _suggestion("indicator", hit.value, f"{hit.field} {hit.operator}", at)
    for rule in _rules(words, reader)[: MOST["rule"]]:
        at = reverse("rule-detail", args=[rule.source.slug, rule.own_id])
        yield _suggestion("rule", rule.title, rule.source.name, at)


def _rules(words: list[str], reader: Reader) -> Any:
    rules = Rule.objects.visible_to(reader).live().select_related("source").defer("description")
    for word in words:
        rules = rules.filter(title__icontains=word)
    return rules.in_order()


def _pages(words: list[str]) -> list[Suggestion]:
    wanted = " ".join(words).lower()
    found = [(word, name) for _, word, name in SECTIONS if word.lower().startswith(wanted)]
    return [_suggestion("page", word, "", reverse(name)) for word, name in (found[: MOST["page"]] if words else found)]


def _suggestion(group: str, title: str, detail: str, url: str) -> Suggestion:
    return {"group": group, "title": title, "detail": detail, "url": url}
