"""The catalog itself in the API: its sources, and the ATT&CK version in force."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.serializers import AttackSerializer, SourceSerializer
from detections.models import AttackRelease, Source, Technique

ATTACK_LICENCE = (
    "© The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation."
)


class SourceListView(GenericAPIView):
    """Where the rules come from: vendor, licence, commit, last sync."""

    queryset = Source.objects.none()
    serializer_class = SourceSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(responses=SourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = Source.objects.visible_to(request._request.reader).in_order()
        return Response(SourceSerializer(rows, many=True).data)


class AttackView(GenericAPIView):
    """The ATT&CK version in force, and its licence notice."""

    queryset = AttackRelease.objects.none()
    serializer_class = AttackSerializer
    filter_backends = ()

    def get(self, request: Request) -> Response:
        release = AttackRelease.objects.first()
        return Response(
            {
                "version": release.version if release else "",
                "spec": release.spec if release else "",
                "techniques": Technique.objects.in_force().count(),
                "licence": ATTACK_LICENCE,
            }
        )
