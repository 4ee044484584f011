"""The authoring guide of a technique: what its rules filter on, look for and exclude. Reads rows, returns values.

Everything is counted by the database over the technique's live rules that the reader sees; a rule counts at most once
in each row. Indicators are ranked first and named after, so that only the rows shown are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Min, QuerySet

from detections.guide.indicator import spellings
from detections.models import Indicator, Reader, Rule, RuleField, RuleIndicator, RuleLogSource, Technique
from detections.models.collation import code_point

SAMPLES = 5
PARSES = ("full", "partial", "none")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A canonical field: the rules that test it, with which operators (each with its rules), sample spellings."""

    field: str
    role: str
    rules: int
    operators: dict[str, int]
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """A combination of field, operator and value. `reach` is None when only this page's rules use it."""

    id: str
    field: str
    operator: str
    value: str
    role: str
    rules: int
    reach: int | None


@dataclass(frozen=True, slots=True)
class Tables:
    """The two tables of one polarity. `fields` is complete, `indicators` the first of `indicators_count` rows."""

    fields: tuple[FieldRow, ...]
    indicators: tuple[IndicatorRow, ...]
    indicators_count: int


@dataclass(frozen=True, slots=True)
class VendorGroup:
    """The rules of one source, by title."""

    slug: str
    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class LogSourceRow:
    """A telemetry that rules need, in a vendor's words."""

    vendor: str
    kind: str
    name: str
    rules: int


@dataclass(frozen=True, slots=True)
class FalsePositiveRow:
    """A false positive that rules name."""

    text: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """The whole page. `others` are the rules that count nowhere: retired, deprecated, unsupported, copies."""

    technique: Technique
    rollup: bool
    rules: int
    parsed: dict[str, int]
    checks: Tables
    exclusions: Tables
    vendors: tuple[VendorGroup, ...] = ()
    others: tuple[VendorGroup, ...] = ()
    log_sources: tuple[LogSourceRow, ...] = ()
    false_positives: tuple[FalsePositiveRow, ...] = field(default_factory=tuple)


def build_guide(
    technique: Technique, reader: Reader, rules: QuerySet[Rule], *, rollup: bool = False, limit: int = 500
) -> Guide:
    """The guide over `rules` (already filtered, of any lifecycle) that state the technique.

    `rollup` adds the rules of its sub-techniques, each once; `limit` bounds the indicator rows of each table.
    """
    stated = rules.visible_to(reader).under_technique(technique, rollup).in_order().for_list()  # type: ignore[attr-defined]
    listed = list(stated)
    live = [rule for rule in listed if rule.live]
    counted = _Counted(technique, reader, rules, rollup)
    return Guide(
        technique=technique,
        rollup=rollup,
        rules=len(live),
        parsed={parse: sum(rule.parse == parse for rule in live) for parse in PARSES},
        checks=counted.tables(excluded=False, limit=limit),
        exclusions=counted.tables(excluded=True, limit=limit),
        vendors=_grouped(live),
        others=_grouped(rule for rule in listed if not rule.live),
        log_sources=counted.log_sources(),
        false_positives=_false_positives(live),
    )


def more_indicators(
    technique: Technique,
    reader: Reader,
    rules: QuerySet[Rule],
    *,
    rollup: bool = False,
    excluded: bool = False,
    offset: int = 0,
    limit: int = 500,
) -> tuple[IndicatorRow, ...]:
    """Rows of the indicator table from `offset` on."""
    return _Counted(technique, reader, rules, rollup).indicators(excluded, offset, limit)


def rules_using(
    technique: Technique, reader: Reader, rules: QuerySet[Rule], key: str, *, rollup: bool, excluded: bool
) -> QuerySet[Rule]:
    """The rules under the technique that check (or exclude) an indicator, by title."""
    counted = _Counted(technique, reader, rules, rollup)
    using = RuleIndicator.objects.filter(indicator=key, excluded=excluded, counted=True).values("rule")
    return counted.live.filter(pk__in=using).in_order()  # type: ignore[attr-defined, no-any-return]


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
    """The rules under the technique that test (or exclude by) a canonical field, by title."""
    counted = _Counted(technique, reader, rules, rollup)
    tests = RuleField.objects.filter(field=field, excluded=excluded)
    if operator:
        tests = tests.filter(operator=operator)
    return counted.live.filter(pk__in=tests.values("rule")).in_order()  # type: ignore[attr-defined, no-any-return]


class _Counted:
    """The counts of one technique's live rules."""

    def __init__(self, technique: Technique, reader: Reader, rules: QuerySet[Rule], rollup: bool) -> None:
        self.reader = reader
        # The page's own rules before any filter: what blank reach is judged against.
        self.all = Rule.objects.live().visible_to(reader).under_technique(technique, rollup)
        self.live = rules.live().visible_to(reader).under_technique(technique, rollup)  # type: ignore[attr-defined]
        self.ids = self.live.order_by().values("pk")

    def tables(self, *, excluded: bool, limit: int) -> Tables:
        indicators = self.indicators(excluded, 0, limit) if limit else ()
        more = not limit or len(indicators) == limit
        count = self._uses(excluded).aggregate(n=Count("indicator", distinct=True))["n"] if more else len(indicators)
        return Tables(self.fields(excluded) if limit else (), indicators, count)

    def fields(self, excluded: bool) -> tuple[FieldRow, ...]:
        """Every field: one query for rules, one for operators, one for the samples."""
        tests = RuleField.objects.filter(rule__in=self.ids, excluded=excluded).order_by()
        rules = list(tests.values_list("field").annotate(n=Count("rule", distinct=True), role=Min("role")))
        if not rules:
            return ()
        operators: dict[str, dict[str, int]] = {}
        by_operator = tests.values_list("field", "operator").annotate(n=Count("rule", distinct=True))
        for name, operator, n in sorted(by_operator, key=lambda row: (-row[2], row[1])):
            operators.setdefault(name, {})[operator] = n
        samples = self._samples(excluded)
        return tuple(
            FieldRow(name, role, n, operators[name], samples.get(name, ()))
            for name, n, role in sorted(rules, key=lambda row: (-row[1], row[0]))
        )

    def _samples(self, excluded: bool) -> dict[str, tuple[str, ...]]:
        """For each field the spellings that most rules use, of equals the smaller by code point."""
        uses = RuleIndicator.objects.filter(rule__in=self.ids, excluded=excluded).order_by()
        rows = uses.values_list("indicator__field", "value").annotate(n=Count("rule", distinct=True))
        found: dict[str, list[tuple[int, str]]] = {}
        for name, value, n in rows.iterator():
            found.setdefault(name, []).append((-n, value))
        return {name: tuple(value for _, value in sorted(values)[:SAMPLES]) for name, values in found.items()}

    def _uses(self, excluded: bool) -> QuerySet[RuleIndicator]:
        return RuleIndicator.objects.filter(rule__in=self.ids, excluded=excluded, counted=True).order_by()

    def indicators(self, excluded: bool, offset: int, limit: int) -> tuple[IndicatorRow, ...]:
        """Ranked by rules, then field, operator and the value shown."""
        ranked = (
            self._uses(excluded)
            .values("indicator")
            .annotate(n=Count("pk"))
            .order_by("-n", code_point("indicator__field"), code_point("indicator__operator"),
                      code_point("indicator__value"), "indicator")
        )  # fmt: skip
        counts = {row["indicator"]: row["n"] for row in ranked[offset : offset + limit]}
        names = Indicator.objects.in_bulk(list(counts))
        shown = spellings(list(counts), self.reader)
        own = self._own_counts(counts, excluded)
        column = self.reader.reach_column(excluded)
        rows = []
        for key, rules in counts.items():
            row = names[key]
            reach = getattr(row, column)
            rows.append(
                IndicatorRow(
                    key, row.field, row.operator, shown.get(key, row.value), row.role, rules,
                    None if reach == own.get(key) else reach,
                )
            )  # fmt: skip
        return tuple(sorted(rows, key=lambda row: (-row.rules, row.field, row.operator, row.value)))

    def _own_counts(self, keys: Iterable[str], excluded: bool) -> dict[str, int]:
        """How many of the page's rules, before any filter, use each key."""
        found: dict[str, int] = {}
        for chunk in _chunks(list(keys)):
            uses = RuleIndicator.objects.filter(
                indicator__in=chunk, excluded=excluded, counted=True, rule__in=self.all.order_by().values("pk")
            )
            found.update(uses.order_by().values_list("indicator").annotate(n=Count("pk")))
        return found

    def log_sources(self) -> tuple[LogSourceRow, ...]:
        rows = RuleLogSource.objects.filter(rule__in=self.ids).order_by()
        counted = rows.values_list("rule__source__slug", "kind", "name").annotate(n=Count("rule", distinct=True))
        return tuple(LogSourceRow(*row) for row in sorted(counted, key=lambda row: (-row[3], row[0], row[1], row[2])))


def _grouped(rules: Iterable[Rule]) -> tuple[VendorGroup, ...]:
    groups: dict[str, list[Rule]] = {}
    names: dict[str, str] = {}
    for rule in rules:
        groups.setdefault(rule.source.slug, []).append(rule)
        names[rule.source.slug] = rule.source.name
    return tuple(VendorGroup(slug, names[slug], tuple(groups[slug])) for slug in sorted(groups))


def _false_positives(rules: Sequence[Rule]) -> tuple[FalsePositiveRow, ...]:
    """What rules name, most named first; a bare "unknown" says nothing."""
    named: dict[str, tuple[str, list[Rule]]] = {}
    for rule in rules:
        for text in dict.fromkeys(rule.false_positives):
            folded = " ".join(text.split()).rstrip(".").lower()
            if folded not in ("", "unknown", "unlikely", "none", "none identified"):
                named.setdefault(folded, (text, []))[1].append(rule)
    rows = sorted(named.values(), key=lambda row: (-len(row[1]), row[0]))
    return tuple(FalsePositiveRow(text, tuple(of)) for text, of in rows)


def _chunks(keys: list[str], size: int = 1000) -> Iterable[list[str]]:
    return (keys[first : first + size] for first in range(0, len(keys), size))
