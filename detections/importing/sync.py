"""Syncing a source: a checkout's files into the catalog, chunk by chunk, with a run record.

`begin` writes down what is to do as chunks, `write` stores one chunk, `finish` does the rest. Each is one transaction
that may be asked for again and does its work once; what is done is told by the database alone. So one process may go
through all of them (`sync_source`), or many may share them (`detections.tasks`), and a killed one leaves a consistent
catalog: the chunks that are not done are done by somebody else, or the next sync finds them by their fingerprints.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from detections.analysis.rows import FileRow, problem_json
from detections.documents.problem import Problem, UnreadableError
from detections.importing.batch import BatchWriter, Outcome
from detections.importing.ending import end
from detections.importing.names import current_catalogue
from detections.importing.plan import plan_sync
from detections.importing.planner import look_at_tables
from detections.importing.pool import Reading, analysed
from detections.importing.sources import checkout_of
from detections.importing.stored import keep_read_with, with_shared
from detections.models import Generation, Run, RunChunk, Source, SourceFile, Technique
from detections.statistics.locks import lock_exclusive, lock_shared
from detections.statistics.recomputation import recompute
from detections.statistics.retrying import retried
from detections.vendors import VENDORS
from detections.vendors.checkout import commit_of, rule_paths
from detections.vendors.vendor import ReadWith

CHUNK = 200  # files
# From this many changed files on, counting once at the end is cheaper than counting every batch.
_RECOMPUTE_FROM = 1000
_GONE = 500  # files whose rules are retired at once
_SLICE = 10  # files that are analysed between two looks at the clock
_BEAT_SECONDS = 5
_DONE = ("added", "changed", "retired", "unreadable")  # what a run counts as it goes

Progress = Callable[[int, int], None]


class RunStopped(Exception):  # noqa: N818 it says what happened, and is no error
    """The run was cancelled, or somebody ended it: its job stops where it is."""


def sync_source(run: Run, progress: Progress | None = None) -> dict[str, Any]:
    """Do a whole sync in this process and those of its pool; its counts. Raises `UnreadableError` when the folder is
    no checkout of the source's vendor, and `RunStopped`."""
    sync = SourceSync(run)
    sync.begin()
    tell = progress or (lambda done, total: None)
    tell(0, run.total)
    chunks = [(chunk, chunk.files) for chunk in run.chunks.all()]
    done = 0
    for chunk, rows in analysed(sync.reading, chunks, run.options.get("workers")):
        sync.write(chunk, rows)
        done += len(chunk.files)
        tell(done, run.total)
    if not sync.finish():
        raise RunStopped
    tell(run.total, run.total)
    return run.counts


class SourceSync:
    """One run of one source, for as long as one process has to do with it.

    What a checkout is read with, its paths and the techniques in force are read once for each.
    """

    def __init__(self, run: Run) -> None:
        if run.source is None:
            raise UnreadableError(Problem("The run names no source."))
        self.run = run
        self.source: Source = run.source
        self.vendor = VENDORS[self.source.vendor]
        self._beaten = time.monotonic()

    @property
    def root(self) -> Path:
        """The checkout, known once the sync has begun."""
        return Path(self.run.options["root"])

    @cached_property
    def present(self) -> frozenset[str]:
        return frozenset(rule_paths(self.vendor, self.root))

    @cached_property
    def read_with(self) -> ReadWith:
        return self.vendor.read_with(self.root)

    @cached_property
    def reading(self) -> Reading:
        read_with = with_shared(self.source, self.read_with)
        return Reading(self.vendor.slug, str(self.root), read_with, current_catalogue())

    @cached_property
    def techniques(self) -> dict[str, int]:
        return Technique.objects.in_force_by_written_id()

    # --- the three steps ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Bring the checkout, compare it with what is stored, write down the chunks. Raises `UnreadableError`, and
        `RunStopped`."""
        self.run.options["root"] = str(checkout_of(self.source, self.run.options, self._hear))
        self.source.refresh_from_db()  # a vendor's repository has taken the starter's place, perhaps
        plan = plan_sync(self.source, self.vendor, self.root, current_catalogue())
        self.present, self.read_with = plan.present, plan.read_with
        parts = [plan.changed[first : first + CHUNK] for first in range(0, len(plan.changed), CHUNK)]
        now = timezone.now()
        with transaction.atomic():
            self._stop_if_over()
            keep_read_with(self.source, self.read_with)
            self.run.chunks.all().delete()  # those of a process that was killed here
            RunChunk.objects.bulk_create(
                RunChunk(run=self.run, number=number, files=part, heartbeat=now)
                for number, part in enumerate(parts, start=1)
            )
            self.run.options["commit"] = commit_of(self.root)
            unchanged = len(plan.present) - len(plan.changed)
            self.run.counts = {"files": len(plan.present), "unchanged": unchanged} | dict.fromkeys(_DONE, 0)
            self.run.done, self.run.total = 0, len(plan.changed) + len(plan.gone)
            self.run.save(update_fields=["options", "counts", "done", "total"])
            if len(plan.changed) >= _RECOMPUTE_FROM:
                Generation.objects.bump(counts_stale=True)

    def analysed(self, chunk: RunChunk) -> list[FileRow]:
        """The rows of a chunk, with a sign of life every few seconds. Raises `UnreadableError` when the checkout is
        gone, and `RunStopped`."""
        self._stop_if_over()
        self._see_checkout()
        rows: list[FileRow] = []
        for first in range(0, len(chunk.files), _SLICE):
            rows += self.reading.rows(chunk.files[first : first + _SLICE])
            if self._is_time_to_beat():
                self._stop_if_over()
                chunk.beat()
        return rows

    @retried
    def write(self, chunk: RunChunk, rows: list[FileRow]) -> bool:
        """Store a chunk; False when it is stored already. Raises `RunStopped`.

        Chunks of one source are stored one after the other: of two files with one id in different chunks the second
        has to see the first.
        """
        with transaction.atomic():
            self._lock_source()
            self._stop_if_over()
            if RunChunk.objects.filter(pk=chunk.pk, state=RunChunk.State.DONE).exists():
                return False
            outcome = _plain(self._writer(count=not self._lock_for_change()).write(rows))
            chunk.finish(RunChunk.State.DONE, outcome=outcome)
            self._tell(len(chunk.files), outcome)
        return True

    def finish(self) -> bool:
        """What is left when all chunks are done: files that are gone, doubles, counts. False when it is not time yet,
        or done already. Raises `RunStopped` when the run was cancelled, and `UnreadableError`."""
        if not self._is_time_to_finish():
            return False
        while self._retire_some():
            pass
        many = Generation.objects.current().counts_stale
        ended = self._end()
        if ended and many:
            look_at_tables()
        return ended

    # --- parts of them ------------------------------------------------------------------------------------------

    def _is_time_to_finish(self) -> bool:
        run = Run.objects.get(pk=self.run.pk)
        return run.state == Run.State.RUNNING and not run.chunks.exclude(state=RunChunk.State.DONE).exists()

    @retried
    def _retire_some(self) -> bool:
        """Retire the rules of some files that are gone; False when none is left. A few at a time, since each of them
        is locked."""
        with transaction.atomic():
            self._lock_source()
            self._stop_if_over()
            known = SourceFile.objects.filter(source=self.source).values_list("path", flat=True)
            gone = sorted(set(known) - self.present)[:_GONE]
            if gone:
                retired = self._writer(count=not self._lock_for_change()).retire_files(gone)
                self._tell(len(gone), {"retired": retired})
        return bool(gone)

    @retried
    def _end(self) -> bool:
        with transaction.atomic():
            self._lock_source()
            if not self._is_time_to_finish():
                return False
            self._stop_if_over()
            stale = self._lock_for_counting()
            changed = self._read_losers_again(self._writer(count=not stale))
            self._note_problems()
            if stale and not _others_sync(self.run):  # else the last of them counts
                recompute()
            self._keep_source()
            self._tell(0, {"changed": changed})
            self.run.done = self.run.total
            self.run.save(update_fields=["done"])
            end(self.run, Run.State.SUCCEEDED)
            Generation.objects.bump()
        return True

    def _read_losers_again(self, writer: BatchWriter) -> int:
        """Of an id that two files have the loser is the rule where the other one was retired; how many changed."""
        chunks = list(self.run.chunks.values_list("files", "outcome"))
        losers = {path for _, outcome in chunks for path in outcome["losers"]}
        self.run.refresh_from_db(fields=["counts"])
        if not losers or not self.run.counts["retired"]:
            return 0
        again = [(path, print_) for files, _ in chunks for path, print_ in files if path in losers]
        return writer.write(self.reading.rows(again)).changed

    def _tell(self, done: int, outcome: dict[str, Any]) -> None:
        """How far the run is and what it did so far. Nobody else does at the same time, since the source is locked."""
        self.run.refresh_from_db(fields=["done", "counts"])
        self.run.done += done
        for name, count in outcome.items():
            if isinstance(count, int):
                self.run.counts[name] = self.run.counts.get(name, 0) + count
        self.run.heartbeat = timezone.now()
        self.run.save(update_fields=["done", "counts", "heartbeat"])

    def _see_checkout(self) -> None:
        """A checkout that is gone is no reason to retire its rules. Raises `UnreadableError`."""
        len(self.present)

    def _writer(self, count: bool) -> BatchWriter:
        self.source.commit = self.run.options["commit"]  # rules link to it before the source's row says so
        return BatchWriter(self.source, self.techniques, self.present, count=count)

    def _note_problems(self) -> None:
        """Problems of what the rules are read with: kept like those of rule files, read anew at each sync."""
        for problem in self.read_with.problems:
            SourceFile.objects.update_or_create(
                source=self.source,
                path=problem.path[:400],
                defaults={"fingerprint": "", "problems": [problem_json(problem)]},
            )

    def _keep_source(self) -> None:
        """What the source is told of a sync: no edit of it, so nothing for its history."""
        Source.objects.filter(pk=self.source.pk).update(
            commit=self.run.options["commit"], location=str(self.root)[:400], synced_at=timezone.now()
        )

    def _hear(self, arrived: int) -> None:
        if self._is_time_to_beat():
            self._stop_if_over()
            self.run.beat()

    def _is_time_to_beat(self) -> bool:
        if time.monotonic() < self._beaten + _BEAT_SECONDS:
            return False
        self._beaten = time.monotonic()
        return True

    def _stop_if_over(self) -> None:
        state, cancel = Run.objects.values_list("state", "cancel_requested").get(pk=self.run.pk)
        if cancel or state != Run.State.RUNNING:
            raise RunStopped

    def _lock_source(self) -> None:
        """On PostgreSQL one transaction of a source's sync after the other; SQLite has one writer anyway."""
        Source.objects.select_for_update(no_key=True).get(pk=self.source.pk)

    @staticmethod
    def _lock_for_change() -> bool:
        """Whether the counts are stale, asked for under the lock of a change: a recomputation that mends them is over,
        none begins before the end."""
        lock_shared()
        return Generation.objects.current().counts_stale

    @staticmethod
    def _lock_for_counting() -> bool:
        """Whether the counts are stale, asked for under a lock that allows to mend them. Never the shared lock first:
        two that hold it and want the other would wait for each other."""
        if Generation.objects.current().counts_stale:
            lock_exclusive()
            return Generation.objects.current().counts_stale
        lock_shared()
        return False


@retried
def count_what_was_left() -> None:
    """Mend the counts that a stopped first load has left stale, unless another sync is under way and will."""
    with transaction.atomic():
        lock_exclusive()
        if Generation.objects.current().counts_stale and not _others_sync():
            recompute()


def _others_sync(run: Run | None = None) -> bool:
    """Whether another sync is under way, and alive."""
    syncs = Run.objects.filter(kind=Run.Kind.SYNC_SOURCE, state=Run.State.RUNNING)
    return any(other != run and not other.is_abandoned() for other in syncs)


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, set) else value for name, value in asdict(outcome).items()}
