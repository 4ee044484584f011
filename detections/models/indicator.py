"""Indicators and the flat sets that are counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db import models
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from detections.models.reader import Reader
from detections.models.rule import Rule
from detections.normalization.names import cleaned_name


class WithoutStars(models.Func):
    """A text without the stars at its edges."""

    function = "TRIM"
    template = "%(function)s(%(expressions)s, '*')"
    arity = 1
    output_field = models.TextField()


class StoredReach(NamedTuple):
    """Rules that check an indicator, rules that exclude it, and the reason by which an attacker can satisfy it."""

    checks: int
    excludes: int
    satisfiable: str


NOT_STORED = StoredReach(0, 0, "")


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    def in_use(self, reader: Reader) -> IndicatorQuerySet:
        """Those that a live rule which the reader sees checks or excludes."""
        return self.filter(
            models.Q(**{f"{reader.reach_column()}__gt": 0})
            | models.Q(**{f"{reader.reach_column(excluded=True)}__gt": 0})
        )

    def with_reach(self, reader: Reader) -> IndicatorQuerySet:
        """With `seen` and `seen_excluded`: reach and excluded reach as the reader sees them."""
        return self.annotate(seen=F(reader.reach_column()), seen_excluded=F(reader.reach_column(excluded=True)))

    def with_text(self) -> IndicatorQuerySet:
        """With `text`: what a pattern looks for, as `normalization.patterns` has it."""
        wild = models.Q(wild=True) | models.Q(operator="wildcard")
        return self.annotate(text=Case(When(wild, then=WithoutStars("value")), default=F("value")))

    def fields(self) -> tuple[str, ...]:
        """Their canonical fields by code point."""
        return tuple(sorted(self.order_by().values_list("field", flat=True).distinct()))

    def used_by(self, slugs: Iterable[str], reader: Reader) -> IndicatorQuerySet:
        """Those that a live rule of one of these sources checks or excludes."""
        rules = Rule.objects.visible_to(reader).live().filter(source__slug__in=slugs)
        return self.filter(Exists(RuleIndicator.objects.filter(indicator=OuterRef("pk"), rule__in=rules.values("pk"))))

    def exclusions(self, reader: Reader) -> IndicatorQuerySet:
        """Those that a live rule which the reader sees excludes, scope too."""
        return self.filter(**{f"{reader.reach_column(excluded=True)}__gt": 0})

    def excluded_by(self, rules: QuerySet[Rule]) -> IndicatorQuerySet:
        """Those that one of `rules` excludes."""
        uses = RuleIndicator.objects.filter(excluded=True, counted=True, rule__in=rules.order_by().values("pk"))
        return self.filter(pk__in=uses.values("indicator"))

    def with_rules(self, rules: QuerySet[Rule]) -> IndicatorQuerySet:
        """With `rules`: how many of `rules` exclude each."""
        uses = RuleIndicator.objects.filter(
            indicator=OuterRef("pk"), excluded=True, counted=True, rule__in=rules.order_by().values("pk")
        )
        number = uses.order_by().values("indicator").annotate(number=Count("pk")).values("number")
        return self.annotate(rules=Coalesce(Subquery(number), 0, output_field=IntegerField()))

    def reach_by_key(self, reader: Reader, keys: Iterable[str]) -> dict[str, StoredReach]:
        """The reach of the indicators of these keys, as the reader sees it."""
        columns = ("key", reader.reach_column(), reader.reach_column(excluded=True), "satisfiable")
        ordered, found = sorted(keys), {}
        for first in range(0, len(ordered), 5000):
            rows = self.filter(key__in=ordered[first : first + 5000]).values_list(*columns)
            found.update({key: StoredReach(*row) for key, *row in rows})
        return found


class Indicator(models.Model):
    """A combination of canonical field, operator and value that rules check.

    The key is the hash of field, operator, folded value and `wild` (`normalization.values.indicator_key`), so that
    its address survives a rebuild. `value` is the folded value; the spelling that is shown is the one that most live
    rules which the reader sees use. `program` and `satisfiable` follow from the test alone (`normalization.marks`):
    they are written with the row, and by a recomputation when what decides them has changed. `reach` counts live
    rules that check it, `excluded_reach` those that exclude it, the public pair only rules of public sources.
    """

    key = models.CharField(max_length=16, primary_key=True)
    field = models.CharField(max_length=200)
    operator = models.CharField(max_length=12)
    value = models.TextField()
    wild = models.BooleanField(default=False)
    role = models.CharField(max_length=10, default="filter")
    program = models.CharField(max_length=100, blank=True, help_text="The program that it names, if any.")
    satisfiable = models.CharField(max_length=20, blank=True, help_text="Why an attacker can satisfy it, if one can.")
    reach = models.IntegerField(default=0)
    excluded_reach = models.IntegerField(default=0)
    public_reach = models.IntegerField(default=0)
    public_excluded_reach = models.IntegerField(default=0)

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["field", "operator"])]

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {self.value}"


class RuleIndicator(models.Model):
    """That a rule checks (or excludes) an indicator, once for each spelling and equivalence key that it uses.

    Exactly one row of a (rule, indicator, excluded) is `counted`, so that a rule counts once however often it
    repeats the test. `value` is the rule's verbatim (decoded) spelling; `equivalence` the key under which
    differently written tests are the same, "" when there is none.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="indicators")
    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="uses")
    excluded = models.BooleanField(default=False)
    counted = models.BooleanField(default=True)
    value = models.TextField()
    equivalence = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["indicator", "excluded", "rule"]),
            models.Index(fields=["equivalence", "rule"]),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.indicator_id}"


class RuleFieldQuerySet(models.QuerySet["RuleField"]):
    def names(self, reader: Reader) -> tuple[str, ...]:
        """The canonical fields that rules which the reader sees test, live or not, by code point. One query."""
        seen = self.filter(reader.sources("rule__source")).order_by()
        return tuple(sorted(seen.values_list("field", flat=True).distinct()))

    def of_fields(self, names: Collection[str]) -> RuleFieldQuerySet:
        """Tests of many fields. Not by the index: SQLite would look up each name for each rule of a set of rules."""
        return self.alias(name=Coalesce("field", models.Value(""))).filter(name__in=names)

    def tested(
        self, fields: Collection[str] | None, operators: Collection[str] | None, excluded: str | None
    ) -> RuleFieldQuerySet:
        """Tests of one of the fields, with one of the operators, as a check ("0") or an exclusion ("1")."""
        found = self.filter(field__in=fields) if fields else self
        found = found.filter(operator__in=operators) if operators else found
        return found.filter(excluded=excluded == "1") if excluded else found


class RuleField(models.Model):
    """That a rule tests a canonical field with an operator. Tests for existence are here and nowhere else."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="fields")
    field = models.CharField(max_length=200)
    operator = models.CharField(max_length=12)
    excluded = models.BooleanField(default=False)
    role = models.CharField(max_length=10, default="filter")

    objects = RuleFieldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "field", "operator", "excluded"], name="one_field_row_per_rule")
        ]
        indexes = [models.Index(fields=["field", "operator", "rule"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.field} {self.operator}"


class RuleNameQuerySet(models.QuerySet["RuleName"]):
    def spellings(self, name: str) -> list[str]:
        """The written names that are this one in any case, whatever marks stand around them (`cleaned_name`)."""
        written = self.order_by().values_list("name", flat=True).distinct()
        wanted = cleaned_name(name).lower()
        return [one for one in written if cleaned_name(one).lower() == wanted]


class RuleName(models.Model):
    """A field name as a rule writes it, and the canonical field that it was found to be; `known` when a table says so.

    Not counted: it tells which rules a changed alias touches, and which names no table knows.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=300)
    canonical = models.CharField(max_length=200)
    known = models.BooleanField(default=True)

    objects = RuleNameQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "name", "canonical"], name="one_name_row_per_rule")]
        indexes = [models.Index(fields=["canonical", "name"]), models.Index(fields=["name"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.name}"
