"""The site's own field names, laid over the product's tables, with their history."""

from django.contrib import admin

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import AliasOverride, FieldOverride


@admin.register(FieldOverride)
class FieldOverrideAdmin(ReadOnlyAdmin):
    list_display = ["canonical", "type", "group", "role", "description"]
    list_filter = ["type", "role", "group"]
    search_fields = ["canonical", "description"]


@admin.register(AliasOverride)
class AliasOverrideAdmin(ReadOnlyAdmin):
    list_display = ["vendor", "name", "category", "canonical", "form", "note"]
    list_filter = ["vendor", "category"]
    search_fields = ["name", "canonical", "note"]
