"""Sources: their name, and whether everybody sees them. Their files and the generation are only looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import Generation, Source, SourceFile, SourceText
from detections.statistics.recomputation import recompute


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "vendor", "public", "licence", "commit", "synced_at"]
    list_filter = ["vendor", "public"]
    search_fields = ["name", "slug", "repository"]
    fields = ["slug", "name", "public", "vendor", "licence", "repository", "location", "commit", "synced_at"]
    readonly_fields = ["slug", "vendor", "licence", "repository", "location", "commit", "synced_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Source, form: ModelForm, change: bool) -> None:
        """A source that becomes public, or stops to be, changes copies and public reach: all is counted anew."""
        super().save_model(request, obj, form, change)
        if "public" in form.changed_data:
            recompute(expected=True)
        elif form.changed_data:
            Generation.objects.bump()


@admin.register(SourceFile)
class SourceFileAdmin(ReadOnlyAdmin):
    list_display = ["path", "source", "fingerprint"]
    list_filter = ["source"]
    list_select_related = ["source"]
    search_fields = ["path"]


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ["number", "counts_stale", "origin"]
    list_filter = ["counts_stale"]
    search_fields = ["origin"]


@admin.register(SourceText)
class SourceTextAdmin(ReadOnlyAdmin):
    list_display = ["name", "source"]
    list_filter = ["source"]
    list_select_related = ["source"]
    search_fields = ["name", "text"]
