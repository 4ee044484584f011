"""Everybody's API tokens: who has which, when it was used, and an end to it. Secrets are not there to be seen."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from catalog.audit import CHANGE, recorded
from catalog.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """A token is made by its own person alone. Here its rate is set, and it is revoked."""

    list_display = ["name", "hint", "user", "writes", "rate", "state", "created_at", "last_used_at", "expires_at"]
    list_filter = ["writes", "user"]
    list_select_related = ["user"]
    search_fields = ["name", "=hint", "user__username"]
    list_per_page = 50
    fields = ["user", "name", "hint", "writes", "rate", "created_at", "expires_at", "last_used_at", "revoked_at"]
    readonly_fields = [name for name in fields if name != "rate"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens.filter(revoked_at=None):
            recorded(token.revoke, request.user, lambda row: f"Revoked the API token {row}.", CHANGE)
        messages.success(request, "Nothing can be asked with these tokens any more.")
