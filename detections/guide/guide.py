"""The authoring guide of a technique: what the catalog's rules check and exclude, where, and which rules they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from detections.guide.figures import PARSES
from detections.guide.tables import LIMIT, FieldRow, IndicatorRow, Tables, build_tables, indicator_rows
from detections.models import Reader, Rule, RuleField, RuleIndicator, RuleLogSource, Technique

__all__ = [
    "FalsePositiveRow", "FieldRow", "Guide", "IndicatorRow", "LogSourceRow", "Tables", "VendorGroup",
    "build_guide", "log_sources_of", "more_indicators", "rules_of_page", "rules_using", "rules_with_field",
    "rules_with_log_source",
]  # fmt: skip

SAYS_NOTHING = frozenset({"", "unknown", "none", "n/a"})  # false positives that tell an author nothing
# Columns that no row of a guide shows: decoding them takes longer than the query.
NOT_SHOWN = ("description", "authors", "references", "tags")


@dataclass(frozen=True, slots=True)
class VendorGroup:
    """The rules of one source, by title."""

    slug: str
    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class LogSourceRow:
    """Telemetry that rules of one source need, in its words. `vendor` is the source's slug."""

    vendor: str
    kind: str
    name: str
    rules: int


@dataclass(frozen=True, slots=True)
class FalsePositiveRow:
    """A false positive, and the rules that name it in these words."""

    text: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """`rules` live rules match, `parsed` says how far they are parsed; `others` are kept and count nowhere.

    `checks` is what the rules look for, `exclusions` what they exclude.
    """

    technique: Technique
    rollup: bool
    rules: int
    parsed: dict[str, int]
    checks: Tables
    exclusions: Tables
    vendors: tuple[VendorGroup, ...]
    others: tuple[VendorGroup, ...]
    log_sources: tuple[LogSourceRow, ...]
    false_positives: tuple[FalsePositiveRow, ...]


def build_guide(
    technique: Technique, reader: Reader, rules: QuerySet[Rule], *, rollup: bool = False, limit: int = LIMIT
) -> Guide:
    """The guide over `rules` (any lifecycle, filtered as the reader asks). At most eight queries.

    `limit` bounds the rows of both tables of indicators; the counts beside them are complete.
    """
    asked = rules.visible_to(reader).under_technique(technique, rollup)
    rows = list(asked.in_order().for_list().defer(*NOT_SHOWN))
    live = [rule for rule in rows if rule.live]
    checks, exclusions = build_tables(asked.live(), rules_of_page(technique, reader, rollup), reader, limit=limit)
    parsed = Counter(rule.parse for rule in live)
    return Guide(
        technique=technique,
        rollup=rollup,
        rules=len(live),
        parsed={parse: parsed[parse] for parse in PARSES},
        checks=checks,
        exclusions=exclusions,
        vendors=_by_vendor(live),
        others=_by_vendor(rule for rule in rows if not rule.live),
        log_sources=log_sources_of(asked.live()),
        false_positives=_false_positives(live),
    )


def more_indicators(
    technique: Technique,
    reader: Reader,
    rules: QuerySet[Rule],
    *,
    rollup: bool,
    excluded: bool,
    offset: int,
    limit: int,
) -> tuple[IndicatorRow, ...]:
    """The rows of one of the guide's tables of indicators from `offset` on. Two queries."""
    live = rules.visible_to(reader).live().under_technique(technique, rollup)
    tables = indicator_rows(live, rules_of_page(technique, reader, rollup), reader, offset, limit)
    return tables[excluded][0]


def rules_using(
    technique: Technique, reader: Reader, rules: QuerySet[Rule], key: str, *, rollup: bool, excluded: bool
) -> QuerySet[Rule]:
    """The live rules under the technique that check the indicator of a key, or exclude it, by title."""
    uses = RuleIndicator.objects.filter(indicator=key, excluded=excluded, counted=True)
    live = rules.visible_to(reader).live().under_technique(technique, rollup)
    return live.filter(pk__in=uses.values("rule")).in_order()


def rules_with_field(
    technique: Technique,
    reader: Reader,
    rules: QuerySet[Rule],
    field: str,
    *,
    rollup: bool,
    excluded: bool,
    operator: str | None = None,
) -> QuerySet[Rule]:
    """The live rules under the technique that test a field (with one operator), or exclude by it, by title."""
    tests = RuleField.objects.filter(field=field, excluded=excluded)
    if operator:
        tests = tests.filter(operator=operator)
    live = rules.visible_to(reader).live().under_technique(technique, rollup)
    return live.filter(pk__in=tests.values("rule")).in_order()


def rules_with_log_source(
    technique: Technique, reader: Reader, rules: QuerySet[Rule], row: LogSourceRow, *, rollup: bool
) -> QuerySet[Rule]:
    """The live rules under the technique that a row of its log sources counts, by title."""
    needed = RuleLogSource.objects.filter(kind=row.kind, name=row.name)
    live = rules.visible_to(reader).live().under_technique(technique, rollup)
    return live.filter(pk__in=needed.values("rule"), source__slug=row.vendor).in_order()


def rules_of_page(technique: Technique, reader: Reader, rollup: bool) -> QuerySet[Rule]:
    """The live rules of the technique's page before any filter."""
    return Rule.objects.visible_to(reader).live().under_technique(technique, rollup)


def _by_vendor(rules: Iterable[Rule]) -> tuple[VendorGroup, ...]:
    """Groups by the source's slug, the rules in the order in which they come."""
    groups: dict[str, list[Rule]] = {}
    for rule in rules:
        groups.setdefault(rule.source.slug, []).append(rule)
    return tuple(VendorGroup(slug, groups[slug][0].source.name, tuple(groups[slug])) for slug in sorted(groups))


def log_sources_of(rules: QuerySet[Rule]) -> tuple[LogSourceRow, ...]:
    """The telemetry that `rules` need: by rules, then vendor, kind and name. One query."""
    needed = RuleLogSource.objects.filter(rule__in=rules.order_by().values("pk")).order_by()
    number = Count("rule", distinct=True)
    found = needed.values_list("rule__source__slug", "kind", "name").annotate(number=number)
    return tuple(LogSourceRow(*row) for row in sorted(found, key=lambda row: (-row[3], *row[:3])))


def _false_positives(rules: Iterable[Rule]) -> tuple[FalsePositiveRow, ...]:
    """By rules, then text; a rule counts once for a text. Differences of case and of a last full stop are none."""
    named: dict[str, tuple[str, list[Rule]]] = {}
    for rule in rules:
        texts = {
            _folded(text): text for text in reversed([" ".join(str(text).split()) for text in rule.false_positives])
        }
        for folded, text in texts.items():
            if folded not in SAYS_NOTHING:
                named.setdefault(folded, (text, []))[1].append(rule)
    ranked = sorted(named.values(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(FalsePositiveRow(text, tuple(found)) for text, found in ranked)


def _folded(text: str) -> str:
    return text.rstrip(".").casefold()
