"""Rules in the API: the list, and one with everything that it says."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.fields import chosen_fields
from catalog.api.filtering import ordered
from catalog.api.serializers import (
    BesideSerializer,
    PredicateSerializer,
    ProblemSerializer,
    RuleIndicatorSerializer,
    RuleLogSourceSerializer,
    RuleSerializer,
    StatedTechniqueSerializer,
)
from catalog.filters import RuleListFilterSet
from detections.guide.rule import predicates_of
from detections.models import Rule
from detections.models.collation import code_point

_ORDERING = OpenApiParameter("ordering", description="title, modified, created or level; - before it for descending.")
_FIELDS = OpenApiParameter("fields", description="Only these keys of the answer, separated by commas.")


class RuleListView(GenericAPIView):
    """Live rules by title; `live=all` and `live=no` for those that count nowhere."""

    queryset = Rule.objects.none()
    serializer_class = RuleSerializer
    filterset_class = RuleListFilterSet

    @extend_schema(parameters=[_ORDERING, _FIELDS])
    def get(self, request: Request) -> Response:
        rules = Rule.objects.visible_to(request._request.reader)
        rows = self.filter_queryset(rules).for_list().prefetch_related("techniques")
        columns = {name: code_point(name) for name in ("title", "modified", "created", "level")}
        page = self.paginate_queryset(ordered(request, rows, columns, "title"))
        context = self.get_serializer_context() | {"chosen": chosen_fields(request, RuleSerializer)}
        return self.get_paginated_response(RuleSerializer(page, many=True, context=context).data)


class RuleDetailSerializer(RuleSerializer):
    """One rule. `predicates` are its own positive tests, `exclusions` its negated ones, `beside` what stands beside
    the query; `tree` keeps the boolean structure. Raw text stands beside its licence and authors."""

    description = serializers.CharField()
    authors = serializers.ListField(child=serializers.CharField())
    licence = serializers.SerializerMethodField()
    references = serializers.ListField(child=serializers.CharField())
    false_positives = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    source_public = serializers.BooleanField(source="source.public")
    path = serializers.CharField()
    link = serializers.CharField()
    log_sources = RuleLogSourceSerializer(many=True)
    stated = StatedTechniqueSerializer(source="techniques", many=True, help_text="Every id as the rule writes it.")
    predicates = PredicateSerializer(source="reading.predicates", many=True)
    exclusions = PredicateSerializer(source="reading.exclusions", many=True)
    indicators = RuleIndicatorSerializer(source="reading.indicators", many=True)
    beside = BesideSerializer(source="reading.beside", many=True)
    problems = ProblemSerializer(source="reading.problems", many=True)
    tree = serializers.JSONField(source="text.tree", allow_null=True)
    query = serializers.CharField(source="text.query")
    text = serializers.CharField(source="text.text")

    def get_licence(self, rule: Rule) -> str:
        return rule.licence or rule.source.licence


class RuleView(GenericAPIView):
    """One rule by the slug of its source and its own id."""

    queryset = Rule.objects.none()
    serializer_class = RuleDetailSerializer
    filterset_class = None

    @extend_schema(parameters=[_FIELDS])
    def get(self, request: Request, source: str, own_id: str) -> Response:
        reader = request._request.reader
        rule = Rule.objects.visible_to(reader).for_page().filter(source__slug=source, own_id=own_id).first()
        if rule is None:
            raise Http404(f"There is no rule {own_id[:100]!r} in {source[:50]!r}.")
        rule.reading = predicates_of(rule.text, reader)
        context = self.get_serializer_context() | {"chosen": chosen_fields(request, RuleDetailSerializer)}
        return Response(RuleDetailSerializer(rule, context=context).data)
