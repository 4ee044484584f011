"""Exclusions in the API: the lists of their pages, with the same figures."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from catalog.api.endpoint import ListEndpoint, Rows
from catalog.filters.exclusions import ExclusionFilterSet, ExclusionGroupFilterSet
from detections.guide.exclusions import GROUPS, ExclusionRow, exclusion_rows, group_rows
from detections.guide.sigma_filter import sigma_snippets
from detections.importing.names import current_catalogue
from detections.models import Indicator
from detections.normalization.satisfiable import reasons


class SatisfiableSerializer(serializers.Serializer):
    """Why an attacker can satisfy an exclusion, by what it says."""

    reason = serializers.CharField(source="slug", help_text="The word by which `reason` filters.")
    title = serializers.CharField()
    text = serializers.CharField()


class ExclusionSerializer(serializers.Serializer):
    """A combination of field, operator and value that rules exclude."""

    id = serializers.CharField(help_text="Its indicator's key, which survives a rebuild of the catalog.")
    field = serializers.CharField(help_text="The canonical field.")
    operator = serializers.CharField()
    value = serializers.CharField(help_text="The spelling that most live rules use.")
    role = serializers.CharField(help_text="filter: an ordinary test; scope: it selects a data source.")
    program = serializers.CharField(help_text="The file name or the product's folder that it names, if any.")
    rules = serializers.IntegerField(help_text="Live rules that exclude it and answer the filters of rules.")
    excluded_reach = serializers.IntegerField(source="excluded", help_text="Live rules that exclude it.")
    reach = serializers.IntegerField(source="checked", help_text="Live rules that check it.")
    vendors = serializers.DictField(
        child=serializers.IntegerField(), help_text="Of `rules` those of each source, by its slug."
    )
    satisfiable = serializers.SerializerMethodField(help_text="null where none of the known ways fits.")
    sigma = serializers.SerializerMethodField(help_text="Its selection in Sigma; null where Sigma cannot say it.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    @extend_schema_field(SatisfiableSerializer(allow_null=True))
    def get_satisfiable(self, row: ExclusionRow) -> Any:
        reason = reasons().get(row.satisfiable)
        return SatisfiableSerializer(reason).data if reason else None

    def get_sigma(self, row: ExclusionRow) -> str | None:
        return self.context.get("snippets", {}).get(row.id)

    def get_url(self, row: ExclusionRow) -> str:
        return reverse("exclusion-rules", args=[row.id])


class ExclusionListView(ListEndpoint):
    """What live rules exclude, the exclusions that most rules share first.

    `vendor`, `platform` and `technique` are asked of one and the same rule, all together: `rules` counts the
    rules that answer them. Sigma's selections compare without letter case, and a rule may exclude a test only together
    with others.
    """

    operation = "exclusions"
    serializer_class = ExclusionSerializer
    filterset_class = ExclusionFilterSet

    def rows(self) -> QuerySet[Indicator]:
        self.filters = self.asked(Indicator.objects.exclusions(self.reader).with_reach(self.reader))
        return self.filters.in_order

    def completed(self, rows: list[Any]) -> list[Any]:
        found = list(exclusion_rows(rows, self.filters.rules, self.reader))
        self.snippets = sigma_snippets(found, self.reader, current_catalogue())
        return found

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"snippets": getattr(self, "snippets", {})}


class ExclusionGroupSerializer(serializers.Serializer):
    """Exclusions with one word in common, `rules` live rules that exclude one of them, and how many of them an attacker
    can satisfy."""

    word = serializers.CharField()
    exclusions = serializers.IntegerField()
    satisfiable = serializers.IntegerField()
    rules = serializers.IntegerField()


class ExclusionGroupsView(ListEndpoint):
    """Exclusions by what they have in common, the largest groups first; a rule of two platforms or techniques counts
    under both. The filters are those of the list of exclusions, where a group's word asks for its exclusions."""

    operation = "exclusion_groups"
    serializer_class = ExclusionGroupSerializer
    filterset_class = ExclusionGroupFilterSet
    parameters = (
        OpenApiParameter("by", str, OpenApiParameter.PATH, enum=list(GROUPS), description="What they have in common."),
    )

    def rows(self, by: str) -> Rows:
        if by not in GROUPS:
            raise Http404(f"Exclusions fall into groups by {', '.join(GROUPS)}.")
        asked = self.asked(Indicator.objects.exclusions(self.reader).with_reach(self.reader))
        return group_rows(asked.qs, asked.rules, by)
