"""Run records: what a long job did, how far it is, and that only one runs for a source at a time."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from detections.models.source import Source

STALE_AFTER = timedelta(minutes=10)


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])

    def close_abandoned(self) -> None:
        """Mark the active ones whose process was killed as failed, so that they do not bar the next one."""
        for run in self.active():
            if run.is_abandoned():
                run.finish(Run.State.FAILED, "The process was killed before the end; the next run finishes its work.")


class Run(models.Model):
    """One job: a sync of a source, a sync of ATT&CK, or a full recomputation."""

    class Kind(models.TextChoices):
        SYNC_SOURCE = "sync_source", "sync of a source"
        SYNC_ATTACK = "sync_attack", "sync of ATT&CK"
        RECOMPUTE = "recompute", "recomputation"
        RENORMALIZE = "renormalize", "renormalization"
        PURGE = "purge", "purge"

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
    host = models.CharField(max_length=255, blank=True)
    process = models.PositiveIntegerField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)

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
                condition=Q(
                    state__in=["queued", "running"], kind__in=["recompute", "sync_attack", "renormalize", "purge"]
                ),
                name="one_active_run_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    def begin(self) -> None:
        """This process does the run from now on."""
        now = timezone.now()
        self.state, self.started_at, self.heartbeat = self.State.RUNNING, now, now
        self.host, self.process = socket.gethostname(), os.getpid()
        self.save(update_fields=["state", "started_at", "heartbeat", "host", "process"])

    def tell(self, done: int, total: int) -> None:
        """How far it is; also the heartbeat."""
        self.done, self.total, self.heartbeat = done, total, timezone.now()
        self.save(update_fields=["done", "total", "heartbeat"])

    def finish(self, state: str, message: str = "", counts: dict[str, Any] | None = None) -> None:
        """The run is over."""
        self.state, self.message, self.finished_at = state, message, timezone.now()
        self.counts = counts or self.counts
        self.save(update_fields=["state", "message", "finished_at", "counts"])

    def is_abandoned(self) -> bool:
        """Whether its process is gone: dead on this machine, or not heard of for a while."""
        if self.state == self.State.QUEUED:
            return self.created_at < timezone.now() - STALE_AFTER
        if self.host == socket.gethostname() and self.process and not _process_exists(self.process):
            return True
        return self.heartbeat is None or self.heartbeat < timezone.now() - STALE_AFTER

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at


class RunChunk(models.Model):
    """A part of a sync: some files to analyse and to store, done once whoever does it.

    `files` is a list of [path, fingerprint]; `outcome` what storing them did, in the words of
    `detections.importing.batch.Outcome`. A running chunk whose heartbeat is old was lost, and is done again.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    files = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    outcome = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat = models.DateTimeField(null=True, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ("run", "number")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_chunk_per_number")]

    def __str__(self) -> str:
        return f"chunk {self.number} of run {self.run_id}"


def _process_exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
