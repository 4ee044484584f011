"""ATT&CK's tactics and techniques, as the last bundle told them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from django.db import models
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce

from detections.models.collation import code_point


class AttackRelease(models.Model):
    """The ATT&CK version in force; there is one row."""

    version = models.CharField(max_length=20, blank=True)
    spec = models.CharField(max_length=10, blank=True)
    origin = models.CharField(max_length=400, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    synced_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"ATT&CK {self.version}"


class Tactic(models.Model):
    """A column of the matrix; `position` is its place in matrix order."""

    attack_id = models.CharField(max_length=12, unique=True)
    shortname = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name


class TechniqueQuerySet(models.QuerySet["Technique"]):
    def in_force(self) -> TechniqueQuerySet:
        """Neither revoked nor deprecated."""
        return self.filter(revoked=False, deprecated=False)

    def in_order(self) -> TechniqueQuerySet:
        return self.order_by(code_point("attack_id"))

    def covered_by(self, rules: QuerySet) -> TechniqueQuerySet:
        """Those that one of `rules` states; a parent also where a rule states one of its sub-techniques."""
        return self.filter(_covered(rules))

    def not_covered_by(self, rules: QuerySet) -> TechniqueQuerySet:
        """The others."""
        return self.exclude(_covered(rules))

    def with_words(self, words: Iterable[str]) -> TechniqueQuerySet:
        """Those with every word in their name or their parent's; an id may stand for a word, or its beginning."""
        found = self
        for word in words:
            found = found.filter(
                Q(name__icontains=word) | Q(attack_id__istartswith=word) | Q(parent__name__icontains=word)
            )
        return found

    def closest_first(self, words: str) -> TechniqueQuerySet:
        """By how well they answer to `words`: an id, its beginning, a name, its beginning, then any."""
        closeness = Case(
            When(attack_id__iexact=words, then=Value(0)),
            When(attack_id__istartswith=words, then=Value(1)),
            When(name__iexact=words, then=Value(2)),
            When(name__istartswith=words, then=Value(3)),
            When(name__icontains=words, then=Value(4)),
            default=Value(5),
        )
        return self.order_by(closeness, code_point("attack_id"))

    def listed_for(self, platforms: Collection[str]) -> TechniqueQuerySet:
        """Those that ATT&CK lists for one of its platforms. The lists are JSON, searched alike on every database."""
        listed = Q(pk__in=[])
        for word in sorted(platforms):
            listed |= Q(listed__contains=json.dumps(word)) | Q(listed__contains=json.dumps(word, ensure_ascii=False))
        found = Technique.objects.annotate(listed=Cast("platforms", models.TextField())).filter(listed)
        return self.filter(pk__in=found.values("pk"))

    def for_matrix(self) -> TechniqueQuerySet:
        """With what a cell of the matrix shows: no long texts, but parent and tactics."""
        shown = ("attack_id", "name", "platforms", "is_subtechnique", "parent__attack_id", "parent__name")
        return self.select_related("parent").prefetch_related("tactics").only(*shown)

    def with_relatives(self) -> TechniqueQuerySet:
        """With all that the head of a technique's page shows."""
        return self.select_related("parent", "successor").prefetch_related("tactics")

    def family(self, attack_id: str) -> TechniqueQuerySet:
        """The technique of an id, and behind it its sub-techniques in force."""
        below = Q(parent__attack_id=attack_id, revoked=False, deprecated=False)
        return self.filter(Q(attack_id=attack_id) | below).in_order()

    def in_force_by_written_id(self) -> dict[str, int]:
        """For every known id the key of the technique that a rule tagged with it counts for."""
        return dict(self.annotate(end=Coalesce("successor_id", "id")).values_list("attack_id", "end"))


class Technique(models.Model):
    """A technique or sub-technique. `successor` is the end of the chain of revocations, null when there is none."""

    attack_id = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    citations = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=200, blank=True)
    platforms = models.JSONField(default=list, blank=True)
    tactics = models.ManyToManyField(Tactic, related_name="techniques", blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="subtechniques")
    is_subtechnique = models.BooleanField(default=False)
    revoked = models.BooleanField(default=False)
    deprecated = models.BooleanField(default=False)
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="predecessors")

    objects = TechniqueQuerySet.as_manager()

    class Meta:
        ordering = ("attack_id",)

    def __str__(self) -> str:
        return f"{self.attack_id} {self.full_name}"

    @property
    def full_name(self) -> str:
        """Parent and sub-technique name, as ATT&CK's own pages title it."""
        return f"{self.parent.name}: {self.name}" if self.parent else self.name

    @property
    def in_force(self) -> bool:
        return not (self.revoked or self.deprecated)


def _covered(rules: QuerySet) -> Q:
    """That one of `rules` states the technique or one of its sub-techniques."""
    from detections.models.rule import RuleTechnique

    # Sets, not a correlated EXISTS: PostgreSQL takes that for so dear that it compiles the query first, for seconds.
    tags = RuleTechnique.objects.filter(structural=False, rule__in=rules, technique__isnull=False)
    below = tags.filter(technique__parent__isnull=False).values("technique__parent")
    return Q(pk__in=tags.values("technique")) | Q(pk__in=below)
