"""The history of rules, and drafts: only looked at here, since changing them is for the editor."""

from django.contrib import admin

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import RuleDraft, RuleUpload, RuleVersion


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnlyAdmin):
    list_display = ["rule", "number", "origin", "author_name", "reason", "created_at", "applied"]
    list_filter = ["origin", "applied", "rule__source"]
    list_select_related = ["rule"]
    search_fields = ["reason", "author_name", "rule__title"]
    date_hierarchy = "created_at"


@admin.register(RuleUpload)
class RuleUploadAdmin(ReadOnlyAdmin):
    list_display = ["name", "source", "author", "created_at"]
    list_filter = ["source", "author"]
    list_select_related = ["source", "author"]
    search_fields = ["name"]
    exclude = ["data"]


@admin.register(RuleDraft)
class RuleDraftAdmin(ReadOnlyAdmin):
    list_display = ["source", "rule", "author", "reason", "updated_at"]
    list_filter = ["source", "author"]
    list_select_related = ["source", "rule", "author"]
    search_fields = ["reason", "text"]
