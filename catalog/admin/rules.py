"""Rules and what was read in them. A rule's text is not typed over here: an edit must be checked and counted."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from detections.models import Domain, Platform, Rule, RuleLogSource, RuleTechnique, RuleText


class RuleTechniqueInline(ReadOnlyInline):
    model = RuleTechnique


class RuleLogSourceInline(ReadOnlyInline):
    model = RuleLogSource


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ["title", "source", "own_id", "language", "parse", "lifecycle", "live", "level", "modified"]
    list_filter = [
        "source", "language", "parse", "lifecycle", "live", "copy", "level", "status", "type", "platforms", "domains",
    ]  # fmt: skip
    list_select_related = ["source"]
    search_fields = ["title", "own_id", "path"]
    inlines = [RuleTechniqueInline, RuleLogSourceInline]


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
