"""The generation: one number that changes with every change of the catalog, part of every cache key and ETag."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from detections.models.technique import AttackRelease


class GenerationQuerySet(models.QuerySet["Generation"]):
    def current(self) -> Generation:
        """The one row, with the ATT&CK version in force (`attack_version`); made when the catalog is new."""
        version = AttackRelease.objects.values("version")[:1]
        row = self.filter(pk=1).annotate(attack_version=Coalesce(Subquery(version), Value(""))).first()
        if row is None:
            self.get_or_create(pk=1)
            return self.current()
        return row

    def bump(self, counts_stale: bool | None = None) -> None:
        """Make every cached page old. The last statement of every change's transaction."""
        change: dict[str, object] = {"number": F("number") + 1, "changed_at": timezone.now()}
        if counts_stale is not None:
            change["counts_stale"] = counts_stale
        if not self.filter(pk=1).update(**change):
            self.get_or_create(pk=1, defaults={"number": 1, "counts_stale": bool(counts_stale)})


class Generation(models.Model):
    """`counts_stale` says that a first load has stored rules whose reach is not counted yet."""

    number = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now, help_text="When the catalog came to this generation.")
    counts_stale = models.BooleanField(default=False)
    origin = models.CharField(max_length=400, blank=True, help_text="Where the first catalog came from.")

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "generation"

    def __str__(self) -> str:
        return f"generation {self.number}"
