"""Rules: the list, one rule with its marked text and tree, and its reading that opens in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.facets import rule_counts
from catalog.filters.rules import RuleListFilterSet
from catalog.ordering import RULE_ORDERS
from catalog.pages.beyond import beyond
from catalog.pages.filtering import Asked, ask, number_asked, whole_number
from catalog.pages.lists import cleared, columns, facets, in_force, with_rows_left, words_shown
from catalog.pages.reading import SHOWN_VALUES, read, row_at
from catalog.pages.rule_text import shown_text
from catalog.pages.tree import tree_list
from catalog.templatetags.wording import shown
from detections.guide.indicator import spellings
from detections.guide.profile import checked_together
from detections.guide.similar import similar_rules
from detections.models import Indicator, Reader, Rule

PAGE = 50
LARGEST_PAGE = 500
VALUES_PAGE = 500
LONG_DOCUMENT = 20_000  # characters of a rule's file that stand folded on its page; a longer one has its own
FACETS = {
    "vendor": "Vendor", "tactic": "Tactic", "platform": "Platform", "domain": "Domain", "level": "Level",
    "status": "Status", "language": "Language", "parse": "Parsed", "live": "Counted",
}  # fmt: skip
TITLES = {
    **FACETS, "q": "Search", "technique": "Technique", "live": "Shown", "field": "Field", "operator": "How",
    "excluded": "It is", "written": "Name as written", "log_source": "Log source",
    "indicator": "Checks", "excluded_indicator": "Excludes",
}  # fmt: skip
LONGEST_VALUE = 60  # characters of a value in a filter's words
COLUMNS = {"title": "Rule", "vendor": "Vendor", "level": "Level", "status": "Status", "modified": "Modified"}


class RuleListView(View):
    """Live rules unless `live` says otherwise, by title or by closeness to the words unless `ordering` does, with every
    filter of the API.

    Every number of rules on the site leads here; with `opened=1` the first ones open in place.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, RuleListFilterSet, Rule.objects.visible_to(request.reader), ("opened",))
        if request.htmx and request.GET.get("opened") == "1" and not asked.errors:
            page = Paginator(asked.filterset.in_order.for_list(), PAGE).get_page(1)
            context = {"page_obj": page, "rules": page.object_list, "all_at": f"?{asked.query}"}
            return opened(request, "rules/_opened.html", "", context)
        size, page = number_asked(request, asked, "page_size", PAGE), number_asked(request, asked, "page", 1)
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
        reader, indicators = self.request.reader, asked.filterset.indicators
        tests = test_words(indicators, reader)
        words = {**words_shown(reader), "indicator": tests, "excluded_indicator": tests}
        filters = in_force(asked, words, TITLES)
        together = checked_together(asked.rows.live(), indicators, reader) if indicators and page else ()
        return {
            "page_obj": page,
            "together": together,
            "together_at": f"{reverse('rule-list')}?{urlencode(asked.besides('page', 'format'))}",
            "facets": facets(asked, rule_counts(asked.filterset), FACETS, words),
            "in_force": filters if page.paginator.count else with_rows_left(asked.filterset, filters),
            "cleared": cleared(asked),
            "ranked": "relevance" if asked.filterset.search.is_ranked else "",
            "ordering": asked.filterset.ordering,
            "columns": columns(asked.filterset.ordering or self._own_order(asked), RULE_ORDERS, COLUMNS),
        }

    @staticmethod
    def _own_order(asked: Asked) -> str:
        return "" if asked.filterset.is_ranked else "title"


def test_words(indicators: Mapping[str, Indicator], reader: Reader) -> dict[str, str]:
    """Each indicator by its key as `field operator value`. One query, none without."""
    if not indicators:
        return {}
    values = spellings(indicators, reader)
    return {
        key: f"{row.field} {row.operator} {shown(values.get(key, row.value), LONGEST_VALUE)}"
        for key, row in indicators.items()
    }


class RulePage(View):
    """A rule by its address: the slug of its source and its own id."""

    def rule(self, request: HttpRequest, source: str, own_id: str) -> Rule:
        rules = Rule.objects.visible_to(request.reader).for_page()
        return get_object_or_404(rules, source__slug=source, own_id=own_id)


class RuleDetailView(RulePage):
    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        text = shown_text(rule.text, rule.language)
        whole_at = reverse("rule-text", args=[source, own_id])
        text_at = whole_at if text.cut else ""
        long = rule.text.query and len(rule.text.text) > LONG_DOCUMENT
        context = {
            "rule": rule,
            "reading": read(rule.text, request.reader, values_at(rule)),
            "text": text,
            "text_at": text_at,
            "document_at": f"{whole_at}?document=1" if long else "",
            "tree": tree_list(rule.text.tree, text_at, text.end),
            "demands": beyond(rule, request.reader),
            "similar": similar_rules(rule, request.reader),
        }
        return render(request, "rules/rule_detail.html", context)


class RuleTextView(RulePage):
    """The whole of a text that is too long for the rule's page; with `document=1` the file around a query."""

    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        if request.GET.get("document") == "1":
            return render(request, "rules/rule_text.html", {"rule": rule, "document": True})
        context = {"rule": rule, "text": shown_text(rule.text, rule.language, whole=True)}
        return opened(request, "rules/_text.html", "rules/rule_text.html", context)


class RuleValuesView(RulePage):
    """Further values of one condition of a rule, by the condition's place."""

    def get(self, request: HttpRequest, source: str, own_id: str, place: int) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        row = row_at(read(rule.text, request.reader), place)
        offset = whole_number(request, "offset", SHOWN_VALUES)
        if row is None or not offset:
            raise Http404("The rule has no such condition.")
        end = offset + VALUES_PAGE
        context = {
            "rule": rule, "row": row, "offset": offset, "values": row.values[offset:end],
            "shown": min(end, len(row.values)), "total": len(row.values),
            "more": f"{request.path}?offset={end}" if end < len(row.values) else "",
        }  # fmt: skip
        return opened(request, "rules/_values.html", "rules/rule_values.html", context)


class RuleReadingView(RulePage):
    """What a rule checks and excludes; without a script the rule's whole page says it."""

    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(request, source, own_id)
        context: dict[str, Any] = {
            "rule": rule,
            "reading": read(rule.text, request.reader, values_at(rule)),
            "demands": beyond(rule, request.reader),
        }
        return opened(request, "rules/_reading.html", "rules/rule_reading.html", context)


def opened(request: HttpRequest, fragment: str, page: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment for htmx, the page around it for everybody else."""
    response = render(request, fragment if request.htmx else page, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def values_at(rule: Rule) -> str:
    """The address below which a condition's further values stand by its place."""
    return f"{reverse('rule-detail', args=[rule.source.slug, rule.own_id])}values/"
