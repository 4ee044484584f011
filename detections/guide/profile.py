"""An indicator's profile: who checks and excludes it, how else it is written, its variants, what stands beside it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db.models import CharField, Count, F, QuerySet, Value

from detections.guide.indicator import SCOPE, CountedTest, Equivalents, equivalents, spellings
from detections.guide.variants import STRICTNESS, Variants, variants_of
from detections.models import Indicator, Reader, Rule, RuleIndicator

MOST_TOGETHER = 12
MOST_NAMED = 5000  # of those that tie for the last place; with more, keys decide


@dataclass(frozen=True, slots=True)
class UseRow:
    """The live rules of a source, or under a technique, that check and that exclude an indicator.

    `id` is the source's slug or the technique's id, `parent` the name of a sub-technique's parent.
    """

    id: str
    name: str
    checks: int = 0
    excludes: int = 0
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """All about one indicator; `value` is the spelling shown, `words` maps the key of every variant to its own.

    Techniques are those that a rule states itself, by rules. `together` are the indicators that the most of the
    rules that check this one check as well, scope left out.
    """

    indicator: Indicator
    value: str
    reach: int
    excluded: int
    vendors: tuple[UseRow, ...]
    techniques: tuple[UseRow, ...]
    equivalents: Equivalents
    variants: Variants
    together: tuple[CountedTest, ...]
    words: dict[str, str]

    @property
    def has_variants(self) -> bool:
        """Whether its operator is one that can have some."""
        return self.indicator.operator in STRICTNESS


def build_profile(indicator: Indicator, reader: Reader) -> Profile:
    """Everything in nine queries at most, whatever the indicator."""
    vendors, techniques = uses_of(indicator.key, reader)
    variants = variants_of(indicator, reader)
    checking = Rule.objects.visible_to(reader).live().checking(indicator.key)
    beside = _companions(checking, [indicator.key], MOST_TOGETHER)
    keys = {indicator.key, *(row.key for row in (*variants.wider, *variants.narrower)), *(row.id for row in beside)}
    words = spellings(keys, reader)
    return Profile(
        indicator=indicator,
        value=words.get(indicator.key, indicator.value),
        reach=sum(row.checks for row in vendors),
        excluded=sum(row.excludes for row in vendors),
        vendors=vendors,
        techniques=techniques,
        equivalents=Equivalents() if indicator.role == SCOPE else equivalents(indicator.key, reader),
        variants=variants,
        together=_spelled(beside, words),
        words=words,
    )


def checked_together(
    rules: QuerySet[Rule], keys: Collection[str], reader: Reader, most: int = MOST_TOGETHER
) -> tuple[CountedTest, ...]:
    """The indicators, but those of `keys` and of scope, that the most of `rules` check. Three queries.

    By rules, field, folded value and operator. `rules` are live ones that the reader sees.
    """
    found = _companions(rules, keys, most)
    return _spelled(found, spellings({row.id for row in found}, reader))


def uses_of(key: str, reader: Reader) -> tuple[tuple[UseRow, ...], tuple[UseRow, ...]]:
    """The sources of the rules that use an indicator, and the techniques that these rules state; the most first.

    One query. Vendors write a parent beside its sub-technique as a matter of form: that counts for nothing.
    """
    uses = RuleIndicator.objects.filter(
        reader.sources("rule__source"), rule__live=True, indicator=key, counted=True
    ).order_by()
    stated = uses.filter(rule__techniques__structural=False, rule__techniques__technique__isnull=False)
    blank = Value("", output_field=CharField())
    technique = "rule__techniques__technique__"
    columns = ("excluded", "kind", "word", "name", "parent")
    vendors = uses.annotate(
        kind=Value("vendor", output_field=CharField()), word=F("rule__source__slug"), name=F("rule__source__name"),
        parent=blank,
    )  # fmt: skip
    techniques = stated.annotate(
        kind=Value("technique", output_field=CharField()), word=F(f"{technique}attack_id"), name=F(f"{technique}name"),
        parent=F(f"{technique}parent__name"),
    )  # fmt: skip
    number = Count("rule", distinct=True)
    rows: dict[str, dict[str, UseRow]] = {"vendor": {}, "technique": {}}
    parts = (part.values_list(*columns).annotate(number=number) for part in (vendors, techniques))
    first, second = parts
    for excluded, kind, word, name, parent, rules in first.union(second, all=True):
        row = rows[kind].get(word) or UseRow(word, name, parent=parent or "")
        rows[kind][word] = replace(row, **{"excludes" if excluded else "checks": rules})
    by_rules = (sorted(found.values(), key=lambda row: (-row.checks, -row.excludes, row.id)) for found in rows.values())
    sources, stating = by_rules
    return tuple(sources), tuple(stating)


def _companions(rules: QuerySet[Rule], keys: Collection[str], most: int) -> list[CountedTest]:
    """What `checked_together` says, with folded values. Two queries: ranked first, then named with all that tie."""
    scope = Indicator.objects.filter(role=SCOPE).values("pk")
    uses = RuleIndicator.objects.filter(rule__in=rules.order_by().values("pk"), excluded=False, counted=True)
    beside = uses.exclude(indicator__in=keys).exclude(indicator__in=scope).order_by()
    numbers = dict(beside.values_list("indicator").annotate(number=Count("pk")))
    last = sorted(numbers.values(), reverse=True)[:most][-1:]
    ranked = sorted((-number, key) for key, number in numbers.items() if [number] >= last)[:MOST_NAMED]
    named = Indicator.objects.filter(key__in=[key for _, key in ranked]).values_list(
        "key", "field", "operator", "value"
    )
    found = [CountedTest(*row, numbers[row[0]]) for row in named]
    return sorted(found, key=lambda row: (-row.rules, row.field, row.value, row.operator, row.id))[:most]


def _spelled(rows: list[CountedTest], words: dict[str, str]) -> tuple[CountedTest, ...]:
    return tuple(replace(row, value=words.get(row.id, row.value)) for row in rows)
