"""What opens in place on a technique's page. The same addresses are pages of their own where no script runs."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from catalog.pages.filtering import Asked
from catalog.pages.guide_tables import MORE, Table, field_table, indicator_table, rows_table
from catalog.pages.techniques import FLAGS, TechniquePage
from catalog.templatetags.wording import query_with
from detections.guide.guide import (
    Guide,
    LogSourceRow,
    build_guide,
    more_indicators,
    rules_using,
    rules_with_field,
    rules_with_log_source,
)
from detections.guide.indicator import spellings
from detections.models import Indicator, Rule

PAGE = 100
OPENED = 50  # rules that open in place
LAST_OFFSET = 1_000_000


class OpenedPage(TechniquePage):
    """A fragment for htmx, the full page with the same content for everybody else."""

    own = (*TechniquePage.own, "excluded", "page")
    fragment = ""
    page = "techniques/opened.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        asked = self.ask()
        if request.GET.get("excluded", "") not in FLAGS:
            asked.errors["excluded"] = ["Write 1 for exclusions, 0 for what rules check."]
        context = {"technique": self.technique, "errors": asked.errors, "filter_query": self.filter_query(asked)}
        if not asked.errors:
            context |= self.content(asked, **kwargs)
        context["fragment"] = self.fragment
        template = self.fragment if request.htmx and not asked.errors else self.page
        response = render(request, template, context, status=400 if asked.errors else 200)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def content(self, asked: Asked, **kwargs: Any) -> dict[str, Any]:
        raise NotImplementedError

    @property
    def excluded(self) -> bool:
        return FLAGS.get(self.request.GET.get("excluded", ""), False)

    def offset(self) -> int:
        written = self.request.GET.get("offset", "0")
        return min(int(written), LAST_OFFSET) if written.isascii() and written.isdigit() else 0

    def rules_content(self, rules: QuerySet[Rule]) -> dict[str, Any]:
        """The rules of one page: the first ones in place, all of them page by page elsewhere."""
        size = OPENED if self.request.htmx else PAGE
        page = Paginator(rules.for_list(), size).get_page(self.request.GET.get("page"))
        return {"page_obj": page, "rules": page.object_list, "excluded": self.excluded}


class TechniqueIndicatorRulesView(OpenedPage):
    """The rules under a technique that check (or exclude) one value."""

    fragment = "techniques/_indicator_rules.html"

    def content(self, asked: Asked, *, key: str, **kwargs: Any) -> dict[str, Any]:
        reader = self.request.reader
        indicator = get_object_or_404(Indicator.objects.in_use(reader), key=key)
        rules = rules_using(self.technique, reader, asked.rows.live(), key, rollup=self.rollup, excluded=self.excluded)
        return self.rules_content(rules) | {
            "indicator": indicator,
            "value": spellings([key], reader).get(key, indicator.value),
            "names": self.names([indicator.field]),
        }


class TechniqueFieldRulesView(OpenedPage):
    """The rules under a technique that test (or exclude by) one field."""

    fragment = "techniques/_field_rules.html"
    own = (*OpenedPage.own, "operator")

    def content(self, asked: Asked, *, field: str, **kwargs: Any) -> dict[str, Any]:
        rules = rules_with_field(
            self.technique, self.request.reader, asked.rows.live(), field,
            rollup=self.rollup, excluded=self.excluded, operator=self.request.GET.get("operator") or None,
        )  # fmt: skip
        return self.rules_content(rules) | {
            "field": field,
            "operator": self.request.GET.get("operator", ""),
            "names": self.names([field]),
        }


class TechniqueRulesView(OpenedPage):
    """Further rules under a technique, behind the first ones of each vendor on its page: live ones unless `live` says
    otherwise."""

    fragment = "rules/_more_rules.html"
    page = "techniques/technique_rules.html"
    own = (*OpenedPage.own, "offset")

    def content(self, asked: Asked, **kwargs: Any) -> dict[str, Any]:
        rules = asked.rows if asked.filterset.form.cleaned_data["live"] else asked.rows.live()
        rules = rules.under_technique(self.technique, self.rollup).in_order()
        offset, total = self.offset(), rules.count()
        shown = min(offset + PAGE, total)
        address = reverse("technique-rules", args=[self.technique.attack_id])
        return {
            "rules": rules.for_list()[offset:shown],
            "offset": offset,
            "shown": shown,
            "total": total,
            "more": address + query_with(self.filter_query(asked), offset=shown) if shown < total else "",
        }


class TechniqueIndicatorsView(OpenedPage):
    """Further rows of a technique's table of indicators."""

    fragment = "techniques/_indicator_rows.html"
    page = "techniques/technique_indicators.html"
    own = (*OpenedPage.own, "offset")

    def content(self, asked: Asked, **kwargs: Any) -> dict[str, Any]:
        reader, excluded, offset = self.request.reader, self.excluded, self.offset()
        rows = more_indicators(
            self.technique, reader, asked.rows, rollup=self.rollup, excluded=excluded, offset=offset, limit=MORE
        )
        guide = build_guide(self.technique, reader, asked.rows, rollup=self.rollup, limit=0)
        total = (guide.exclusions if excluded else guide.checks).indicators_count
        query = self.filter_query(asked)
        table = indicator_table(
            self.technique.attack_id, reader, rows, offset, total, query,
            excluded=excluded, equivalent=self.equivalent,
        )  # fmt: skip
        return {"table": table, "offset": offset, "names": self.names(row.field for row in rows)}


class TechniqueLogSourceRulesView(OpenedPage):
    """The rules under a technique that need one log source: `kind` and `name` of the vendor `source`."""

    fragment = "techniques/_log_source_rules.html"
    own = (*OpenedPage.own, "source", "kind", "name")

    def content(self, asked: Asked, **kwargs: Any) -> dict[str, Any]:
        vendor, kind, name = (self.request.GET.get(part, "") for part in ("source", "kind", "name"))
        if "\x00" in vendor + kind + name:
            raise Http404("No log source has such a name.")
        row = LogSourceRow(vendor, kind, name, 0)
        rules = rules_with_log_source(self.technique, self.request.reader, asked.rows, row, rollup=self.rollup)
        return self.rules_content(rules) | {"log_source": row}


class GuideRowsView(OpenedPage):
    """Further rows of one of the guide's tables that are complete in memory. `heading` and `head` are the page's."""

    page = "techniques/technique_rows.html"
    own = (*OpenedPage.own, "offset")
    heading = ""
    head: tuple[str, ...] = ()

    def content(self, asked: Asked, **kwargs: Any) -> dict[str, Any]:
        guide = build_guide(self.technique, self.request.reader, asked.rows, rollup=self.rollup, limit=0)
        return {"offset": self.offset(), "heading": self.heading, "head": self.head} | self.table(
            guide, self.filter_query(asked)
        )

    def table(self, guide: Guide, query: str) -> dict[str, Any]:
        raise NotImplementedError

    def rows_of(self, page: str, rows: tuple[Any, ...], query: str) -> Table:
        return rows_table(page, self.technique.attack_id, rows, query, self.offset(), MORE)


class TechniqueFieldsView(GuideRowsView):
    fragment = "techniques/_field_rows.html"
    heading = "Fields"
    head = ("Field", "Rules", "How", "Sample values")

    def table(self, guide: Guide, query: str) -> dict[str, Any]:
        tables = guide.exclusions if self.excluded else guide.checks
        attack_id = self.technique.attack_id
        table = field_table(attack_id, tables, query, self.offset(), MORE, excluded=self.excluded)
        return {"table": table, "names": self.names(row.field for row in table.rows)}


class TechniqueLogSourcesView(GuideRowsView):
    fragment = "techniques/_log_source_rows.html"
    heading = "Log sources"
    head = ("Vendor", "Kind", "Name", "Rules")

    def table(self, guide: Guide, query: str) -> dict[str, Any]:
        names = {group.slug: group.name for group in guide.vendors}
        return {"table": self.rows_of("technique-log-sources", guide.log_sources, query), "vendor_names": names}


class TechniqueFalsePositivesView(GuideRowsView):
    fragment = "techniques/_false_positive_rows.html"
    heading = "False positives"
    head = ("In the rules’ words", "Rules")

    def table(self, guide: Guide, query: str) -> dict[str, Any]:
        return {"table": self.rows_of("technique-false-positives", guide.false_positives, query)}
