"""Fields: the list, and one with its names, tests, values, techniques and log sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views import View

from catalog.exports.download import download
from catalog.exports.pipeline import CONTENT_TYPE, items_yaml, pipeline_yaml
from catalog.facets import field_counts
from catalog.filters.fields import FieldFilterSet, FieldValueFilterSet, TestFilterSet
from catalog.ordering import FIELD_ORDERS
from catalog.pages.filtering import Asked, ask, number_asked, whole_number
from catalog.pages.lists import cleared, columns, facets, in_force, with_rows_left, words_shown
from catalog.templatetags.wording import query_with
from detections.guide.field import ValueRow, field_detail, rules_testing, value_counts, value_rows
from detections.guide.field_names import NameRow, find_field, names_of, suggest_fields
from detections.guide.mapping import NAMESPACES, mapped_names, uses_of_names
from detections.guide.naming import WRITERS
from detections.importing.names import current_catalogue
from detections.models import Reader, RuleField, RuleIndicator, Source
from detections.normalization.catalogue import Catalogue

PAGE = 50
LARGEST_PAGE = 500
SHOWN_VALUES = 25
MORE_VALUES = 200
SHOWN_ROWS = 12  # techniques, log sources
FURTHER_ROWS = 100  # of them that stand folded
SHOWN_NAMES = 8
LAST_OFFSET = 1_000_000
FACETS = {
    "vendor": "Vendor", "platform": "Platform", "domain": "Domain", "group": "Group", "operator": "How it is tested",
    "names": "Has a name in",
}  # fmt: skip
TITLES = {**FACETS, "q": "Words in a name", "technique": "Technique", "tactic": "Tactic"}
COLUMNS = {"name": "Field", "rules": "Rules", "checked": "Checks", "excluded": "Exclusions"}
WORDS = {"names": {"sigma": "Sigma", "ecs": "ECS", "cim": "CIM", "none": "none of them"}}
FORMATS = {"sigma": "Sigma rules", "elastic": "Elastic rules", "splunk": "Splunk rules"}
PUBLISHED = {"ecs": "ECS", "cim": "CIM"}


class FieldListView(View):
    """The fields that live rules test, those of the most rules first, with every filter of the API."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, FieldFilterSet, RuleField.objects.all())
        size, page = number_asked(request, asked, "page_size", PAGE), number_asked(request, asked, "page", 1)
        context: dict[str, Any] = {
            "errors": asked.errors,
            "words": request.GET.get("q", ""),
            "kept": asked.besides("q", "page", *FACETS),
        }
        if not asked.errors:
            context |= self.listed(asked, Paginator(asked.filterset.ranked, min(size, LARGEST_PAGE)).get_page(page))
        return render(request, "fields/field_list.html", context, status=400 if asked.errors else 200)

    def listed(self, asked: Asked, page: Page) -> dict[str, Any]:
        shown = {**words_shown(self.request.reader), **WORDS}
        filters = in_force(asked, shown, TITLES)
        return {
            "page_obj": page,
            "vendors": shown["vendor"],
            "facets": facets(asked, field_counts(asked.filterset), FACETS, shown),
            "in_force": filters if page.paginator.count else with_rows_left(asked.filterset, filters),
            "cleared": cleared(asked),
            "columns": columns(asked.filterset.ordering, FIELD_ORDERS, COLUMNS, "-rules"),
            "rule_query": rule_query(asked),
            "any_vendor_query": rule_query(asked, "vendor"),
            "any_operator_query": rule_query(asked, "operator"),
        }


class FieldPipelineView(View):
    """Sigma's names in those of a namespace, as a file for pySigma."""

    def get(self, request: HttpRequest, namespace: str) -> HttpResponse:
        if namespace not in NAMESPACES:
            raise Http404("There are pipelines to ecs and to cim.")
        if request.GET:
            return HttpResponse("This file takes no parameters.\n", status=400, content_type="text/plain")
        mappings = mapped_names(namespace, current_catalogue(), uses_of_names(namespace, request.reader))
        title = PUBLISHED[namespace]
        said = [
            f"Sigma's field names in {title}, as Fieldguide normalizes rules: a name becomes one of the same field",
            "that holds the same part of the value, in the log sources where it means that field. Names without",
            "such a counterpart are left as they are, and those whose values are spelled otherwise there.",
        ]
        text = pipeline_yaml(f"Fieldguide: Sigma to {title}", mappings, said)
        return download(text, CONTENT_TYPE, f"fieldguide-sigma-to-{namespace}.yml")


class FieldPage(View):
    """What the pages under a field's address share: finding it.

    A name of a vendor's leads to the field that it means; one that nothing knows is a 404 with suggestions.
    """

    catalogue: Catalogue

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        written, self.catalogue = kwargs["name"], current_catalogue()
        found = find_field(written, request.reader, self.catalogue)
        if not found:
            context = {"written": written[:100], "suggestions": suggest_fields(written, request.reader, self.catalogue)}
            return render(request, "errors/field_unknown.html", context, status=404)
        if found != written:
            return redirect(request.resolver_match.view_name, **{**kwargs, "name": found})
        return super().dispatch(request, *args, **kwargs)


class FieldDetailView(FieldPage):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        asked = ask(request, TestFilterSet, RuleField.objects.filter(field=name))
        sources = list(Source.objects.visible_to(request.reader).in_order())
        vendors = {source.slug: source.name for source in sources}
        context: dict[str, Any] = {
            "field": self.catalogue.field(name),
            "known": name in self.catalogue.fields,
            "errors": asked.errors,
            "vendors": vendors,
            "choices": [
                asked.choice("vendor", "Vendor", "all", vendors),
                asked.choice("platform", "Platform", "all"),
                asked.choice("domain", "Domain", "all"),
            ],
            "kept": asked.besides("vendor", "platform", "domain"),
            "in_force": in_force(asked, {"vendor": vendors}, TITLES),
        }
        if not asked.errors:
            context |= self.shown(name, asked, sources)
        return render(request, "fields/field_detail.html", context, status=400 if asked.errors else 200)

    def shown(self, name: str, asked: Asked, sources: list[Source]) -> dict[str, Any]:
        row = field_detail(name, asked.rows, self.catalogue)
        names = names_of(name, rules_testing(asked.rows), self.catalogue)
        uses = RuleIndicator.objects.filter(
            indicator__field=name, rule__in=asked.filterset.rules_without().values("pk")
        )
        return {
            "row": row,
            "name_columns": name_columns(names, sources, asked, name),
            "other_names": [row for row in names if not row.formats and not published(row)],
            "values": value_table(name, value_counts(uses, self.request.reader), self.request.reader, asked),
            "techniques": first_rows(row.techniques),
            "log_sources": first_rows(row.log_sources),
            "pipelines": [] if asked.query else pipelines(name, names, self.catalogue),
            "rules_at": rules_at(asked, field=name),
            # Techniques that repeat in an address are any of them; in the search they are all.
            "technique_at": "q=technique:" if asked.data.get("technique") else "technique=",
            "rules_of_any_vendor_at": rules_at(asked, "vendor", field=name),
        }


class FieldValuesView(FieldPage):
    """Further values of a field."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        uses = RuleIndicator.objects.filter(indicator__field=name)
        asked = ask(request, FieldValueFilterSet, uses, ("offset",))
        offset = min(whole_number(request, "offset", 0), LAST_OFFSET)
        context: dict[str, Any] = {"field": self.catalogue.field(name), "errors": asked.errors, "offset": offset}
        if not asked.errors:
            context["values"] = value_table(name, asked.filterset.ranked, request.reader, asked, offset, MORE_VALUES)
        template = "fields/_value_rows.html" if request.htmx and not asked.errors else "fields/field_values.html"
        response = render(request, template, context, status=400 if asked.errors else 200)
        patch_vary_headers(response, ["HX-Request"])
        return response


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows that stand open and some that stand folded, of `total`."""

    first: tuple[Any, ...]
    further: tuple[Any, ...]
    total: int

    @property
    def folded(self) -> str:
        """How many stand folded, of how many that do not stand open."""
        left = self.total - len(self.first)
        return f"{left:,} further" if left == len(self.further) else f"{len(self.further)} of {left:,} further"


@dataclass(frozen=True, slots=True)
class NameColumn:
    """The names that rules of one format write, or that a namespace publishes: (name, its rules).

    `rules_at` leads to the rules, without the name.
    """

    title: str
    rules_at: str
    names: Rows


@dataclass(frozen=True, slots=True)
class ValueTable:
    """`shown` of `total` values stand on the page up to here; `more` leads to the next ones, "" at the end.

    `query` are the filters of rules in force: with any, reach stands beside the rules counted.
    """

    rows: tuple[ValueRow, ...]
    shown: int
    total: int
    more: str
    query: str


def value_table(
    name: str, counts: QuerySet[Any, Any], reader: Reader, asked: Asked, offset: int = 0, most: int = SHOWN_VALUES
) -> ValueTable:
    """The values from `offset` on. Three queries."""
    rows = value_rows(counts[offset : offset + most], reader)
    total = counts.count()
    shown = offset + len(rows)
    more = reverse("field-values", args=[name]) + query_with(asked.query, offset=shown)
    return ValueTable(rows, shown, total, more if rows and shown < total else "", rule_query(asked, "operator"))


def name_columns(names: Iterable[NameRow], sources: Iterable[Source], asked: Asked, field: str) -> list[NameColumn]:
    """A column for each format that there are rules of, then those of the published namespaces."""
    rows, chosen = list(names), asked.data.getlist("vendor")
    found = []
    for rule_format, title in FORMATS.items():
        slugs = [one.slug for one in sources if one.vendor == rule_format and (not chosen or one.slug in chosen)]
        if slugs:
            written = [(row, row.formats[rule_format]) for row in rows if rule_format in row.formats]
            written.sort(key=lambda item: -item[1])
            at = rules_at(asked, "vendor", field=field, vendor=slugs)
            found.append(NameColumn(title, at, first_rows(written, SHOWN_NAMES)))
    for namespace, title in PUBLISHED.items():
        held = [(row, row.rules) for row in rows if namespace in published(row)]
        found.append(NameColumn(title, rules_at(asked, field=field), first_rows(held, SHOWN_NAMES)))
    return found


def pipelines(field: str, names: Iterable[NameRow], catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """What the pipelines say of one field's names: (namespace, its title, YAML), where they say anything."""
    found = []
    for namespace in NAMESPACES:
        uses = {(field, row.name.lower()): row.formats.get(WRITERS[namespace], 0) for row in names}
        mappings = mapped_names(namespace, catalogue, uses, {field})
        if mappings:
            found.append((namespace, PUBLISHED[namespace], items_yaml(mappings)))
    return found


def published(row: NameRow) -> list[str]:
    """The published namespaces that hold a name."""
    return [namespace for namespace in PUBLISHED if any(alias.vendor == namespace for alias in row.aliases)]


def first_rows(rows: Iterable[Any], first: int = SHOWN_ROWS) -> Rows:
    """The first rows, and the next ones folded; two more are not worth folding."""
    every = tuple(rows)
    first = len(every) if len(every) <= first + 2 else first
    return Rows(every[:first], every[first : first + FURTHER_ROWS], len(every))


def rule_query(asked: Asked, *without: str) -> str:
    """The filters of rules and of how they test in force, for the addresses of the rules behind a number."""
    return urlencode([pair for pair in asked.besides(*without) if pair[0] in (*TestFilterSet.OF_RULES, "operator")])


def rules_at(asked: Asked, *without: str, **tests: str | list[str]) -> str:
    """The address of the rules that answer the filters in force, and these."""
    query = "&".join(part for part in (rule_query(asked, *without), urlencode(tests, doseq=True)) if part)
    return f"{reverse('rule-list')}?{query}"
