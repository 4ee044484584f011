"""The catalog itself in the API: its figures, its sources, its tactics, and the ATT&CK version in force."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint, Rows
from catalog.api.serializers import ATTACK_LICENCE, AttackSerializer, SourceSerializer
from catalog.filters.rules import RuleFilterSet
from catalog.filters.sources import SourceFilterSet
from detections.guide.coverage import tactic_figures
from detections.guide.figures import CatalogFigures, catalog_figures, source_figures
from detections.models import AttackRelease, Rule, Source, Technique


class SourceListView(ListEndpoint):
    """Where the rules come from: vendor, licence, commit, last sync, and how far the rules are parsed."""

    operation = "sources"
    serializer_class = SourceSerializer
    filterset_class = SourceFilterSet

    def rows(self) -> Rows:
        asked = self.asked(Source.objects.visible_to(self.reader))
        return source_figures(asked.qs, asked.rules)


class StatsSerializer(serializers.Serializer):
    """The catalog in figures. `covered` of the `techniques` in force have a live rule; sub-techniques count too."""

    rules = serializers.IntegerField(help_text="Live rules.")
    parsed = serializers.DictField(child=serializers.IntegerField())
    techniques = serializers.IntegerField()
    covered = serializers.IntegerField()
    sources = SourceSerializer(many=True)
    generation = serializers.SerializerMethodField(help_text="Rises with every change of the catalog.")
    changed_at = serializers.SerializerMethodField(help_text="When the catalog changed last.")
    counts_stale = serializers.SerializerMethodField(help_text="True while a first load is not counted yet.")
    attack_version = serializers.SerializerMethodField()

    def get_generation(self, figures: CatalogFigures) -> int:
        return int(self.context["generation"].number)

    @extend_schema_field(serializers.DateTimeField())
    def get_changed_at(self, figures: CatalogFigures) -> str:
        return serializers.DateTimeField().to_representation(self.context["generation"].changed_at)

    def get_counts_stale(self, figures: CatalogFigures) -> bool:
        return bool(self.context["generation"].counts_stale)

    def get_attack_version(self, figures: CatalogFigures) -> str:
        return str(self.context["generation"].attack_version)


class StatsView(Endpoint):
    """The catalog in figures, as the home page shows them, and when it changed last."""

    operation = "stats"
    serializer_class = StatsSerializer

    def get(self, request: Request) -> Response:
        self.asked()
        return Response(self.get_serializer(catalog_figures(self.reader)).data)


class TacticFiguresSerializer(serializers.Serializer):
    """A tactic. A live rule states `covered` of its `techniques` (without sub-techniques), or one of their parts."""

    attack_id = serializers.CharField(source="tactic.attack_id")
    name = serializers.CharField(source="tactic.name")
    shortname = serializers.CharField(source="tactic.shortname")
    techniques = serializers.IntegerField()
    covered = serializers.IntegerField()


class TacticListView(ListEndpoint):
    """ATT&CK's tactics in matrix order, and how far the live rules that answer the filters cover them."""

    operation = "tactics"
    serializer_class = TacticFiguresSerializer
    filterset_class = RuleFilterSet

    def rows(self) -> Rows:
        return tactic_figures(self.asked(Rule.objects.visible_to(self.reader).live()).qs)


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
