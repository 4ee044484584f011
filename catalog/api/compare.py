"""Two vendors side by side in the API."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from catalog.api.serializers import AttackNoticeMixin
from catalog.coverage import comparison_of
from catalog.filters.techniques import CompareFilterSet
from detections.models import Technique


class ComparedRowSerializer(serializers.Serializer):
    """A technique. The state of a parent looks at its sub-techniques too."""

    attack_id = serializers.CharField(source="cell.technique.attack_id")
    name = serializers.CharField(source="cell.technique.name")
    is_subtechnique = serializers.BooleanField(source="cell.technique.is_subtechnique")
    first = serializers.IntegerField()
    second = serializers.IntegerField()
    first_with_subtechniques = serializers.IntegerField(source="first_rolled_up")
    second_with_subtechniques = serializers.IntegerField(source="second_rolled_up")
    state = serializers.CharField(help_text="both, first, second or neither")


class ComparedTacticSerializer(serializers.Serializer):
    attack_id = serializers.CharField(source="tactic.attack_id")
    name = serializers.CharField(source="tactic.name")
    counts = serializers.DictField(child=serializers.IntegerField())
    techniques = ComparedRowSerializer(source="rows", many=True)


class CompareSerializer(AttackNoticeMixin, serializers.Serializer):
    """`first` and `second` are slugs; `counts` holds by state the techniques and sub-techniques, each once."""

    first = serializers.CharField(source="first.slug")
    second = serializers.CharField(source="second.slug")
    techniques = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    tactics = ComparedTacticSerializer(source="groups", many=True)


VENDORS = OpenApiParameter(
    "vendor",
    {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
    description="Slugs of the two sources that are compared, the first one first; without, the first two.",
)


class CompareView(Endpoint):
    """Two sources by tactic and technique: both have a live rule, only one of them, or neither."""

    operation = "compare"
    serializer_class = CompareSerializer
    filterset_class = CompareFilterSet
    parameters = (VENDORS,)

    def get(self, request: Request) -> Response:
        comparison = comparison_of(self.asked(Technique.objects.in_force()))
        if comparison is None:
            raise Http404("The catalog does not hold two sources to compare.")
        return Response(self.get_serializer(comparison).data)
