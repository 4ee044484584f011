"""The catalog itself in the API: its sources, and the ATT&CK version in force."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint, Rows
from catalog.api.serializers import ATTACK_LICENCE, AttackSerializer, SourceSerializer
from catalog.filters.sources import SourceFilterSet
from detections.guide.figures import source_figures
from detections.models import AttackRelease, Source, Technique


class SourceListView(ListEndpoint):
    """Where the rules come from: vendor, licence, commit, last sync, and how far the rules are parsed."""

    operation = "sources"
    serializer_class = SourceSerializer
    filterset_class = SourceFilterSet

    def rows(self) -> Rows:
        asked = self.asked(Source.objects.visible_to(self.reader))
        return source_figures(asked.qs, asked.rules)


class AttackView(Endpoint):
    """The ATT&CK version in force, and its licence notice."""

    operation = "attack"
    serializer_class = AttackSerializer

    def get(self, request: Request) -> Response:
        self.asked()
        release = AttackRelease.objects.first() or AttackRelease()
        facts = {
            "version": release.version,
            "spec": release.spec,
            "techniques": Technique.objects.in_force().count(),
            "licence": ATTACK_LICENCE,
        }
        return Response(self.get_serializer(facts).data)
