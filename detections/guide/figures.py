"""The catalog in figures: rules per source and language, how far they are parsed, techniques covered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from detections.models import Reader, Rule, RuleTechnique, Source, Technique

PARSES = ("full", "partial", "none")


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """Live rules of a source in one language, by how far they are parsed."""

    language: str
    parsed: dict[str, int]

    @property
    def rules(self) -> int:
        return sum(self.parsed.values())


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """`rules` are live ones; `others` are stored and count nowhere (retired, deprecated, unsupported, copies)."""

    source: Source
    parsed: dict[str, int]
    others: int
    languages: tuple[LanguageFigures, ...] = ()

    @property
    def rules(self) -> int:
        return sum(self.parsed.values())


@dataclass(frozen=True, slots=True)
class CatalogFigures:
    """Some sources taken together. `covered` of `techniques` in force, sub-techniques too, have a live rule of them."""

    sources: tuple[SourceFigures, ...] = ()
    techniques: int = 0
    covered: int = 0

    @property
    def parsed(self) -> dict[str, int]:
        return {parse: sum(row.parsed[parse] for row in self.sources) for parse in PARSES}

    @property
    def rules(self) -> int:
        return sum(row.rules for row in self.sources)

    @property
    def languages(self) -> tuple[LanguageFigures, ...]:
        found: dict[str, Counter[str]] = {}
        for row in self.sources:
            for language in row.languages:
                found.setdefault(language.language, Counter()).update(language.parsed)
        return _languages(found)


def catalog_figures(reader: Reader) -> CatalogFigures:
    """All figures in four queries."""
    rules = Rule.objects.visible_to(reader)
    return CatalogFigures(
        sources=source_figures(Source.objects.visible_to(reader), rules),
        techniques=Technique.objects.in_force().count(),
        covered=Technique.objects.in_force().covered_by(rules.live()).count(),
    )


def source_figures(sources: QuerySet[Source], rules: QuerySet[Rule]) -> tuple[SourceFigures, ...]:
    """One row for each source, in the order of their slugs, counting `rules` of any lifecycle. Two queries."""
    counts: dict[int, Counter[tuple[str, str, bool]]] = {}
    rows = rules.order_by().values_list("source_id", "language", "parse", "live")
    for source, language, parse, live, number in rows.annotate(number=Count("pk")):
        counts.setdefault(source, Counter())[(language, parse, live)] += number
    return tuple(_source_figures(source, counts.get(source.pk, Counter())) for source in sources.in_order())


def unknown_ids(reader: Reader) -> QuerySet[RuleTechnique]:
    """Tags of rules that the reader sees with ids that the ATT&CK version in force does not know."""
    return (
        RuleTechnique.objects.unknown()
        .filter(rule__in=Rule.objects.visible_to(reader).order_by().values("pk"))
        .select_related("rule__source")
        .order_by("written", "rule__source__slug", "rule__own_id")
    )


def _source_figures(source: Source, counts: Counter[tuple[str, str, bool]]) -> SourceFigures:
    languages: dict[str, Counter[str]] = {}
    for (language, parse, live), number in counts.items():
        if live:
            languages.setdefault(language, Counter())[parse] += number
    rows = _languages(languages)
    return SourceFigures(
        source=source,
        parsed={parse: sum(row.parsed[parse] for row in rows) for parse in PARSES},
        others=sum(number for (_, _, live), number in counts.items() if not live),
        languages=rows,
    )


def _languages(parsed: Mapping[str, Counter[str]]) -> tuple[LanguageFigures, ...]:
    return tuple(
        LanguageFigures(language, {parse: found[parse] for parse in PARSES})
        for language, found in sorted(parsed.items(), key=lambda item: (-item[1].total(), item[0]))
    )
