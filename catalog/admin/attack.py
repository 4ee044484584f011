"""ATT&CK's rows, as the last bundle told them."""

from django.contrib import admin

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import AttackRelease, Tactic, Technique


@admin.register(AttackRelease)
class AttackReleaseAdmin(ReadOnlyAdmin):
    list_display = ["version", "spec", "origin", "synced_at"]
    list_filter = ["spec"]
    search_fields = ["version", "origin"]


@admin.register(Tactic)
class TacticAdmin(ReadOnlyAdmin):
    list_display = ["position", "attack_id", "name"]
    list_display_links = ["name"]
    list_filter = ["name"]
    search_fields = ["attack_id", "name", "shortname"]


@admin.register(Technique)
class TechniqueAdmin(ReadOnlyAdmin):
    list_display = ["attack_id", "name", "parent", "is_subtechnique", "revoked", "deprecated", "successor"]
    list_filter = ["revoked", "deprecated", "is_subtechnique", "tactics"]
    list_select_related = ["parent__parent", "successor__parent"]
    search_fields = ["attack_id", "name"]
