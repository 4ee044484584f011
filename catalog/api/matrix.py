"""The ATT&CK matrix in the API, and as a layer of the ATT&CK Navigator."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from catalog.api.serializers import AttackNoticeMixin
from catalog.coverage import counted_sources, matrix_of, said, value_words
from catalog.exports.navigator import navigator_layer
from catalog.filters.techniques import MatrixFilterSet
from detections.guide.matrix import Cell
from detections.models import Technique


class SubtechniqueCellSerializer(serializers.Serializer):
    """`rules` state the technique itself, `with_subtechniques` also those below it, each once, `vendors` by slug."""

    attack_id = serializers.CharField(source="technique.attack_id")
    name = serializers.CharField(source="technique.name")
    rules = serializers.IntegerField()
    with_subtechniques = serializers.IntegerField(source="rolled_up")
    vendors = serializers.DictField(source="every", child=serializers.IntegerField())
    state = serializers.ChoiceField(
        [("covered", "covered"), ("missing", "missing"), ("elsewhere", "elsewhere")],
        help_text="elsewhere: without a rule, and ATT&CK knows it on none of the platforms asked for.",
    )
    guide = serializers.SerializerMethodField()

    def get_guide(self, cell: Cell) -> str:
        return reverse("api-technique-guide", args=[cell.technique.attack_id])


class CellSerializer(SubtechniqueCellSerializer):
    subtechniques = SubtechniqueCellSerializer(many=True)


class ColumnSerializer(serializers.Serializer):
    """A tactic. `techniques` and `covered` count those without sub-techniques, whatever is shown."""

    attack_id = serializers.CharField(source="tactic.attack_id")
    name = serializers.CharField(source="tactic.name")
    techniques = serializers.IntegerField()
    covered = serializers.IntegerField()
    cells = CellSerializer(many=True)


class MatrixSerializer(AttackNoticeMixin, serializers.Serializer):
    """`covered` and `missing` count each technique and sub-technique once, whatever is shown."""

    rules = serializers.IntegerField(help_text="Live rules that answer the filters.")
    techniques = serializers.IntegerField()
    covered = serializers.IntegerField()
    missing = serializers.IntegerField()
    elsewhere = serializers.IntegerField()
    tactics = ColumnSerializer(source="columns", many=True)


class MatrixView(Endpoint):
    """The ATT&CK matrix with the live rules that state each technique and that answer the filters.

    Filters of rules choose what is counted; every technique keeps its place, unless `show` says otherwise.
    """

    operation = "matrix"
    serializer_class = MatrixSerializer
    filterset_class = MatrixFilterSet

    def get(self, request: Request) -> Response:
        return Response(self.get_serializer(matrix_of(self.asked(Technique.objects.in_force()))).data)


class LayerTechniqueSerializer(serializers.Serializer):
    """`score` counts the rules of a technique and its sub-techniques; `metadata` holds them by vendor."""

    techniqueID = serializers.CharField()  # noqa: N815 the format's own name
    tactic = serializers.CharField()
    score = serializers.IntegerField()
    color = serializers.CharField()
    comment = serializers.CharField()
    enabled = serializers.BooleanField()
    metadata = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    showSubtechniques = serializers.BooleanField()  # noqa: N815 the format's own name


@extend_schema_field({"type": "object", "additionalProperties": {}})
class AnythingField(serializers.DictField):
    """A part of the format that the Navigator describes."""


class LayerSerializer(serializers.Serializer):
    """A layer of the ATT&CK Navigator, format 4.5."""

    name = serializers.CharField()
    versions = serializers.DictField(child=serializers.CharField())
    domain = serializers.CharField()
    description = serializers.CharField()
    sorting = serializers.IntegerField()
    layout = AnythingField()
    hideDisabled = serializers.BooleanField()  # noqa: N815
    techniques = LayerTechniqueSerializer(many=True)
    gradient = AnythingField()
    legendItems = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))  # noqa: N815
    metadata = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    links = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    showTacticRowBackground = serializers.BooleanField()  # noqa: N815
    tacticRowBackground = serializers.CharField()  # noqa: N815
    selectTechniquesAcrossTactics = serializers.BooleanField()  # noqa: N815
    selectSubtechniquesWithParent = serializers.BooleanField()  # noqa: N815
    selectVisibleTechniques = serializers.BooleanField()  # noqa: N815


class NavigatorLayerView(Endpoint):
    """The matrix as a layer of MITRE's ATT&CK Navigator, format 4.5: open it there as a file."""

    operation = "navigator_layer"
    serializer_class = LayerSerializer
    filterset_class = MatrixFilterSet

    def get(self, request: Request) -> Response:
        asked = self.asked(Technique.objects.in_force())
        sources = counted_sources(asked)
        query = request.query_params.copy()
        for name in ("format", "fields"):
            query.pop(name, None)
        layer = navigator_layer(
            matrix_of(asked),
            sources,
            attack_version=request._request.generation.attack_version,
            said=said(asked, value_words(sources)),
            address=request.build_absolute_uri(reverse("matrix") + (f"?{query.urlencode()}" if query else "")),
        )
        file = {"Content-Disposition": 'attachment; filename="fieldguide-layer.json"'}
        return Response(self.get_serializer(layer).data, headers=file)
