"""Rules and what was read in them. A rule is edited on the site's own page, where an edit is checked and counted."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action, display

from catalog.admin.filters import NamedRowsFilter
from catalog.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from catalog.admin.rule_actions import RuleActions
from detections.models import Domain, Platform, Rule, RuleLogSource, RuleTechnique, RuleText


class RuleTechniqueInline(ReadOnlyInline):
    model = RuleTechnique


class RuleLogSourceInline(ReadOnlyInline):
    model = RuleLogSource


@admin.register(Rule)
class RuleAdmin(RuleActions, ReadOnlyAdmin):
    list_display = ["title", "source", "own_id", "language", "parse", "level", "lifecycle", "live", "marks", "version"]
    list_filter = [
        "source", "edited", ("held", admin.EmptyFieldListFilter), "language", "parse", "lifecycle", "live", "copy",
        "level", "status", "type", ("platforms", NamedRowsFilter), ("domains", NamedRowsFilter),
    ]  # fmt: skip
    list_select_related = ["source"]
    search_fields = ["title", "own_id", "path"]
    inlines = [RuleTechniqueInline, RuleLogSourceInline]
    fieldsets = [
        (None, {"fields": ["source", "own_id", "title", "description", "status", "level", "type", "language"]}),
        ("Counting", {"fields": ["parse", "lifecycle", "live", "copy", "predicate_count", "exclusion_count"]}),
        ("Editing", {"fields": ["version", "edited", "base", "held"]}),
        ("Places", {"fields": ["platforms", "domains", "path", "link", "licence", "created", "modified"]}),
    ]
    actions_row = ["open_editor", "open_versions"]
    actions_detail = ["open_editor", "open_versions"]

    @display(description="Marks", label={"edited": "info", "diverged": "warning"})
    def marks(self, rule: Rule) -> str:
        return "diverged" if rule.held_id else "edited" if rule.edited else ""

    def view_on_site(self, rule: Rule) -> str:
        return reverse("rule-detail", args=[rule.source.slug, rule.own_id])

    @action(description="Edit", url_path="edit", icon="edit", permissions=["edit"])
    def open_editor(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._on_site("rule-edit", object_id)

    @action(description="Versions", url_path="versions", icon="history")
    def open_versions(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._on_site("rule-versions", object_id)

    @staticmethod
    def _on_site(page: str, object_id: int) -> HttpResponse:
        rule = get_object_or_404(Rule.objects.select_related("source"), pk=object_id)
        return redirect(page, source=rule.source.slug, own_id=rule.own_id)


@admin.register(RuleText)
class RuleTextAdmin(ReadOnlyAdmin):
    list_display = ["rule", "line", "query_line", "platform_rule", "domain_rule"]
    list_filter = ["rule__source", "rule__language", "rule__parse"]
    list_select_related = ["rule"]
    search_fields = ["rule__title", "rule__own_id", "text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleText]:
        rows = super().get_queryset(request)
        listing = request.resolver_match is not None and "changelist" in (request.resolver_match.url_name or "")
        return rows.defer("text", "query", "tree", "beside", "problems", "extra") if listing else rows


@admin.register(RuleTechnique)
class RuleTechniqueAdmin(ReadOnlyAdmin):
    list_display = ["rule", "written", "technique", "structural"]
    list_filter = ["structural", ("technique", admin.EmptyFieldListFilter), "rule__source"]
    list_select_related = ["rule", "technique__parent"]
    search_fields = ["written", "rule__title", "rule__own_id"]


@admin.register(RuleLogSource)
class RuleLogSourceAdmin(ReadOnlyAdmin):
    list_display = ["rule", "kind", "name"]
    list_filter = ["kind", "rule__source"]
    list_select_related = ["rule"]
    search_fields = ["name", "rule__title"]


@admin.register(Platform)
class PlatformAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    list_filter = ["name"]
    search_fields = ["name"]


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    list_filter = ["name"]
    search_fields = ["name"]
