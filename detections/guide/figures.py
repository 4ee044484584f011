"""The catalog in figures: rules per source and language, how far they are parsed, techniques covered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
    """`covered` of `techniques` in force have a live rule that the reader sees; sub-techniques count too."""

    sources: tuple[SourceFigures, ...] = ()
    techniques: int = 0
    covered: int = 0
    parsed: dict[str, int] = field(default_factory=dict)

    @property
    def rules(self) -> int:
        return sum(self.parsed.values())


def catalog_figures(reader: Reader) -> CatalogFigures:
    """All figures in four queries."""
    sources = source_figures(reader)
    parsed: Counter[str] = Counter()
    for row in sources:
        parsed.update(row.parsed)
    live = Rule.objects.visible_to(reader).live()
    return CatalogFigures(
        sources=sources,
        techniques=Technique.objects.in_force().count(),
        covered=Technique.objects.in_force().covered_by(live).count(),
        parsed={parse: parsed[parse] for parse in PARSES},
    )


def source_figures(reader: Reader) -> tuple[SourceFigures, ...]:
    """One row for each source that the reader sees, in the order of their slugs. Two queries."""
    counts: dict[int, Counter[tuple[str, str, bool]]] = {}
    rows = Rule.objects.visible_to(reader).order_by().values_list("source_id", "language", "parse", "live")
    for source, language, parse, live, number in rows.annotate(number=Count("pk")):
        counts.setdefault(source, Counter())[(language, parse, live)] += number
    return tuple(
        _source_figures(source, counts.get(source.pk, Counter()))
        for source in Source.objects.visible_to(reader).in_order()
    )


def unknown_ids(reader: Reader) -> QuerySet[RuleTechnique]:
    """Tags of rules that the reader sees with ids that the ATT&CK version in force does not know."""
    return (
        RuleTechnique.objects.unknown()
        .filter(rule__in=Rule.objects.visible_to(reader))
        .select_related("rule__source")
        .order_by("written", "rule__source__slug", "rule__own_id")
    )


def _source_figures(source: Source, counts: Counter[tuple[str, str, bool]]) -> SourceFigures:
    languages: dict[str, Counter[str]] = {}
    for (language, parse, live), number in counts.items():
        if live:
            languages.setdefault(language, Counter())[parse] += number
    rows = tuple(
        LanguageFigures(language, {parse: found[parse] for parse in PARSES})
        for language, found in sorted(languages.items(), key=lambda item: (-item[1].total(), item[0]))
    )
    return SourceFigures(
        source=source,
        parsed={parse: sum(row.parsed[parse] for row in rows) for parse in PARSES},
        others=sum(number for (_, _, live), number in counts.items() if not live),
        languages=rows,
    )
