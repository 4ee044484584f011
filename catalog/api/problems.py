"""What could not be read: rules not parsed in full, files with problems, technique ids that ATT&CK does not know."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from catalog.api.endpoint import ListEndpoint
from catalog.api.serializers import ListedRuleSerializer, ProblemSerializer
from catalog.filters.rules import RuleFilterSet
from detections.guide.figures import unknown_ids
from detections.guide.guide import NOT_SHOWN
from detections.models import Rule, RuleTechnique, SourceFile


class UnreadRuleSerializer(ListedRuleSerializer):
    """A rule that could not be read in full, with the reasons. `parse` is partial or none."""

    language = serializers.CharField()
    problems = ProblemSerializer(source="text.problems", many=True)


class ParseProblemsView(ListEndpoint):
    """Live rules that are not parsed in full, those parsed in part first, with what was not understood."""

    operation = "parse_problems"
    serializer_class = UnreadRuleSerializer
    filterset_class = RuleFilterSet

    def rows(self) -> QuerySet[Rule]:
        rules = Rule.objects.visible_to(self.reader).live().not_parsed_in_full().for_list().select_related("text")
        not_shown = [*NOT_SHOWN, *(f"text__{name}" for name in ("text", "query", "tree", "beside"))]
        found: QuerySet[Rule] = self.asked(rules.defer(*not_shown)).qs
        return found


class FileProblemsSerializer(serializers.Serializer):
    """A file of a source with what is wrong with it."""

    path = serializers.CharField()
    source = serializers.CharField(source="source.slug")
    problems = ProblemSerializer(many=True)


class FileProblemsView(ListEndpoint):
    """Files of which something could not be read, or looks wrong, by source and path."""

    operation = "file_problems"
    serializer_class = FileProblemsSerializer

    def rows(self) -> QuerySet[SourceFile]:
        self.asked()
        return SourceFile.objects.visible_to(self.reader).with_problems().select_related("source").in_order()


class UnknownTechniqueSerializer(serializers.Serializer):
    """An id as a rule writes it that the ATT&CK version in force does not know."""

    written = serializers.CharField()
    rule = serializers.CharField(source="rule.own_id", help_text="The rule's own id.")
    title = serializers.CharField(source="rule.title")
    vendor = serializers.CharField(source="rule.source.slug")
    live = serializers.BooleanField(source="rule.live")


class UnknownTechniquesView(ListEndpoint):
    """Ids that ATT&CK does not know, by id. They are kept as written and looked up again at the next sync of ATT&CK."""

    operation = "unknown_techniques"
    serializer_class = UnknownTechniqueSerializer

    def rows(self) -> QuerySet[RuleTechnique]:
        self.asked()
        return unknown_ids(self.reader)
