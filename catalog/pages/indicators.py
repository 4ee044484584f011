"""Indicators: the list, and one: who checks it, who excludes it, how else it is written, what stands beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.views import View

from catalog.facets import rule_counts
from catalog.filters.indicators import IndicatorFilterSet, OneIndicatorFilterSet
from catalog.filters.rules import RuleListFilterSet
from catalog.ordering import INDICATOR_ORDERS
from catalog.pages.filtering import Asked, ask, number_asked, whole_number
from catalog.pages.guide_tables import Table, rows_table
from catalog.pages.lists import FIXED_WORDS, cleared, columns, facets, in_force, with_rows_left, words_shown
from catalog.pages.rules import FACETS as RULE_FACETS
from detections.guide.indicator import Equivalents, equivalents, spelled, spellings
from detections.guide.profile import Profile, build_profile, uses_of
from detections.models import Indicator, Reader, Rule

PAGE = 50
LARGEST_PAGE = 500
MOST_COUNTED = 10_000  # indicators of a list that are counted and can be paged through
FIRST_RULES = 25
FIRST_SPELLINGS = 12
FIRST_TECHNIQUES = 10
MORE = 200
SELECTS = ("operator", "role", "vendor")
TITLES = {
    "q": "Part of the value", "field": "Field", "operator": "Operator", "role": "Role", "vendor": "Vendor",
    "min_reach": "Reach from",
}  # fmt: skip
COLUMNS = {
    "field": "Field", "operator": "Operator", "value": "Value", "reach": "Corpus reach", "excluded": "Excluded by",
}  # fmt: skip
FACETS = {name: title for name, title in RULE_FACETS.items() if name not in ("tactic", "live")}


class BoundedPaginator(Paginator):
    """Pages of the first `MOST_COUNTED` rows; `more` says that there are others behind."""

    @cached_property
    def counted(self) -> int:
        return self.object_list.order_by()[: MOST_COUNTED + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self.counted, MOST_COUNTED)

    @property
    def more(self) -> bool:
        return self.counted > MOST_COUNTED


class IndicatorListView(View):
    """The indicators that a live rule uses, those of the largest reach first unless `ordering` says otherwise."""

    def get(self, request: HttpRequest) -> HttpResponse:
        reader = request.reader
        asked = ask(request, IndicatorFilterSet, Indicator.objects.in_use(reader).with_reach(reader))
        size, number = number_asked(request, asked, "page_size", PAGE), number_asked(request, asked, "page", 1)
        vendors = words_shown(reader)["vendor"]
        context: dict[str, Any] = {
            "errors": asked.errors,
            "choices": [asked.choice(name, TITLES[name], "all", {"vendor": vendors}.get(name)) for name in SELECTS],
            "written": {name: asked.data.get(name, "") for name in ("q", "field", "min_reach")},
            "kept": asked.besides("q", "min_reach", "field", "page", "format", *SELECTS) + self.further_fields(asked),
        }
        if not asked.errors:
            pages = BoundedPaginator(asked.filterset.in_order, min(size, LARGEST_PAGE))
            page = pages.get_page(number)
            filters = in_force(asked, {"vendor": vendors}, TITLES)
            context |= {
                "page_obj": page,
                "rows": spelled(list(page.object_list), reader),
                "in_force": filters if pages.count else with_rows_left(asked.filterset, filters),
                "cleared": cleared(asked),
                "columns": columns(asked.filterset.ordering, INDICATOR_ORDERS, COLUMNS),
            }
        return render(request, "indicators/indicator_list.html", context, status=400 if asked.errors else 200)

    @staticmethod
    def further_fields(asked: Asked) -> list[tuple[str, str]]:
        """Of several fields those that the form's one box does not hold."""
        return [("field", field) for field in asked.data.getlist("field")[1:] if field]


class IndicatorPage(View):
    """An indicator by its key; one that no live rule of the reader's uses is not there."""

    def indicator(self, request: HttpRequest, key: str) -> Indicator:
        return get_object_or_404(Indicator.objects.in_use(request.reader), key=key)


class IndicatorDetailView(IndicatorPage):
    """In place the spellings open; the page has everything."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        indicator = self.indicator(request, key)
        if request.htmx:
            vendors, _ = uses_of(key, request.reader)
            context: dict[str, Any] = {
                "indicator": indicator,
                "reach": sum(row.checks for row in vendors),
                "vendors": sum(row.checks > 0 for row in vendors),
                "equivalents": equivalents(key, request.reader),
            }
            response = render(request, "indicators/_opened.html", context)
        else:
            asked = ask(request, OneIndicatorFilterSet, Indicator.objects.none())
            context = {"indicator": indicator, "value": indicator.value, "errors": asked.errors}
            if not asked.errors:
                context |= self.content(build_profile(indicator, request.reader), asked)
            response = render(request, "indicators/indicator_detail.html", context, status=400 if asked.errors else 200)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def content(self, profile: Profile, asked: Asked) -> dict[str, Any]:
        reader, key = self.request.reader, profile.indicator.key
        excluded = asked.data.get("excluded") == "1" or not profile.reach
        return {
            "profile": profile,
            "value": profile.value,
            "spellings": spelling_table(key, profile.equivalents, FIRST_SPELLINGS),
            "techniques": technique_table(key, profile.techniques, FIRST_TECHNIQUES),
            "excluded": excluded,
            "number": profile.excluded if excluded else profile.reach,
        } | self.rules(reader, profile.indicator, {row.id: row.name for row in profile.vendors}, excluded=excluded)

    def rules(self, reader: Reader, indicator: Indicator, vendors: dict[str, str], *, excluded: bool) -> dict[str, Any]:
        """The first rules that check it, or exclude it, and the facets that lead to the list of rules."""
        query = {"excluded_indicator" if excluded else "indicator": indicator.key}
        data = QueryDict(urlencode(query))
        filterset = RuleListFilterSet(data, queryset=Rule.objects.visible_to(reader), request=self.request)
        filterset.indicators = {indicator.key: indicator}
        words = {**FIXED_WORDS, "vendor": vendors}
        rules_at = reverse("rule-list")
        return {
            "rules": filterset.in_order.for_list()[:FIRST_RULES],
            "facets": facets(Asked(filterset.qs, filterset, data), rule_counts(filterset), FACETS, words),
            "kept": list(query.items()),
            "rules_at": rules_at,
            "all_at": f"{rules_at}?{data.urlencode()}",
        }


class IndicatorRowsView(IndicatorPage):
    """Further rows of one of the tables of an indicator's page."""

    fragment = ""
    heading = ""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        indicator = self.indicator(request, key)
        table = self.table(key, request.reader, whole_number(request, "offset", 0))
        context = {
            "indicator": indicator,
            "value": spellings([key], request.reader).get(key, indicator.value),
            "table": table,
            "heading": self.heading,
            "fragment": self.fragment,
        }
        template = self.fragment if request.htmx else "indicators/indicator_rows.html"
        response = render(request, template, context)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def table(self, key: str, reader: Reader, offset: int) -> Table:
        raise NotImplementedError


class IndicatorSpellingsView(IndicatorRowsView):
    fragment = "indicators/_spelling_rows.html"
    heading = "Ways to write it"

    def table(self, key: str, reader: Reader, offset: int) -> Table:
        return spelling_table(key, equivalents(key, reader), MORE, offset)


class IndicatorTechniquesView(IndicatorRowsView):
    fragment = "indicators/_technique_rows.html"
    heading = "Techniques of the rules that use it"

    def table(self, key: str, reader: Reader, offset: int) -> Table:
        return technique_table(key, uses_of(key, reader)[1], MORE, offset)


def spelling_table(key: str, found: Equivalents, most: int, offset: int = 0) -> Table:
    return rows_table("indicator-spellings", key, found.rows, "", offset, most)


def technique_table(key: str, rows: tuple[Any, ...], most: int, offset: int = 0) -> Table:
    return rows_table("indicator-techniques", key, rows, "", offset, most)
