"""Filters of sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import django_filters
from django.db.models import QuerySet

from catalog.filters.kinds import WordsFilter
from catalog.filters.rules import RuleFilterSet
from catalog.filters.strict import StrictFilterSet
from detections.models import Rule, Source


class SourceFilterSet(StrictFilterSet):
    """Those of rules choose which rules are counted, and leave the sources that have such a live rule."""

    OF_RULES = ("language", "parse")

    vendor = WordsFilter(field_name="slug", label="Slug of the source")
    public = django_filters.ChoiceFilter(
        method="for_everybody",
        choices=[("yes", "public"), ("no", "private")],
        error_messages={"invalid_choice": "Write yes or no."},
        label="yes: sources that everybody sees; no: those for members alone",
    )
    language = WordsFilter(method="of_rules", label="Query language of the rules")
    parse = WordsFilter(method="of_rules", label="How far the rules are parsed: full, partial or none")

    class Meta:
        model = Source
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        return self.rule_words

    @property
    def rules(self) -> QuerySet[Rule]:
        """The rules of the sources asked for, live or not, that answer the filters of rules."""
        return self.rules_without()

    def rules_without(self, *names: str) -> QuerySet[Rule]:
        """These rules, were some filters taken off."""
        sources = super().filtered(self.queryset.order_by(), names)
        return self._answering(names).filter(source__in=sources.values("pk"))

    def filtered(self, rows: QuerySet[Source], without: Collection[str] = ()) -> QuerySet[Source]:
        sources = super().filtered(rows, without)
        if not any(self.form.cleaned_data[name] for name in self.OF_RULES if name not in without):
            return sources
        return sources.filter(pk__in=self._answering(without).live().order_by().values("source"))

    def _answering(self, without: Collection[str]) -> QuerySet[Rule]:
        rules = Rule.objects.visible_to(self.reader)
        for name in self.OF_RULES:
            if name not in without:
                rules = RuleFilterSet.base_filters[name].filter(rules, self.form.cleaned_data[name])
        return rules

    def for_everybody(self, sources: QuerySet[Source], name: str, value: str) -> QuerySet[Source]:
        return sources.filter(public=value == "yes")

    def of_rules(self, sources: QuerySet[Source], name: str, value: list[str]) -> QuerySet[Source]:
        """Nothing yet: they are asked of one and the same rule, together."""
        return sources
