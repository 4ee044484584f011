"""Sources: their name, whether everybody sees them, and where git fetches them from. Their files and the generation
are only looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.decorators import action

from catalog.admin.readonly import ReadOnlyAdmin
from catalog.roles import ADD_RUNS
from catalog.runs import start
from detections.documents.problem import UnreadableError
from detections.importing.repository import ALLOWED, checked_branch, checked_url
from detections.importing.runs import RunError, request_fetch
from detections.importing.sources import count_again
from detections.models import Generation, Source, SourceFile, SourceText
from detections.statistics.locks import lock_exclusive


class SourceForm(forms.ModelForm):
    class Meta:
        model = Source
        fields = ("name", "public", "clone_url", "branch")
        labels = {"clone_url": "Repository"}
        help_texts = {
            "clone_url": f"Where git fetches it from; empty: by hand. {ALLOWED} A token for a private one stands in "
            "FIELDGUIDE_GIT_TOKENS, never here.",
        }

    def clean_clone_url(self) -> str:
        text = self.cleaned_data["clone_url"]
        return _told(checked_url, text) if text.strip() else ""

    def clean_branch(self) -> str:
        return _told(checked_branch, self.cleaned_data["branch"])


@admin.register(Source)
class SourceAdmin(SimpleHistoryAdmin, ModelAdmin):
    form = SourceForm
    list_display = ["name", "slug", "vendor", "public", "clone_url", "commit", "synced_at"]
    list_filter = ["vendor", "public"]
    search_fields = ["name", "slug", "repository", "clone_url"]
    fields = [
        "slug", "name", "public", "clone_url", "branch", "vendor", "licence", "repository", "location", "commit",
        "synced_at",
    ]  # fmt: skip
    readonly_fields = ["slug", "vendor", "licence", "repository", "location", "commit", "synced_at"]
    actions = ["sync_now"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(ADD_RUNS))

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Source, form: forms.ModelForm, change: bool) -> None:
        if "public" in form.changed_data:
            lock_exclusive()  # before the source's row: a sync holds the shared lock when it comes to that
        super().save_model(request, obj, form, change)
        if form.changed_data:
            count_again("public" in form.changed_data)

    @action(description="Sync now: fetch the repository", permissions=["sync"])
    def sync_now(self, request: HttpRequest, sources: QuerySet[Source]) -> None:
        """A run for each, which fetches and syncs on its own: nothing of that is done in the request."""
        for source in sources.in_order():
            try:
                run = request_fetch(source, by=request.user)
            except RunError as error:
                messages.error(request, f"{source}: {error}")
            else:
                start(run)
                messages.success(request, f"{source}: {run} has been asked for.")


def _told(check: Callable[[str], str], text: str) -> str:
    """What a check makes of a text; what it refuses is told beside the field."""
    try:
        return check(text)
    except UnreadableError as error:
        raise forms.ValidationError(str(error.problem)) from error


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
