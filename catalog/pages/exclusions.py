"""Exclusions: the list, the rules behind each, their groups, and their text as a Sigma filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from catalog.facets import Counts, exclusion_counts
from catalog.filters.exclusions import ExclusionFilterSet
from catalog.ordering import EXCLUSION_ORDERS
from catalog.pages.filtering import Asked, ask, number_asked
from catalog.pages.lists import cleared, columns, facets, in_force, with_rows_left, words_shown
from catalog.pages.rules import opened
from detections.guide.exclusions import GROUPS, exclusion_rows, group_rows, rules_excluding
from detections.guide.sigma_filter import MOST, sigma_filter
from detections.importing.names import current_catalogue
from detections.models import Indicator, Rule, Technique
from detections.normalization.satisfiable import reasons

PAGE = 50
LARGEST_PAGE = 500
OPENED = 50  # rules that open in place
WORDS_OF_A_FACET = 24  # of one with very many: the others stand on the page of its group
FACETS = {
    "satisfiable": "Attacker can satisfy it", "reason": "Why", "vendor": "Vendor", "platform": "Platform",
    "field": "Field", "program": "Program", "operator": "Operator",
}  # fmt: skip
TITLES = {**FACETS, "q": "Part of the value", "technique": "Technique", "key": "Chosen"}
COLUMNS = {
    "field": "Field", "operator": "Kind", "value": "Value", "program": "Program", "rules": "Rules",
    "checked": "Checked by",
}  # fmt: skip
GROUP_TITLES = {
    "field": "Field", "program": "Program", "reason": "Reason", "vendor": "Vendor", "platform": "Platform",
    "technique": "Technique",
}  # fmt: skip


class ExclusionPage(View):
    """What the pages of exclusions share: the filters, and the words shown for them."""

    def ask(self, *own: str) -> Asked:
        reader = self.request.reader
        return ask(self.request, ExclusionFilterSet, Indicator.objects.exclusions(reader).with_reach(reader), own)

    def words(self) -> Mapping[str, Mapping[str, str]]:
        return {**words_shown(self.request.reader), "reason": {slug: row.title for slug, row in reasons().items()}}


class ExclusionListView(ExclusionPage):
    """Those that most rules share first, unless `ordering` says otherwise."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.ask()
        size, number = number_asked(request, asked, "page_size", PAGE), number_asked(request, asked, "page", 1)
        context: dict[str, Any] = {
            "errors": asked.errors,
            "words": request.GET.get("q", ""),
            "kept": asked.besides("q", "page", *FACETS),
            "groups": GROUP_TITLES,
        }
        if not asked.errors:
            context |= self.listed(asked, Paginator(asked.filterset.in_order, min(size, LARGEST_PAGE)).get_page(number))
        return render(request, "exclusions/exclusion_list.html", context, status=400 if asked.errors else 200)

    def listed(self, asked: Asked, page: Page) -> dict[str, Any]:
        words = self.words()
        filters = in_force(asked, words, TITLES)
        counts = exclusion_counts(asked.filterset)
        return {
            "page_obj": page,
            "rows": exclusion_rows(page.object_list, asked.filterset.rules, self.request.reader),
            "vendors": words["vendor"],
            "of_rules": bool(asked.filterset.asked_of_rules()),
            "facets": facets(asked, shortened(asked, counts), FACETS, words),
            "in_force": filters if page.paginator.count else with_rows_left(asked.filterset, filters),
            "cleared": cleared(asked),
            "columns": columns(asked.filterset.ordering, EXCLUSION_ORDERS, COLUMNS),
            "filter_query": urlencode(asked.besides("page", "page_size", "ordering")),
            "most": MOST,
        }


def shortened(asked: Asked, counts: Counts) -> Counts:
    """The counts, of each facet the words with most rows and those that were chosen."""
    chosen = asked.filterset.form.cleaned_data
    found = {}
    for facet, words in counts.items():
        ranked = sorted(words, key=lambda word: (-words[word], word))
        kept = {*ranked[:WORDS_OF_A_FACET], *(chosen[facet] or ())} if facet in ("field", "program") else words
        found[facet] = {word: words[word] for word in ranked if word in kept}
    return found


class ExclusionRulesView(ExclusionPage):
    """The rules that share an exclusion, of those that the filters ask for."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        asked = self.ask()
        reader = request.reader
        indicator = Indicator.objects.exclusions(reader).with_reach(reader).filter(key=key).first()
        if indicator is None:
            raise Http404("No live rule excludes it.")
        page = number_asked(request, asked, "page", 1)
        context: dict[str, Any] = {"errors": asked.errors, "indicator": indicator, "value": indicator.value}
        if not asked.errors:
            rules = rules_excluding(asked.filterset.rules, key)
            indicator.rules = indicator.seen_excluded
            context |= self.content(indicator, rules, page)
        if asked.errors:
            return render(request, "exclusions/exclusion_rules.html", context, status=400)
        return opened(request, "exclusions/_rules.html", "exclusions/exclusion_rules.html", context)

    def content(self, indicator: Indicator, rules: QuerySet[Rule], page: int) -> dict[str, Any]:
        reader = self.request.reader
        row = exclusion_rows([indicator], Rule.objects.visible_to(reader).live(), reader)[0]
        pages = Paginator(rules.for_list(), OPENED if self.request.htmx else 2 * OPENED)
        found = pages.get_page(page)
        text = sigma_filter([row], (), title_of([row]), reader, current_catalogue())
        return {"row": row, "value": row.value, "page_obj": found, "rules": found.object_list, "sigma": text}


class ExclusionGroupView(ExclusionPage):
    """Exclusions by what they have in common: fields, programs, reasons, vendors, platforms or techniques."""

    def get(self, request: HttpRequest, by: str) -> HttpResponse:
        if by not in GROUPS:
            raise Http404(f"Exclusions fall into groups by {', '.join(GROUPS)}.")
        asked = self.ask()
        page = number_asked(request, asked, "page", 1)
        context: dict[str, Any] = {
            "errors": asked.errors, "by": by, "title": GROUP_TITLES[by], "groups": GROUP_TITLES,
            "words": request.GET.get("q", ""), "kept": asked.besides("q", "page"),
        }  # fmt: skip
        if not asked.errors:
            rows = group_rows(asked.filterset.qs, asked.filterset.rules, by)
            pages = Paginator(rows, 100).get_page(page)
            words = self.words()
            context |= {
                "page_obj": pages,
                "shown": names_of(by, words),
                "in_force": in_force(asked, words, TITLES),
                "cleared": cleared(asked),
                "filter_query": urlencode(asked.besides("page", "page_size", "ordering", by)),
            }
        return render(request, "exclusions/exclusion_groups.html", context, status=400 if asked.errors else 200)


def names_of(by: str, words: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """The names of a group's words for people, where they have others."""
    if by == "technique":
        return {row.attack_id: row.full_name for row in Technique.objects.in_force().select_related("parent")}
    return words.get(by, {})


class ExclusionSigmaView(ExclusionPage):
    """The exclusions that the filters leave, the ones that most rules share first, as Sigma filters to copy."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.ask()
        context: dict[str, Any] = {"errors": asked.errors}
        if not asked.errors:
            reader = request.reader
            rules, found = asked.filterset.rules, asked.filterset.in_order
            rows = exclusion_rows(found[:MOST], rules, reader)
            words = self.words()
            context |= {
                "rows": rows,
                "total": found.count() if len(rows) == MOST else len(rows),
                "sigma": sigma_filter(rows, (), title_of(rows, asked), reader, current_catalogue()),
                "in_force": in_force(asked, words, TITLES),
                "cleared": cleared(asked),
                "list_at": f"{reverse('exclusion-list')}?{asked.query}",
            }
        return render(request, "exclusions/exclusion_sigma.html", context, status=400 if asked.errors else 200)


def title_of(rows: Any, asked: Asked | None = None) -> str:
    """A filter's title: what is excluded."""
    chosen = asked.filterset.form.cleaned_data["technique"] if asked else []
    if chosen:
        return f"Exclusions of rules for {', '.join(chosen[:3])}"
    if len(rows) == 1:
        return f"Exclusion of {rows[0].program or rows[0].value[:60] or 'an empty value'}"
    programs = [row.program for row in rows if row.program]
    if programs and len(set(programs)) == 1 and len(programs) == len(rows):
        return f"Exclusions of {programs[0]}"
    return f"{len(rows)} exclusions shared by detection rules"
