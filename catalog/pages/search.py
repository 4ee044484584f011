"""The search: its page, where an id typed into the box leads, and what is suggested while somebody types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from catalog.context import SECTIONS
from catalog.pages.filtering import whole_number
from catalog.searching import WHOLE, Results, results_of, rules_asked
from catalog.words import unknown_parameter
from detections.models import Reader, Rule
from detections.searching.grammar import LONGEST, Search, parse
from detections.searching.highlighting import parts_of
from detections.searching.hits import fields_with, indicators_with, shown_indicators, techniques_with

SUGGESTED = 12
TECHNIQUE_ID = re.compile(r"t\d{4}(?:\.\d{3})?", re.IGNORECASE)
# How many suggestions a group may have, in the order of the groups.
MOST = {"technique": 3, "field": 3, "indicator": 3, "rule": 4, "page": 2}
PARAMETERS = ("q", "group", "page")

Suggestion = dict[str, str]


class SearchView(View):
    """An exact id of a technique or a rule leads straight there; `group` shows all of one group, page by page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        text, errors = written(request), _errors(request)
        context: dict[str, Any] = {"words": text, "errors": errors, "only": request.GET.get("group", "")}
        if not errors and text:
            straight = _straight(text, request.reader)
            if straight is not None:
                return straight
            results = results_of(request, text, context["only"], whole_number(request, "page", 1))
            context |= {"results": results, "problem_parts": _marked_problems(results)}
        wrong = errors or (text and results.problems)
        return render(request, "search/search.html", context, status=400 if wrong else 200)


class SuggestView(View):
    """What the palette offers for what is typed so far.

    `{"results": [{"group", "title", "detail", "url"}]}`, twelve at most; the groups are technique, field, indicator,
    rule and page, in this order. Nothing typed: the pages.
    """

    def get(self, request: HttpRequest) -> JsonResponse:
        text = written(request)
        found = [*_suggestions(request, text), *_pages(text)] if text else _pages("")
        return JsonResponse({"results": found[:SUGGESTED]})


def written(request: HttpRequest) -> str:
    """What stands in the box, without what no database can hold."""
    text = request.GET.get("q", "").encode(errors="ignore").decode()
    return text.replace("\x00", "").strip()[: LONGEST + 1]


def _errors(request: HttpRequest) -> dict[str, list[str]]:
    unknown = [name for name in request.GET if name not in PARAMETERS]
    found = {name: [unknown_parameter(name, PARAMETERS)] for name in unknown}
    if request.GET.get("group", "") not in ("", *WHOLE):
        found["group"] = [f"Write one of: {', '.join(WHOLE)}."]
    if not whole_number(request, "page", 1):
        found["page"] = ["Write a whole number from 1."]
    return found


def _straight(text: str, reader: Reader) -> HttpResponseRedirect | None:
    """The page of the technique or of the one rule whose id `text` is."""
    if TECHNIQUE_ID.fullmatch(text):
        return redirect("technique-detail", attack_id=text.upper())
    search = parse(text)
    if len(search.words) != 1 or not search.is_plain:
        return None
    rules = Rule.objects.visible_to(reader).filter(own_id=search.words[0].text.lower()).order_by("-live", "pk")
    found = list(rules.select_related("source").defer("description")[:2])
    alone = len(found) == 1 or (len(found) == 2 and found[0].live and not found[1].live)
    return redirect("rule-detail", found[0].source.slug, found[0].own_id) if alone else None


def _marked_problems(results: Results) -> tuple[Any, ...]:
    """What was typed, with the places that could not be read."""
    places = {(one.start, one.end) for one in results.problems if one.start is not None and one.end is not None}
    return parts_of(results.asked.text, sorted(places)) if places else ()


def _suggestions(request: HttpRequest, text: str) -> Iterator[Suggestion]:
    reader, asked = request.reader, parse(text)
    words = " ".join(asked.sought).split()
    if words and asked.is_plain:
        yield from _named(asked, words, reader)
    filterset = rules_asked(request, text)
    if filterset.errors:
        return
    for rule in filterset.in_order.select_related("source").defer("description")[: MOST["rule"]]:
        at = reverse("rule-detail", args=[rule.source.slug, rule.own_id])
        yield _suggestion("rule", rule.title, rule.source.name, at)


def _named(asked: Search, words: list[str], reader: Reader) -> Iterator[Suggestion]:
    for technique in techniques_with(words)[: MOST["technique"]]:
        at = reverse("technique-detail", args=[technique.attack_id])
        yield _suggestion("technique", technique.full_name, technique.attack_id, at)
    for field in fields_with(words, reader)[: MOST["field"]]:
        detail = f"{field.rules:,} rules" if field.rules != 1 else "1 rule"
        yield _suggestion("field", field.field, detail, reverse("field-detail", args=[field.field]))
    for hit in shown_indicators(indicators_with(asked.sought, reader)[: MOST["indicator"]], reader):
        at = reverse("indicator-detail", args=[hit.key])
        yield _suggestion("indicator", hit.value, f"{hit.field} {hit.operator}", at)


def _pages(text: str) -> list[Suggestion]:
    found = [(word, name) for _, word, name in SECTIONS if word.lower().startswith(text.lower())]
    return [_suggestion("page", word, "", reverse(name)) for word, name in (found[: MOST["page"]] if text else found)]


def _suggestion(group: str, title: str, detail: str, url: str) -> Suggestion:
    return {"group": group, "title": title, "detail": detail, "url": url}
