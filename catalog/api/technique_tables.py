"""The tables of a technique's guide, each as a list of its own, and the rules behind a row."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from catalog.api.endpoint import ListEndpoint, Rows
from catalog.api.errors import BadParameters
from catalog.api.parameters import EXCLUDED, FROM, NAMES, ROLLUP, flag, namespace
from catalog.api.serializers import (
    FalsePositiveSerializer,
    FieldRowSerializer,
    IndicatorRowSerializer,
    ListedRuleSerializer,
    LogSourceSerializer,
    NameSerializer,
)
from catalog.api.techniques import TechniqueAddress
from detections.guide.guide import (
    Guide,
    LogSourceRow,
    build_guide,
    more_indicators,
    rules_of_page,
    rules_using,
    rules_with_field,
    rules_with_log_source,
)
from detections.guide.naming import CANONICAL, shown_names
from detections.guide.neighbours import neighbours_with_rules
from detections.importing.names import current_aliases
from detections.models import Indicator, Rule

EVERY = 1_000_000  # rows: more than any technique has
NONE: dict[str, Any] = {}


class TechniqueTable(TechniqueAddress, ListEndpoint):
    """A list under a technique's address, over the rules that the filters leave."""

    def rules(self, attack_id: str) -> QuerySet[Rule]:
        """The rules, live or not, that the filters of the address leave; `self.technique` is what they are under."""
        self.technique = self.found_technique(attack_id)
        rules: QuerySet[Rule] = self.asked(Rule.objects.visible_to(self.reader)).qs
        return rules

    @property
    def rollup(self) -> bool:
        return flag(self.request, "subtechniques")

    @property
    def excluded(self) -> bool:
        return flag(self.request, "excluded")

    def guide(self, attack_id: str) -> Guide:
        rules = self.rules(attack_id)
        return build_guide(self.technique, self.reader, rules, rollup=self.rollup, limit=0)


class NamedTable(TechniqueTable):
    """With the fields' names in the namespace that `names` asks for."""

    own = (*TechniqueTable.own, "excluded", "names")
    parameters = (*TechniqueTable.parameters, EXCLUDED, NAMES)

    def completed(self, rows: list[Any]) -> list[Any]:
        """The names of the fields of these rows, for the serializer."""
        asked = namespace(self.request)
        self.names = NONE
        if asked != CANONICAL:
            every = rules_of_page(self.technique, self.reader, self.rollup)
            self.names = shown_names(asked, (row.field for row in rows), every, self.reader, current_aliases())
        return rows

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"names": getattr(self, "names", NONE)}


class TechniqueFieldsView(NamedTable):
    """The fields that the technique's rules filter on (`excluded=1`: exclude by), the most rules first."""

    operation = "technique_fields"
    serializer_class = FieldRowSerializer

    def rows(self, attack_id: str) -> Rows:
        guide = self.guide(attack_id)
        return (guide.exclusions if self.excluded else guide.checks).fields


class TechniqueIndicatorsView(NamedTable):
    """The values that the technique's rules look for (`excluded=1`: exclude), the most rules first.

    `reach` counts the live rules of the whole catalog that check (exclude) the same: how common an indicator is among
    rule authors, not how noisy it is in a network. It is null where only this technique's rules use it.
    """

    operation = "technique_indicators"
    serializer_class = IndicatorRowSerializer

    def rows(self, attack_id: str) -> Rows:
        rules = self.rules(attack_id)
        return more_indicators(
            self.technique, self.reader, rules, rollup=self.rollup, excluded=self.excluded, offset=0, limit=EVERY
        )


class TechniqueLogSourcesView(TechniqueTable):
    """The telemetry that the technique's rules need, in their vendors' words, the most rules first."""

    operation = "technique_log_sources"
    serializer_class = LogSourceSerializer

    def rows(self, attack_id: str) -> Rows:
        return self.guide(attack_id).log_sources


class TechniqueFalsePositivesView(TechniqueTable):
    """The false positives that the technique's rules name, the most rules first."""

    operation = "technique_false_positives"
    serializer_class = FalsePositiveSerializer

    def rows(self, attack_id: str) -> Rows:
        return self.guide(attack_id).false_positives


class NeighbourSerializer(serializers.Serializer):
    technique = NameSerializer()
    relation = serializers.ChoiceField([(word, word) for word in ("parent", "sub-technique", "sibling")])
    rules = serializers.IntegerField(help_text="Live rules that state the technique itself.")


class SimilarTechniquesView(TechniqueTable):
    """Techniques of the same family that live rules state: its parent, its sub-techniques, its siblings."""

    operation = "similar_techniques"
    serializer_class = NeighbourSerializer
    own = ("from",)
    parameters = (FROM,)

    def rows(self, attack_id: str) -> Rows:
        rules = self.rules(attack_id).live()
        return neighbours_with_rules(self.technique, rules)


class TechniqueRulesView(TechniqueTable):
    """The live rules under the technique by title, and those behind a row of its guide.

    `indicator` asks for the rules that check its key, `field` (and `operator`) for those that test a field, both with
    `excluded=1` for those that exclude it; `source`, `kind` and `name` together for those that need a log source.
    """

    operation = "technique_rules"
    serializer_class = ListedRuleSerializer
    own = (*TechniqueTable.own, "excluded", "indicator", "field", "operator", "source", "kind", "name")
    parameters = (
        ROLLUP, FROM, EXCLUDED,
        OpenApiParameter("indicator", description="Key of an indicator that the rules check."),
        OpenApiParameter("field", description="Canonical field that the rules test."),
        OpenApiParameter("operator", description="Operator with which they test the `field`."),
        OpenApiParameter("source", description="Slug of the source of a log source."),
        OpenApiParameter("kind", description="Kind of that log source."),
        OpenApiParameter("name", description="Name of that log source."),
    )  # fmt: skip

    def rows(self, attack_id: str) -> QuerySet[Rule]:
        asked = self.rules(attack_id)
        wanted = self.request.query_params
        rules = asked if wanted.get("live") else asked.live()
        rules = rules.under_technique(self.technique, self.rollup)
        where = {"rollup": self.rollup, "excluded": self.excluded}
        if key := wanted.get("indicator"):
            if not Indicator.objects.in_use(self.reader).filter(key=key[:100]).exists():
                raise BadParameters({"indicator": ["The catalog has no indicator of this key."]})
            rules = rules_using(self.technique, self.reader, rules, key, **where)
        if field := wanted.get("field"):
            operator = wanted.get("operator") or None
            rules = rules_with_field(self.technique, self.reader, rules, field, operator=operator, **where)
        log_source = [wanted.get(part, "") for part in ("source", "kind", "name")]
        if any(log_source):
            row = LogSourceRow(*log_source, 0)
            rules = rules_with_log_source(self.technique, self.reader, rules, row, rollup=self.rollup)
        return rules.in_order().for_list()
