"""Run records: what a long job did, how far it is, and that only one runs for a source at a time."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, Q
from django.utils import timezone

from detections.models.reader import Reader
from detections.models.source import Source

STALE_AFTER = timedelta(minutes=10)  # without a sign of life of the process that does a run
QUEUE_PATIENCE = timedelta(days=1)  # for what waits in a broker's queue, however long that is
CHUNK_STALE_AFTER = timedelta(minutes=2)  # without a sign of life of the process that does a chunk
KILLED = "The process was killed before the end; the next run finishes its work."
FORGOTTEN = "No process took it up."
LOST = "Its process was killed; another one does it."


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])

    def over(self) -> RunQuerySet:
        return self.exclude(state__in=[Run.State.QUEUED, Run.State.RUNNING])

    def visible_to(self, reader: Reader) -> RunQuerySet:
        """Anonymous readers see syncs of public sources; what is done to all sources together counts private ones."""
        return self if reader.sees_everything else self.filter(reader.sources("source"))

    def for_list(self) -> RunQuerySet:
        """With the source and who asked for it, the newest first."""
        return self.select_related("source", "requested_by").order_by("-pk")

    def last_good_syncs(self) -> models.QuerySet[Run, int]:
        """The key of each source's last sync that succeeded."""
        good = self.filter(kind=Run.Kind.SYNC_SOURCE, state=Run.State.SUCCEEDED)
        return good.order_by().values("source").annotate(last=Max("pk")).values_list("last", flat=True)

    def close_abandoned(self) -> None:
        """Mark the active ones whose process was killed as failed, so that they do not bar the next one."""
        for run in self.active():
            if run.is_abandoned():
                run.give_up()


class Run(models.Model):
    """One job: a sync of a source, a sync of ATT&CK, a full recomputation, a renormalization, a purge, or a
    refresh of the search index.

    While it runs, `host` and `process` say who does it. A sync whose chunks are done by any worker has no process: it
    lives by its chunks' signs of life. `options` is what was asked for, `counts` what was done, by name; `done` of
    `total` are files. A queued run's `heartbeat` is when it was last put into the broker's queue.
    """

    class Kind(models.TextChoices):
        SYNC_SOURCE = "sync_source", "sync of a source"
        SYNC_ATTACK = "sync_attack", "sync of ATT&CK"
        RECOMPUTE = "recompute", "recomputation"
        RENORMALIZE = "renormalize", "renormalization"
        PURGE = "purge", "purge"
        REFRESH_SEARCH = "refresh_search", "refresh of the search index"

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
                    state__in=["queued", "running"],
                    kind__in=["recompute", "sync_attack", "renormalize", "purge", "refresh_search"],
                ),
                name="one_active_run_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    def begin(self) -> None:
        """This process does the run from now on."""
        now = timezone.now()
        self.state, self.started_at, self.heartbeat = self.State.RUNNING, self.started_at or now, now
        self.host, self.process, self.attempts = socket.gethostname(), os.getpid(), self.attempts + 1
        self.save(update_fields=["state", "started_at", "heartbeat", "host", "process", "attempts"])

    def hand_over(self) -> None:
        """From now on the run's chunks are done by whoever takes them."""
        self.heartbeat, self.host, self.process = timezone.now(), "", None
        self.save(update_fields=["heartbeat", "host", "process"])

    def tell(self, done: int, total: int) -> None:
        """How far it is; also a sign of life."""
        self.done, self.total, self.heartbeat = done, total, timezone.now()
        self.save(update_fields=["done", "total", "heartbeat"])

    def beat(self) -> None:
        """A sign of life; for a queued run, that it was put into the queue."""
        Run.objects.filter(pk=self.pk).update(heartbeat=timezone.now())

    def finish(self, state: str, message: str = "", counts: dict[str, Any] | None = None) -> bool:
        """The run is over; False when somebody has ended it before."""
        self.state, self.message, self.finished_at = state, message, timezone.now()
        self.counts = counts or self.counts
        ended = Run.objects.filter(pk=self.pk).active().update(
            state=self.state, message=self.message, finished_at=self.finished_at, counts=self.counts
        )  # fmt: skip
        return bool(ended)

    def give_up(self) -> None:
        """An abandoned run is over."""
        self.finish(self.State.FAILED, FORGOTTEN if self.process is None else KILLED)

    def is_abandoned(self) -> bool:
        """Whether nobody will do it: its process is dead on this machine or was not heard of for a while; or it waits
        for a process that did not start, or for a day in the broker's queue."""
        now = timezone.now()
        if self.process is None:
            patience = STALE_AFTER if settings.CELERY_TASK_ALWAYS_EAGER else QUEUE_PATIENCE
            heard = self.created_at if self.state == self.State.QUEUED else self.heartbeat
            return heard is None or heard < now - patience
        if self.host == socket.gethostname() and not _process_exists(self.process):
            return True
        return self.heartbeat is None or self.heartbeat < now - STALE_AFTER

    @property
    def is_over(self) -> bool:
        return self.state not in (self.State.QUEUED, self.State.RUNNING)

    @property
    def figures(self) -> dict[str, int | str]:
        """The counts that are one value each."""
        return {name: value for name, value in self.counts.items() if isinstance(value, int | str) and value != ""}

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at


class RunChunkQuerySet(models.QuerySet["RunChunk"]):
    def open(self) -> RunChunkQuerySet:
        return self.filter(state__in=[RunChunk.State.WAITING, RunChunk.State.RUNNING])

    def lost(self) -> RunChunkQuerySet:
        """Those whose process was not heard of for a while, and those that wait longer than a message should."""
        now = timezone.now()
        killed = Q(state=RunChunk.State.RUNNING) & Q(heartbeat__lt=now - CHUNK_STALE_AFTER)
        forgotten = Q(state=RunChunk.State.WAITING) & Q(heartbeat__lt=now - STALE_AFTER)
        return self.filter(killed | forgotten)

    def by_state(self) -> dict[str, int]:
        """How many there are in each state that one is in."""
        states = self.order_by().values("state").annotate(count=Count("pk"))
        return dict(states.values_list("state", "count"))

    def told(self) -> RunChunkQuerySet:
        """Those about which there is something to say."""
        return self.exclude(message="")


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

    objects = RunChunkQuerySet.as_manager()

    class Meta:
        ordering = ("run", "number")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_chunk_per_number")]

    def __str__(self) -> str:
        return f"chunk {self.number} of run {self.run_id}"

    def begin(self) -> None:
        """This process does the chunk from now on, once more perhaps."""
        self.state, self.heartbeat, self.attempts = self.State.RUNNING, timezone.now(), self.attempts + 1
        self.save(update_fields=["state", "heartbeat", "attempts"])

    def beat(self) -> None:
        """A sign of life."""
        RunChunk.objects.filter(pk=self.pk).update(heartbeat=timezone.now())

    def wait_again(self) -> bool:
        """A lost chunk waits for somebody else; False when it is not lost any more."""
        message = LOST if self.state == self.State.RUNNING else self.message
        still = RunChunk.objects.filter(pk=self.pk, state=self.state, heartbeat=self.heartbeat)
        return bool(still.update(state=self.State.WAITING, heartbeat=timezone.now(), message=message))

    def finish(self, state: str, message: str = "", outcome: dict[str, Any] | None = None) -> None:
        """The chunk is over."""
        self.state, self.message, self.heartbeat = state, message or self.message, timezone.now()
        self.outcome = outcome or self.outcome
        self.save(update_fields=["state", "message", "heartbeat", "outcome"])


def _process_exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
