"""Rules: the list, one rule with its marked text and tree, and its reading that opens in place."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.filters import RuleListFilterSet
from catalog.pages.beyond import beyond
from catalog.pages.filtering import ask
from catalog.pages.marking import marked_lines, marks, tree_list
from catalog.pages.reading import read
from catalog.templatetags.wording import LANGUAGE_NAMES, PARSE_WORDS
from detections.models import Rule

PAGE = 50
LARGEST_PAGE = 500
MARK_WORDS = {
    "check": "checked", "excluded": "excluded", "scope": "scope", "derived": "derived", "beside": "beside the query",
}  # fmt: skip


class RuleListView(View):
    """Live rules unless `live` says otherwise, by title, with every filter of the API."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rules = Rule.objects.visible_to(request.reader).in_order().for_list()
        asked = ask(request, RuleListFilterSet, rules, ("page", "page_size"))
        size, page = _number(request, "page_size", PAGE), _number(request, "page", 1)
        for name, number in (("page_size", size), ("page", page)):
            if not number:
                asked.errors[name] = ["Write a whole number from 1."]
        paginator = Paginator(asked.rows, min(size or PAGE, LARGEST_PAGE))
        context = {
            "errors": asked.errors,
            "page_obj": None if asked.errors else paginator.get_page(page),
            "asked": asked,
            "choices": [
                asked.choice("vendor", "Vendor", "all"),
                asked.choice("platform", "Platform", "all"),
                asked.choice("domain", "Domain", "all"),
                asked.choice("language", "Language", "all", LANGUAGE_NAMES),
                asked.choice("level", "Level", "all"),
                asked.choice("status", "Status", "all"),
                asked.choice("parse", "Parsed", "all", PARSE_WORDS),
            ],
            "kept": asked.besides("q", "vendor", "platform", "domain", "language", "level", "status", "parse"),
            "words": request.GET.get("q", ""),
        }
        return render(request, "rules/rule_list.html", context, status=400 if asked.errors else 200)


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
