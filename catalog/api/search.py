"""The search in the API: the groups of the search page."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from catalog.api.errors import BadParameters
from catalog.pages.search import written
from catalog.searching import Results, results_of

Q = OpenApiParameter(
    "q",
    description="Words, names, ids and values; or terms: field, op, value and excluded (adjacent ones are one test), "
    "vendor, technique, tactic, platform, domain, language, level, status, parse. In a value `*` stands for anything; "
    "quotes keep words together, a minus takes away.",
)


class PartSerializer(serializers.Serializer):
    """A part of a text; `marked` when it is what was looked for."""

    text = serializers.CharField()
    marked = serializers.BooleanField()


class FoundTacticSerializer(serializers.Serializer):
    attack_id = serializers.CharField()
    name = serializers.CharField()
    shortname = serializers.CharField()


class FoundTechniqueSerializer(serializers.Serializer):
    """A technique in force that `rules` live rules state themselves."""

    attack_id = serializers.CharField(source="technique.attack_id")
    name = serializers.CharField(source="technique.full_name")
    rules = serializers.IntegerField()


class FoundFieldSerializer(serializers.Serializer):
    """A canonical field that `rules` live rules test; `names` are vendors' names for it that were found."""

    field = serializers.CharField()
    rules = serializers.IntegerField()
    names = serializers.ListField(child=serializers.CharField())


class FoundIndicatorSerializer(serializers.Serializer):
    """An indicator in the spelling that most rules use, with the live rules that check it and that exclude it."""

    id = serializers.CharField(source="key")
    field = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    reach = serializers.IntegerField()
    excluded_reach = serializers.IntegerField()


class FoundTestSerializer(serializers.Serializer):
    """A test of the rule that was asked for. `indicator` is empty for tests without a value."""

    field = serializers.CharField()
    operator = serializers.CharField()
    value = PartSerializer(many=True)
    excluded = serializers.BooleanField()
    indicator = serializers.CharField(source="key")


class FoundRuleSerializer(serializers.Serializer):
    """A live rule. `excerpt` is out of the text that `place` names, where the title does not say all."""

    id = serializers.CharField(source="rule.own_id")
    title = serializers.CharField(source="rule.title")
    vendor = serializers.CharField(source="rule.source.slug")
    place = serializers.CharField(help_text="description, query or tags; empty where the title says all.")
    excerpt = PartSerializer(many=True)
    tests = FoundTestSerializer(many=True)


class TechniqueGroupSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    results = FoundTechniqueSerializer(source="rows", many=True)


class FieldGroupSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    results = FoundFieldSerializer(source="rows", many=True)


class IndicatorGroupSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    results = FoundIndicatorSerializer(source="rows", many=True)


class RuleGroupSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    results = FoundRuleSerializer(source="rows", many=True)


class SearchSerializer(serializers.Serializer):
    """The first results of each group, the closest first; `count` counts them all. `/api/v1/rules/?q=` lists all rules
    of the same search, `/api/v1/techniques/?q=` all techniques."""

    q = serializers.CharField(source="asked.text")
    tactics = FoundTacticSerializer(many=True)
    techniques = TechniqueGroupSerializer(source="by_name.techniques", help_text="By id and name.")
    fields_ = FieldGroupSerializer(source="by_name.fields", help_text="By canonical and vendors' names.")
    indicators = IndicatorGroupSerializer(source="by_name.indicators", help_text="By value and by the tests asked for.")
    rules = RuleGroupSerializer(source="by_name.rules", help_text="By their texts, their tests and what they are.")
    meant = serializers.ListField(
        child=serializers.CharField(), help_text="Searches with other words that find rules, where this finds nothing."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """`fields` is a name of the serializer's own."""
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class SearchView(Endpoint):
    """Techniques, fields, indicators and rules that answer a search, as the search page shows them."""

    operation = "search"
    serializer_class = SearchSerializer
    own = ("q",)
    parameters = (Q,)

    def get(self, request: Request) -> Response:
        self.asked()
        results: Results = results_of(request._request, written(request._request))
        if results.problems:
            raise BadParameters({"q": [problem.message for problem in results.problems]})
        return Response(self.get_serializer(results).data)
