"""The words by which rules can be filtered: what the rules that a reader sees have, and nothing else."""

from __future__ import annotations

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value

from detections.guide.figures import PARSES
from detections.models import Domain, Platform, Reader, Rule, Source

COLUMNS = ("language", "status", "level")


def rule_words(reader: Reader) -> dict[str, tuple[str, ...]]:
    """For each facet of rules its words by code point (`parse`: from full to none). One query."""
    rules = Rule.objects.visible_to(reader)
    platforms = Rule.platforms.through.objects.filter(platform=OuterRef("pk"), rule__in=rules.values("pk"))
    domains = Rule.domains.through.objects.filter(domain=OuterRef("pk"), rule__in=rules.values("pk"))
    parts = [
        _words("vendor", Source.objects.visible_to(reader), "slug"),
        _words("platform", Platform.objects.filter(Exists(platforms)), "name"),
        _words("domain", Domain.objects.filter(Exists(domains)), "name"),
        *(_words(column, rules.exclude(**{column: ""}), column) for column in COLUMNS),
    ]
    found: dict[str, list[str]] = {"vendor": [], "platform": [], "domain": [], **{column: [] for column in COLUMNS}}
    for facet, word in parts[0].union(*parts[1:]):
        found[facet].append(word)
    return {facet: tuple(sorted(words)) for facet, words in found.items()} | {"parse": PARSES}


def _words(facet: str, rows: QuerySet, column: str) -> QuerySet:
    shown = {"facet": Value(facet, output_field=CharField()), "word": F(column)}
    return rows.order_by().annotate(**shown).values_list("facet", "word").distinct()
