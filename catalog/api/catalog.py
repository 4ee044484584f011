"""The catalog itself in the API: its sources, and the ATT&CK version in force."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from catalog.api.parameters import FIELDS
from catalog.api.serializers import ATTACK_LICENCE, AttackSerializer, SourceSerializer
from detections.guide.figures import source_figures
from detections.models import AttackRelease, Source, Technique


class SourceListView(Endpoint):
    """Where the rules come from: vendor, licence, commit, last sync, and how far the rules are parsed."""

    queryset = Source.objects.none()
    serializer_class = SourceSerializer
    pagination_class = None

    @extend_schema(operation_id="sources", responses=SourceSerializer(many=True), parameters=[FIELDS])
    def get(self, request: Request) -> Response:
        self.asked(self.queryset)
        return Response(self.get_serializer(source_figures(self.reader), many=True).data)


class AttackView(Endpoint):
    """The ATT&CK version in force, and its licence notice."""

    queryset = AttackRelease.objects.none()
    serializer_class = AttackSerializer

    @extend_schema(operation_id="attack", parameters=[FIELDS])
    def get(self, request: Request) -> Response:
        self.asked(self.queryset)
        release = AttackRelease.objects.first() or AttackRelease()
        facts = {
            "version": release.version,
            "spec": release.spec,
            "techniques": Technique.objects.in_force().count(),
            "licence": ATTACK_LICENCE,
        }
        return Response(self.get_serializer(facts).data)
