"""Rules in the API: the list, and one with everything that it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.fields import chosen_fields
from catalog.api.filtering import ordered
from catalog.api.serializers import PredicateSerializer, ProblemSerializer, RuleSerializer
from catalog.filters import RuleListFilterSet
from detections.models import Indicator, Rule
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
    path = serializers.CharField()
    link = serializers.CharField()
    log_sources = serializers.SerializerMethodField()
    predicates = serializers.SerializerMethodField()
    exclusions = serializers.SerializerMethodField()
    beside = serializers.SerializerMethodField()
    problems = serializers.SerializerMethodField()
    tree = serializers.JSONField(source="text.tree")
    query = serializers.CharField(source="text.query")
    text = serializers.CharField(source="text.text")

    def get_licence(self, rule: Rule) -> str:
        return rule.licence or rule.source.licence

    def get_log_sources(self, rule: Rule) -> list[dict[str, str]]:
        return [{"kind": row.kind, "name": row.name} for row in rule.log_sources.all()]

    def get_predicates(self, rule: Rule) -> list[dict[str, Any]]:
        return self._predicates(place="", excluded=False)

    def get_exclusions(self, rule: Rule) -> list[dict[str, Any]]:
        return self._predicates(place="", excluded=True)

    def get_beside(self, rule: Rule) -> list[dict[str, Any]]:
        return [row for row, _ in self.context["predicates"] if row["place"]]

    def get_problems(self, rule: Rule) -> list[dict[str, Any]]:
        return list(ProblemSerializer(rule.text.problems, many=True).data)

    def _predicates(self, place: str, excluded: bool) -> list[dict[str, Any]]:
        return [row for row, negated in self.context["predicates"] if row["place"] == place and negated == excluded]


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
        found = list(_tests(rule))
        reach = Indicator.objects.reach_by_key(reader, {row["indicator"] for row, _ in found if row["indicator"]})
        for row, negated in found:
            counts = reach.get(row["indicator"])
            row["reach"] = counts[negated] if counts else None
        context = self.get_serializer_context() | {
            "predicates": [(PredicateSerializer(row).data | {"negated": negated}, negated) for row, negated in found],
            "chosen": chosen_fields(request, RuleDetailSerializer),
        }
        return Response(RuleDetailSerializer(rule, context=context).data)


def _tests(rule: Rule) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every test of a rule's stored trees with its polarity, in text order."""
    trees = [("", rule.text.tree), *((part["place"], part["tree"]) for part in rule.text.beside)]
    for place, tree in trees:
        stack = [(tree, False)] if tree else []
        while stack:
            node, negated = stack.pop()
            if node["kind"] != "condition":
                below = negated != (node["kind"] == "not")
                stack.extend((child, below) for child in reversed(node["children"]))
                continue
            for test in node["tests"]:
                row = {name: node.get(name, "") for name in ("field", "canonical", "role", "derived")}
                yield row | test | {"place": place}, negated
