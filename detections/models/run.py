"""Run records: what a long job did, how far it is, and that only one runs for a source at a time."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from detections.models.source import Source

STALE_AFTER = timedelta(minutes=10)


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])

    def abandoned(self) -> RunQuerySet:
        """Running ones whose process has not been heard of for a while: it was killed."""
        return self.filter(state=Run.State.RUNNING, heartbeat__lt=timezone.now() - STALE_AFTER)


class Run(models.Model):
    """One job: a sync of a source, a sync of ATT&CK, or a full recomputation."""

    class Kind(models.TextChoices):
        SYNC_SOURCE = "sync_source", "sync of a source"
        SYNC_ATTACK = "sync_attack", "sync of ATT&CK"
        RECOMPUTE = "recompute", "recomputation"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.CASCADE, related_name="runs")
    options = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    process = models.PositiveIntegerField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=["queued", "running"], kind="sync_source"),
                name="one_active_run_per_source",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(state__in=["queued", "running"], kind__in=["recompute", "sync_attack"]),
                name="one_active_run_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at
