"""What could not be read: rules not parsed in full, files with problems, technique ids that ATT&CK does not know."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from catalog.api.endpoint import ListEndpoint
from catalog.api.serializers import ListedRuleSerializer, ProblemSerializer
from catalog.filters.sources import SourceFilterSet
from detections.guide.figures import unknown_ids
from detections.guide.guide import NOT_SHOWN
from detections.models import Rule, RuleTechnique, Source, SourceFile


class UnreadRuleSerializer(ListedRuleSerializer):
    """A rule that could not be read in full, with the reasons. `parse` is partial or none."""

    language = serializers.CharField()
    problems = ProblemSerializer(source="text.problems", many=True)


class ProblemsView(ListEndpoint):
    """Of the sources asked for."""

    filterset_class = SourceFilterSet

    def sources(self) -> SourceFilterSet:
        found: SourceFilterSet = self.asked(Source.objects.visible_to(self.reader))
        return found

    def of_sources(self) -> QuerySet[Source, int]:
        return self.sources().qs.order_by().values_list("pk", flat=True)


class ParseProblemsView(ProblemsView):
    """Live rules that are not parsed in full, those parsed in part first, with what was not understood."""

    operation = "parse_problems"
    serializer_class = UnreadRuleSerializer

    def rows(self) -> QuerySet[Rule]:
        rules = self.sources().rules.live().not_parsed_in_full().for_list().select_related("text")
        return rules.defer(*NOT_SHOWN, *(f"text__{name}" for name in ("text", "query", "tree", "beside")))


class FileProblemsSerializer(serializers.Serializer):
    """A file of a source with what is wrong with it."""

    path = serializers.CharField()
    source = serializers.CharField(source="source.slug")
    problems = ProblemSerializer(many=True)


class FileProblemsView(ProblemsView):
    """Files of which something could not be read, or looks wrong, by source and path."""

    operation = "file_problems"
    serializer_class = FileProblemsSerializer

    def rows(self) -> QuerySet[SourceFile]:
        files = SourceFile.objects.visible_to(self.reader).with_problems().filter(source__in=self.of_sources())
        return files.select_related("source").in_order()


class UnknownTechniqueSerializer(serializers.Serializer):
    """An id as a rule writes it that the ATT&CK version in force does not know."""

    written = serializers.CharField()
    rule = serializers.CharField(source="rule.own_id", help_text="The rule's own id.")
    title = serializers.CharField(source="rule.title")
    vendor = serializers.CharField(source="rule.source.slug")
    live = serializers.BooleanField(source="rule.live")


class UnknownTechniquesView(ProblemsView):
    """Ids that ATT&CK does not know, by id. They are kept as written and looked up again at the next sync of ATT&CK."""

    operation = "unknown_techniques"
    serializer_class = UnknownTechniqueSerializer

    def rows(self) -> QuerySet[RuleTechnique]:
        return unknown_ids(self.reader).filter(rule__source__in=self.of_sources())
