"""The generation: one number that changes with every change of the catalog, part of every cache key and ETag."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils import timezone

# In SQL: every request asks it, and to put it together anew takes longer than all else in an answer that is kept.
CURRENT = """
    SELECT detections_generation.*, COALESCE((SELECT version FROM detections_attackrelease LIMIT 1), '') attack_version
    FROM detections_generation WHERE id = 1
"""


class GenerationQuerySet(models.QuerySet["Generation"]):
    def current(self) -> Generation:
        """The one row, with the ATT&CK version in force (`attack_version`); made when the catalog is new."""
        for row in self.raw(CURRENT):
            return row
        self.get_or_create(pk=1)
        return self.current()

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
    marked_with = models.CharField(max_length=16, blank=True, help_text="What indicators are marked by, as a digest.")
    origin = models.CharField(max_length=400, blank=True, help_text="Where the first catalog came from.")

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "generation"

    def __str__(self) -> str:
        return f"generation {self.number}"
