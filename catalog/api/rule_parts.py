"""Parts of one rule that have an address of their own: its predicates as a table, its versions, and its text as it was
published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from catalog.api.endpoint import Endpoint, ListEndpoint, Rows
from catalog.api.errors import BadParameters
from catalog.api.rules import RuleAddress
from catalog.api.serializers import PredicateSerializer
from catalog.exports.download import NO_SCRIPTS, file_name
from detections.editing.versions import VersionView, history
from detections.guide.rule import predicates_of
from detections.models import RuleVersion


class PlacedPredicateSerializer(PredicateSerializer):
    """One test of a rule, with where it stands."""

    place = serializers.CharField(help_text="Empty in the query itself, else the name of its place beside it.")


class RulePredicatesView(RuleAddress, ListEndpoint):
    """Every test of a rule: those of its query in text order, negated ones last, then what stands beside the query."""

    operation = "rule_predicates"
    serializer_class = PlacedPredicateSerializer

    def rows(self, source: str, own_id: str) -> Rows:
        self.asked()
        reading = predicates_of(self.rule(source, own_id).text, self.reader)
        beside = [row for part in reading.beside for row in part.predicates]
        return [*reading.predicates, *reading.exclusions, *beside]


class MovedTestSerializer(serializers.Serializer):
    """A test that came or went; a version keeps its parts in this order."""

    field = serializers.CharField(help_text="The canonical field.")
    operator = serializers.CharField()
    value = serializers.CharField()
    excluded = serializers.BooleanField()

    def to_representation(self, row: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(self.fields, row, strict=True))


SIGNS = {"same": " ", "came": "+", "went": "-", "gap": "@ "}


class RuleVersionSerializer(serializers.Serializer):
    """What a rule said from a moment on, and what is different from the version in force before it."""

    number = serializers.IntegerField(source="version.number")
    current = serializers.BooleanField(help_text="Whether it is what the rule says now.")
    applied = serializers.BooleanField(
        source="version.applied", help_text="false: the repository's text, held back because the rule was edited."
    )
    origin = serializers.ChoiceField(RuleVersion.Origin.choices, source="version.origin")
    created_at = serializers.DateTimeField(source="version.created_at")
    commit = serializers.CharField(source="version.commit")
    lifecycle = serializers.CharField(source="version.lifecycle")
    author = serializers.SerializerMethodField(help_text="Empty for readers without an account.")
    reason = serializers.SerializerMethodField(help_text="Empty for readers without an account.")
    came = MovedTestSerializer(source="version.came", many=True, help_text="Tests that the version before had not.")
    went = MovedTestSerializer(source="version.went", many=True, help_text="Tests that the version before had.")
    difference = serializers.SerializerMethodField(
        help_text="Changed lines of the text with three around them: each begins with +, - or a space; @ where lines "
        "are left out."
    )
    authors = serializers.ListField(child=serializers.CharField(), source="version.rule.authors")
    licence = serializers.CharField(source="version.rule.effective_licence")

    def get_author(self, row: VersionView) -> str:
        return row.version.author_name if self._tells_names() else ""

    def get_reason(self, row: VersionView) -> str:
        return row.version.reason if self._tells_names() else ""

    def get_difference(self, row: VersionView) -> str:
        return "\n".join(f"{SIGNS[line.kind]}{line.text}" for line in row.lines)

    def _tells_names(self) -> bool:
        return bool(self.context["request"].user.is_authenticated)


class RuleVersionsView(RuleAddress, ListEndpoint):
    """Every text that a rule had since it came into the catalog, the newest first; none while it never changed."""

    operation = "rule_versions"
    serializer_class = RuleVersionSerializer

    def rows(self, source: str, own_id: str) -> Rows:
        self.asked()
        return history(self.rule(source, own_id))


class TextRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "txt"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, context: Any = None) -> bytes:
        """What OPTIONS tells; the text itself is sent as it is."""
        return json.dumps(data, indent=2).encode()


HEADERS = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, response=[200], description=said)
    for name, said in (("X-Licence", "The licence of the text."), ("X-Author", "Its authors."))
]


class RuleRawView(RuleAddress, Endpoint):
    """The rule's text as its vendor or team published it, under its own licence.

    Its headers name the licence (`X-Licence`), the authors (`X-Author`) and where it came from (`Link`, rel="via"),
    percent-encoded where they hold more than ASCII.
    """

    operation = "rule_raw"
    renderer_classes = (TextRenderer,)
    serializer_class = None

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR}, parameters=HEADERS)
    def get(self, request: Request, source: str, own_id: str) -> HttpResponse:
        self.asked()
        if "fields" in request.query_params:
            raise BadParameters({"fields": ["A text has no keys to choose."]})
        rule = self.rule(source, own_id)
        ending = rule.file_path.rpartition(".")[2] if "." in rule.file_path else "txt"
        name = file_name(f"{source}/{own_id}/", ending if ending.isalnum() else "txt")
        headers = {
            "X-Licence": quote(rule.effective_licence or "not stated", safe=" "),
            "X-Author": quote(", ".join(map(str, rule.authors)) or "not stated", safe=" ,@<>()"),
            "Content-Disposition": f'inline; filename="{name}"',
            "Content-Security-Policy": NO_SCRIPTS,
        }
        if rule.link.lower().startswith(("https://", "http://")):
            headers["Link"] = f'<{quote(rule.link, safe=":/?&=#%@")}>; rel="via"'
        return HttpResponse(rule.text.text, content_type="text/plain; charset=utf-8", headers=headers)
