"""What the API answers, field by field. One class is both the answer and its part of the schema."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.api.plain import PlainSerializer
from detections.guide.naming import CANONICAL, ShownName
from detections.models import Rule, Tactic, Technique

ATTACK_LICENCE = (
    "© The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation."
)


class AttackNoticeMixin(serializers.Serializer):
    """The version and licence of answers with ATT&CK's own texts."""

    attack_version = serializers.SerializerMethodField(help_text="The ATT&CK version in force.")
    attack_licence = serializers.SerializerMethodField(help_text="The notice that goes with ATT&CK's texts.")

    def get_attack_version(self, row: Any) -> str:
        return str(self.context["generation"].attack_version)

    def get_attack_licence(self, row: Any) -> str:
        return ATTACK_LICENCE


class NameSerializer(serializers.Serializer):
    attack_id = serializers.CharField()
    name = serializers.CharField()


class TacticSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tactic
        fields = ("attack_id", "name")


class TechniqueSerializer(serializers.ModelSerializer):
    """A technique with the number of live rules that state it (roll-up: with those of its sub-techniques)."""

    tactics = TacticSerializer(many=True)
    parent = NameSerializer(allow_null=True)
    rules = serializers.IntegerField(source="rule_count")
    guide = serializers.SerializerMethodField()

    class Meta:
        model = Technique
        fields = (
            "attack_id", "name", "parent", "is_subtechnique", "tactics", "platforms", "rules", "url", "guide",
        )  # fmt: skip

    def get_guide(self, technique: Technique) -> str:
        return reverse("api-technique-guide", args=[technique.attack_id])


class TechniqueDetailSerializer(AttackNoticeMixin, TechniqueSerializer):
    successor = NameSerializer(allow_null=True)
    subtechniques = serializers.SerializerMethodField()

    class Meta(TechniqueSerializer.Meta):
        fields = (
            *TechniqueSerializer.Meta.fields,
            "description",
            "revoked",
            "deprecated",
            "successor",
            "subtechniques",
            "attack_version",
            "attack_licence",
        )

    @extend_schema_field(NameSerializer(many=True))
    def get_subtechniques(self, technique: Technique) -> list[dict[str, str]]:
        rows = technique.subtechniques.in_force().in_order()
        return [{"attack_id": row.attack_id, "name": row.name} for row in rows]


class NamedFieldMixin(PlainSerializer):
    """A row of a canonical field, with its name among those asked for by `names`."""

    field = serializers.CharField(help_text="The canonical field.")
    name = serializers.SerializerMethodField(help_text="Its name in the namespace asked for by `names`.")
    published = serializers.SerializerMethodField(
        help_text="False where that namespace has no name for it; `name` is the canonical one then."
    )

    def get_name(self, row: Any) -> str:
        return self._shown(row).text

    def get_published(self, row: Any) -> bool:
        return self._shown(row).published

    def _shown(self, row: Any) -> ShownName:
        shown: ShownName | None = self.context.get("names", {}).get(row.field)
        return shown or ShownName(row.field)


class FieldRowSerializer(NamedFieldMixin):
    role = serializers.CharField()
    rules = serializers.IntegerField()
    operators = serializers.DictField(child=serializers.IntegerField())
    samples = serializers.ListField(child=serializers.CharField())


class IndicatorRowSerializer(NamedFieldMixin):
    id = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    role = serializers.CharField()
    rules = serializers.IntegerField()
    reach = serializers.IntegerField(allow_null=True, help_text="Null when only this technique's rules use it.")


class TablesSerializer(serializers.Serializer):
    fields = FieldRowSerializer(many=True)
    indicators = IndicatorRowSerializer(many=True)
    indicators_count = serializers.IntegerField()


class ListedRuleSerializer(PlainSerializer):
    """A rule as lists show it. `vendor` is the slug of its source."""

    id = serializers.CharField(source="own_id")
    title = serializers.CharField()
    vendor = serializers.CharField(source="source.slug")
    level = serializers.CharField()
    status = serializers.CharField()
    platforms = serializers.SerializerMethodField()
    domains = serializers.SerializerMethodField()
    parse = serializers.CharField()
    url = serializers.SerializerMethodField()

    def get_platforms(self, rule: Rule) -> list[str]:
        return rule.platform_names

    def get_domains(self, rule: Rule) -> list[str]:
        return rule.domain_names

    def get_url(self, rule: Rule) -> str:
        return reverse("rule-detail", args=[rule.source.slug, rule.own_id])


class VendorGroupSerializer(serializers.Serializer):
    vendor = serializers.CharField(source="slug")
    name = serializers.CharField()
    rules = ListedRuleSerializer(many=True)


class LogSourceSerializer(serializers.Serializer):
    vendor = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()
    rules = serializers.IntegerField()


class FalsePositiveSerializer(serializers.Serializer):
    text = serializers.CharField()
    rules = serializers.SerializerMethodField()

    def get_rules(self, row: Any) -> list[str]:
        return [reverse("rule-detail", args=[rule.source.slug, rule.own_id]) for rule in row.rules]


class GuideSerializer(AttackNoticeMixin, serializers.Serializer):
    """The authoring guide of a technique."""

    attack_id = serializers.CharField(source="technique.attack_id")
    name = serializers.CharField(source="technique.name")
    parent = NameSerializer(source="technique.parent", allow_null=True)
    tactics = TacticSerializer(source="technique.tactics", many=True)
    description = serializers.CharField(source="technique.description")
    subtechniques = serializers.BooleanField(source="rollup", help_text="Whether rules of sub-techniques count too.")
    names = serializers.SerializerMethodField(help_text="Whose names of fields stand in `name`.")
    rules = serializers.IntegerField()
    parsed = serializers.DictField(child=serializers.IntegerField())
    fields = FieldRowSerializer(source="checks.fields", many=True)
    indicators = IndicatorRowSerializer(source="checks.indicators", many=True)
    indicators_count = serializers.IntegerField(source="checks.indicators_count")
    exclusions = TablesSerializer()
    vendors = VendorGroupSerializer(many=True)
    others = VendorGroupSerializer(many=True, help_text="Retired, deprecated, unsupported and copied: not counted.")
    log_sources = LogSourceSerializer(many=True)
    false_positives = FalsePositiveSerializer(many=True)

    def get_names(self, guide: Any) -> str:
        return str(self.context.get("namespace", CANONICAL))


class RuleSerializer(ListedRuleSerializer):
    """A rule in a list of rules."""

    language = serializers.CharField()
    type = serializers.CharField()
    live = serializers.BooleanField()
    lifecycle = serializers.CharField()
    techniques = serializers.SerializerMethodField()
    created = serializers.CharField()
    modified = serializers.CharField()

    def get_techniques(self, rule: Rule) -> list[str]:
        return [tag.written for tag in rule.techniques.all()]


class SharedTestSerializer(serializers.Serializer):
    """A test that both rules make, as the rule of the address writes it. `reach` counts it under any spelling."""

    id = serializers.CharField(help_text="Key of the indicator.")
    field = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    reach = serializers.IntegerField()


class SimilarRuleSerializer(serializers.Serializer):
    rule = ListedRuleSerializer()
    score = serializers.FloatField()
    shared_count = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField(help_text="The rarest first, 100 at most.")

    def get_shared_count(self, row: Any) -> int:
        return len(row.shared)

    @extend_schema_field(SharedTestSerializer(many=True))
    def get_shared(self, row: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = SharedTestSerializer(row.shared[:100], many=True).data
        return found


class SimilarSerializer(serializers.Serializer):
    """Rules of other vendors that check the same things. `live_rules` is how many the reader sees."""

    live_rules = serializers.IntegerField()
    rules = SimilarRuleSerializer(many=True)


class PredicateSerializer(serializers.Serializer):
    """One test. `start` and `end` are offsets, in code points, into `query`, or into `text` where there is none."""

    field = serializers.CharField()
    canonical = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    role = serializers.CharField()
    derived = serializers.CharField()
    comparator = serializers.CharField()
    negated = serializers.BooleanField()
    indicator = serializers.CharField(help_text="Key of the counted indicator, empty where nothing is counted.")
    reach = serializers.IntegerField(allow_null=True)
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class RuleIndicatorSerializer(serializers.Serializer):
    id = serializers.CharField()
    field = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    role = serializers.CharField()
    excluded = serializers.BooleanField()
    reach = serializers.IntegerField(allow_null=True)


class BesideSerializer(serializers.Serializer):
    """Tests that stand beside the query, under the name of their place."""

    place = serializers.CharField()
    predicates = PredicateSerializer(many=True)


class NamedRuleSerializer(serializers.Serializer):
    """A rule that another one refers to, or is referred to by."""

    id = serializers.CharField(source="own_id")
    vendor = serializers.CharField(source="source.slug")
    title = serializers.CharField()
    live = serializers.BooleanField()
    url = serializers.SerializerMethodField()

    def get_url(self, rule: Rule) -> str:
        return reverse("rule-detail", args=[rule.source.slug, rule.own_id])


class NamedSerializer(serializers.Serializer):
    """One name of a demand: of a field, a job, an index or a rule."""

    text = serializers.CharField(help_text="As the rule writes it.")
    rule = NamedRuleSerializer(allow_null=True, help_text="The rule that it means.")
    missing = serializers.BooleanField(help_text="Whether it should mean a rule of this source, and none is there.")


class DemandSerializer(serializers.Serializer):
    """One thing beside the query: what has to be new, a threshold, a threat mapping, a job, the rules that a
    correlation or filter refers to, or the correlations and filters that refer to this rule."""

    name = serializers.CharField()
    note = serializers.CharField()
    named = NamedSerializer(many=True)


class RuleLogSourceSerializer(serializers.Serializer):
    kind = serializers.CharField()
    name = serializers.CharField()


class StatedTechniqueSerializer(serializers.Serializer):
    """`technique` is the id in force that `written` counts for, null when ATT&CK does not know it.

    A structural parent is written beside its sub-technique as a matter of form, and counts for nothing.
    """

    written = serializers.CharField()
    technique = serializers.CharField(source="technique.attack_id", default=None, allow_null=True)
    structural = serializers.BooleanField()


class ProblemSerializer(serializers.Serializer):
    message = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    snippet = serializers.CharField()
    severity = serializers.CharField()


class LanguageFiguresSerializer(serializers.Serializer):
    language = serializers.CharField()
    rules = serializers.IntegerField()
    parsed = serializers.DictField(child=serializers.IntegerField())


class SourceSerializer(serializers.Serializer):
    """`rules` are live ones, `others` are kept and count nowhere; `parsed` says how far the live ones are parsed."""

    slug = serializers.CharField(source="source.slug")
    name = serializers.CharField(source="source.name")
    vendor = serializers.CharField(source="source.vendor")
    licence = serializers.CharField(source="source.licence")
    repository = serializers.CharField(source="source.repository")
    commit = serializers.CharField(source="source.commit")
    synced_at = serializers.DateTimeField(source="source.synced_at", allow_null=True)
    rules = serializers.IntegerField()
    others = serializers.IntegerField()
    parsed = serializers.DictField(child=serializers.IntegerField())
    languages = LanguageFiguresSerializer(many=True)


class AttackSerializer(serializers.Serializer):
    version = serializers.CharField()
    spec = serializers.CharField()
    techniques = serializers.IntegerField()
    licence = serializers.CharField()
