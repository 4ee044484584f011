"""Indicators and the flat sets that are counted."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from detections.models.reader import Reader
from detections.models.rule import Rule


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    def in_use(self, reader: Reader) -> IndicatorQuerySet:
        """Those that a live rule which the reader sees checks or excludes."""
        return self.filter(
            models.Q(**{f"{reader.reach_column()}__gt": 0})
            | models.Q(**{f"{reader.reach_column(excluded=True)}__gt": 0})
        )

    def reach_by_key(self, reader: Reader, keys: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Reach and excluded reach of the indicators of these keys, as the reader sees them."""
        columns = ("key", reader.reach_column(), reader.reach_column(excluded=True))
        ordered, found = sorted(keys), {}
        for first in range(0, len(ordered), 5000):
            rows = self.filter(key__in=ordered[first : first + 5000]).values_list(*columns)
            found.update({key: (reach, excluded) for key, reach, excluded in rows})
        return found


class Indicator(models.Model):
    """A combination of canonical field, operator and value that rules check.

    The key is the hash of field, operator, folded value and `wild` (`normalization.values.indicator_key`), so that
    its address survives a rebuild. `value` is the folded value; the spelling that is shown is the one that most live
    rules which the reader sees use. `reach` counts live rules that check it, `excluded_reach` those that exclude it,
    the public pair only rules of public sources.
    """

    key = models.CharField(max_length=16, primary_key=True)
    field = models.CharField(max_length=200)
    operator = models.CharField(max_length=12)
    value = models.TextField()
    wild = models.BooleanField(default=False)
    role = models.CharField(max_length=10, default="filter")
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


class RuleField(models.Model):
    """That a rule tests a canonical field with an operator. Tests for existence are here and nowhere else."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="fields")
    field = models.CharField(max_length=200)
    operator = models.CharField(max_length=12)
    excluded = models.BooleanField(default=False)
    role = models.CharField(max_length=10, default="filter")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "field", "operator", "excluded"], name="one_field_row_per_rule")
        ]
        indexes = [models.Index(fields=["field", "operator", "rule"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.field} {self.operator}"


class RuleName(models.Model):
    """A field name as a rule writes it, and the canonical field that it was found to be; `known` when a table says so.

    Not counted: it tells which rules a changed alias touches, and which names no table knows.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=300)
    canonical = models.CharField(max_length=200)
    known = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "name", "canonical"], name="one_name_row_per_rule")]
        indexes = [models.Index(fields=["canonical", "name"]), models.Index(fields=["name"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.name}"
