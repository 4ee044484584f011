"""Indicators with their reach, and the flat sets that are counted."""

from django.contrib import admin

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import Indicator, RuleField, RuleIndicator, RuleName


@admin.register(Indicator)
class IndicatorAdmin(ReadOnlyAdmin):
    list_display = [
        "field", "operator", "value", "role", "reach", "excluded_reach", "public_reach", "public_excluded_reach",
    ]  # fmt: skip
    list_display_links = ["field", "value"]
    list_filter = ["operator", "role", "wild"]
    search_fields = ["=key", "field", "value"]


@admin.register(RuleIndicator)
class RuleIndicatorAdmin(ReadOnlyAdmin):
    list_display = ["rule", "indicator", "value", "excluded", "counted", "equivalence"]
    list_filter = ["excluded", "counted", "indicator__operator", "rule__source"]
    list_select_related = ["rule", "indicator"]
    search_fields = ["value", "=equivalence", "rule__title"]


@admin.register(RuleField)
class RuleFieldAdmin(ReadOnlyAdmin):
    list_display = ["rule", "field", "operator", "excluded", "role"]
    list_filter = ["operator", "excluded", "role", "rule__source"]
    list_select_related = ["rule"]
    search_fields = ["field", "rule__title"]


@admin.register(RuleName)
class RuleNameAdmin(ReadOnlyAdmin):
    list_display = ["rule", "name", "canonical", "known"]
    list_filter = ["known", "rule__source"]
    list_select_related = ["rule"]
    search_fields = ["name", "canonical", "rule__title"]
