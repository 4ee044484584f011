"""Indicators in the API: the list, one with all that its page shows, and each table of that page by itself."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint
from catalog.api.serializers import RuleSerializer
from catalog.filters.indicators import IndicatorFilterSet
from catalog.filters.rules import IndicatorRuleFilterSet
from detections.guide.indicator import SCOPE, CountedTest, equivalents, spelled
from detections.guide.profile import MOST_TOGETHER, UseRow, build_profile, checked_together, uses_of
from detections.guide.variants import variants_of
from detections.models import Indicator, Rule

MOST_BESIDE = 500  # indicators that are told to be checked together with one


class IndicatorSerializer(serializers.Serializer):
    """A combination of field, operator and value that rules check or exclude."""

    id = serializers.CharField(source="key", help_text="Its key, which survives a rebuild of the catalog.")
    field = serializers.CharField(help_text="The canonical field.")
    operator = serializers.CharField()
    value = serializers.CharField(source="shown", help_text="The spelling that most live rules use.")
    role = serializers.CharField(help_text="filter: an ordinary test; scope: it selects a data source.")
    reach = serializers.IntegerField(source="seen", help_text="Live rules that check it.")
    excluded_reach = serializers.IntegerField(source="seen_excluded", help_text="Live rules that exclude it.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    def get_url(self, indicator: Indicator) -> str:
        return reverse("indicator-detail", args=[indicator.key])


class VendorUseSerializer(serializers.Serializer):
    """Live rules of a source that check it, and that exclude it."""

    vendor = serializers.CharField(source="id", help_text="Slug of the source.")
    name = serializers.CharField()
    rules = serializers.IntegerField(source="checks")
    excluded = serializers.IntegerField(source="excludes")


class TechniqueUseSerializer(serializers.Serializer):
    """Live rules that state a technique themselves and check it, and that exclude it."""

    attack_id = serializers.CharField(source="id")
    name = serializers.CharField()
    parent = serializers.CharField(help_text="Name of a sub-technique's parent, else empty.")
    rules = serializers.IntegerField(source="checks")
    excluded = serializers.IntegerField(source="excludes")


class CountedTestSerializer(serializers.Serializer):
    """A test in one spelling, with the live rules that use it. `id` is the key of its indicator."""

    id = serializers.CharField()
    field = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    rules = serializers.IntegerField()


class IndicatorDetailSerializer(IndicatorSerializer):
    """One indicator. Reach measures how common it is among rule authors, not how noisy it is in a network."""

    equivalent_reach = serializers.SerializerMethodField(
        help_text="Live rules that check it however it is written; null for scope, which has none."
    )
    vendors = VendorUseSerializer(source="profile.vendors", many=True)
    techniques = TechniqueUseSerializer(
        source="profile.techniques", many=True, help_text="Those that its rules state, the most rules first."
    )
    together = CountedTestSerializer(
        source="profile.together",
        many=True,
        help_text=f"The {MOST_TOGETHER} that most of the rules that check it check as well, scope left out.",
    )

    def get_equivalent_reach(self, indicator: Indicator) -> int | None:
        return None if indicator.role == SCOPE else indicator.profile.equivalents.rules


class VariantsSerializer(serializers.Serializer):
    """Tests of the same field that find more, or less, by their texts; 20 of each at most, by reach."""

    wider = IndicatorSerializer(many=True)
    narrower = IndicatorSerializer(many=True)


class IndicatorListView(ListEndpoint):
    """The indicators that a live rule checks or excludes, those of the largest reach first."""

    operation = "indicators"
    serializer_class = IndicatorSerializer
    filterset_class = IndicatorFilterSet

    def rows(self) -> QuerySet[Indicator]:
        asked = self.asked(Indicator.objects.in_use(self.reader).with_reach(self.reader))
        return asked.in_order

    def completed(self, rows: list[Indicator]) -> list[Indicator]:
        return spelled(rows, self.reader)


class OneIndicator(Endpoint):
    """An address under an indicator's key."""

    def indicator(self, key: str) -> Indicator:
        """Raises 404 for one that no live rule of the reader's uses."""
        found = Indicator.objects.in_use(self.reader).with_reach(self.reader).filter(key=key).first()
        if found is None:
            raise Http404(f"No live rule uses an indicator with the key {key}.")
        return found


class IndicatorView(OneIndicator):
    """One indicator by its key: who checks and excludes it, and what is checked together with it.

    Reach measures how common an indicator is among rule authors, not how noisy it is in a network.
    """

    operation = "indicator"
    serializer_class = IndicatorDetailSerializer

    def get(self, request: Request, key: str) -> Response:
        self.asked()
        indicator = self.indicator(key)
        indicator.profile = build_profile(indicator, self.reader)
        indicator.shown = indicator.profile.value
        return Response(self.get_serializer(indicator).data)


class IndicatorRulesView(OneIndicator, ListEndpoint):
    """The live rules that check an indicator; with `excluded=1` those that exclude it."""

    operation = "indicator_rules"
    serializer_class = RuleSerializer
    filterset_class = IndicatorRuleFilterSet

    def rows(self, key: str) -> QuerySet[Rule]:
        asked = self.asked(Rule.objects.visible_to(self.reader))
        excluded = asked.form.cleaned_data["excluded"] == "1"
        rules = asked.in_order.checking(self.indicator(key).key, excluded)
        return rules.for_list().prefetch_related("techniques")


class IndicatorVendorsView(OneIndicator, ListEndpoint):
    """The sources of the live rules that check or exclude an indicator, the most rules that check it first."""

    operation = "indicator_vendors"
    serializer_class = VendorUseSerializer

    def rows(self, key: str) -> Sequence[UseRow]:
        self.asked()
        vendors, _ = uses_of(self.indicator(key).key, self.reader)
        return vendors


class IndicatorTechniquesView(OneIndicator, ListEndpoint):
    """The techniques that the live rules which check or exclude an indicator state, the most such rules first."""

    operation = "indicator_techniques"
    serializer_class = TechniqueUseSerializer

    def rows(self, key: str) -> Sequence[UseRow]:
        self.asked()
        _, techniques = uses_of(self.indicator(key).key, self.reader)
        return techniques


class IndicatorTogetherView(OneIndicator, ListEndpoint):
    """What the live rules that check an indicator check as well, scope left out: the 500 that most of them check."""

    operation = "indicator_together"
    serializer_class = CountedTestSerializer

    def rows(self, key: str) -> Sequence[CountedTest]:
        self.asked()
        indicator = self.indicator(key)
        checking = Rule.objects.visible_to(self.reader).live().checking(indicator.key)
        return checked_together(checking, [indicator.key], self.reader, MOST_BESIDE)


class IndicatorEquivalentsView(OneIndicator, ListEndpoint):
    """Every way to write the same test, by the live rules that use it; its own spellings among them."""

    operation = "indicator_equivalents"
    serializer_class = CountedTestSerializer

    def rows(self, key: str) -> Sequence[CountedTest]:
        self.asked()
        return equivalents(self.indicator(key).key, self.reader).rows


class IndicatorVariantsView(OneIndicator):
    """Wider and narrower variants of an indicator, 20 of each at most, by reach.

    Wider is a test of the same field whose text stands inside this one's, where it is looked for (eq and in the whole,
    startswith at the start, endswith at the end, contains anywhere), and whose operator is no stricter: eq and in, then
    startswith and endswith, then contains, then wildcard. Narrower is the reverse.
    """

    operation = "indicator_variants"
    serializer_class = VariantsSerializer

    def get(self, request: Request, key: str) -> Response:
        self.asked()
        variants = variants_of(self.indicator(key), self.reader)
        spelled([*variants.wider, *variants.narrower], self.reader)
        return Response(self.get_serializer(variants).data)
