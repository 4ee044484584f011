"""Rules in the API: the list, and one with everything that it says."""

from __future__ import annotations

from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint
from catalog.api.serializers import (
    BesideSerializer,
    DemandSerializer,
    PredicateSerializer,
    ProblemSerializer,
    RuleIndicatorSerializer,
    RuleLogSourceSerializer,
    RuleSerializer,
    SimilarSerializer,
    StatedTechniqueSerializer,
)
from catalog.filters.rules import RuleListFilterSet
from catalog.pages.beyond import beyond
from detections.guide.guide import NOT_SHOWN
from detections.guide.rule import predicates_of
from detections.guide.similar import similar_rules
from detections.models import Reader, Rule
from detections.models.rule import PLACES


class RuleListView(ListEndpoint):
    """Live rules by title; `live=all` and `live=no` for those that count nowhere."""

    operation = "rules"
    serializer_class = RuleSerializer
    filterset_class = RuleListFilterSet

    def rows(self) -> QuerySet[Rule]:
        asked = self.asked(Rule.objects.visible_to(self.reader))
        return (
            asked.in_order.for_list().prefetch_related("techniques").defer(*NOT_SHOWN, "false_positives", "overrides")
        )


class RuleDetailSerializer(RuleSerializer):
    """One rule. `predicates` are its own positive tests, `exclusions` its negated ones, `beside` the tests beside the
    query, `demands` what else it asks for; `tree` keeps the boolean structure. Raw text stands beside its licence and
    authors."""

    description = serializers.CharField()
    authors = serializers.ListField(child=serializers.CharField())
    licence = serializers.CharField(source="effective_licence")
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
    demands = DemandSerializer(many=True)
    problems = ProblemSerializer(source="reading.problems", many=True)
    tree = serializers.JSONField(source="text.tree", allow_null=True)
    query = serializers.CharField(source="text.query")
    text = serializers.CharField(source="text.text")
    version = serializers.IntegerField(help_text="Who edits the rule says which version they began from.")
    edited = serializers.BooleanField(help_text="Whether it says something else here than in its repository.")
    diverged = serializers.SerializerMethodField(help_text="Whether its repository changed after it was edited.")
    overrides = serializers.DictField(help_text="What was laid over its text, by key.")

    def get_diverged(self, rule: Rule) -> bool:
        return rule.held_id is not None


def read_rule(rule: Rule, reader: Reader) -> Rule:
    """The rule with what `RuleDetailSerializer` shows of it beside its row."""
    rule.reading = predicates_of(rule.text, reader)
    rule.demands = beyond(rule, reader)
    return rule


class RuleAddress(Endpoint):
    """What stands below a rule's address: the slug of its source and its own id."""

    def rule(self, source: str, own_id: str) -> Rule:
        """The rule, when the reader may see it. Raises `Http404`."""
        rules = Rule.objects.visible_to(self.reader).for_page()
        rule = rules.filter(source__slug=source, own_id=own_id).first()
        if rule is None:
            raise Http404(f"There is no rule {own_id!r} in {source[:50]!r}.")
        return rule


class RuleView(RuleAddress):
    """One rule by the slug of its source and its own id."""

    operation = "rule"
    serializer_class = RuleDetailSerializer

    def get(self, request: Request, source: str, own_id: str) -> Response:
        self.asked()
        return Response(self.get_serializer(read_rule(self.rule(source, own_id), self.reader)).data)


class SimilarRulesView(RuleAddress):
    """Live rules of other vendors that check the same things, the closest first; five at most.

    A rule's score is the sum of log(live rules / reach) over the tests that both make under any spelling, without
    scope and exclusions; they share at least two, or one of reach 10 or less.
    """

    operation = "similar_rules"
    serializer_class = SimilarSerializer

    def get(self, request: Request, source: str, own_id: str) -> Response:
        self.asked()
        similar = similar_rules(self.rule(source, own_id), self.reader)
        prefetch_related_objects([row.rule for row in similar.rules], *PLACES)
        return Response(self.get_serializer(similar).data)
