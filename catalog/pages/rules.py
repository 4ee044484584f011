"""Rules: the list, one rule with its marked text and tree, and its reading that opens in place."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.facets import rule_counts
from catalog.filters import RuleListFilterSet
from catalog.ordering import RULE_ORDERS
from catalog.pages.beyond import beyond
from catalog.pages.filtering import Asked, ask
from catalog.pages.lists import columns, facets, in_force, with_rows_left, words_shown
from catalog.pages.marking import marked_lines, marks, tree_list
from catalog.pages.reading import read
from detections.models import Rule

PAGE = 50
LARGEST_PAGE = 500
FACETS = {
    "vendor": "Vendor", "tactic": "Tactic", "platform": "Platform", "domain": "Domain", "level": "Level",
    "status": "Status", "language": "Language", "parse": "Parsed", "live": "Counted",
}  # fmt: skip
TITLES = {**FACETS, "q": "Words in the title", "technique": "Technique", "live": "Shown"}
COLUMNS = {"title": "Rule", "vendor": "Vendor", "level": "Level", "status": "Status", "modified": "Modified"}
MARK_WORDS = {
    "check": "checked", "excluded": "excluded", "scope": "scope", "derived": "derived", "beside": "beside the query",
}  # fmt: skip


class RuleListView(View):
    """Live rules unless `live` says otherwise, by title unless `ordering` does, with every filter of the API."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, RuleListFilterSet, Rule.objects.visible_to(request.reader))
        size, page = _number(request, "page_size", PAGE), _number(request, "page", 1)
        for name, number in (("page_size", size), ("page", page)):
            if not number:
                asked.errors[name] = ["Write a whole number from 1."]
        context: dict[str, Any] = {
            "errors": asked.errors,
            "words": request.GET.get("q", ""),
            "kept": asked.besides("q", "page", *FACETS),
        }
        if not asked.errors:
            rows = asked.filterset.in_order.for_list()
            context |= self.listed(asked, Paginator(rows, min(size, LARGEST_PAGE)).get_page(page))
        return render(request, "rules/rule_list.html", context, status=400 if asked.errors else 200)

    def listed(self, asked: Asked, page: Page) -> dict[str, Any]:
        shown = words_shown(self.request.reader)
        filters = in_force(asked, shown, TITLES)
        return {
            "page_obj": page,
            "facets": facets(asked, rule_counts(asked.filterset), FACETS, shown),
            "in_force": filters if page.paginator.count else with_rows_left(asked.filterset, filters),
            "columns": columns(asked.filterset.ordering or "title", RULE_ORDERS, COLUMNS),
        }


class RulePage(View):
    """A rule by its address: the slug of its source and its own id."""

    def rule(self, request: HttpRequest, source: str, own_id: str) -> Rule:
        rules = Rule.objects.visible_to(request.reader).for_page()
        return get_object_or_404(rules, source__slug=source, own_id=own_id)


class RuleDetailView(RulePage):
    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        text = rule.text
        first_line = text.query_line if text.query else text.line
        marked = marks(text.tree, text.beside)
        context = {
            "rule": rule,
            "reading": read(text, request.reader),
            "lines": marked_lines(text.marked_text, marked, first_line),
            "legend": [(kind, word) for kind, word in MARK_WORDS.items() if any(mark.kind == kind for mark in marked)],
            "tree": tree_list(text.tree),
            "demands": beyond(rule, request.reader),
        }
        return render(request, "rules/rule_detail.html", context)


class RuleReadingView(RulePage):
    """What a rule checks and excludes; without a script the rule's whole page says it."""

    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        context: dict[str, Any] = {
            "rule": rule,
            "reading": read(rule.text, request.reader),
            "demands": beyond(rule, request.reader),
        }
        template = "rules/_reading.html" if request.htmx else "rules/rule_reading.html"
        response = render(request, template, context)
        patch_vary_headers(response, ["HX-Request"])
        return response


def _number(request: HttpRequest, name: str, default: int) -> int:
    """A whole number from 1 in the address; 0 for anything else."""
    written = request.GET.get(name) or str(default)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0
