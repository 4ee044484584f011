"""Syncing a source: a checkout's files into the catalog, batch by batch, with a run record.

A killed sync leaves a consistent catalog (each batch is one transaction that also counts) and the next one finishes
it, since what is done is told by the files' fingerprints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from detections.analysis.rows import FileRow, problem_json
from detections.documents.problem import Problem, UnreadableError
from detections.importing.batch import BatchWriter
from detections.importing.plan import Plan, plan_sync
from detections.importing.pool import analysed
from detections.models import Generation, Run, Source, SourceFile, Technique
from detections.statistics.recomputation import recompute
from detections.vendors import VENDORS
from detections.vendors.checkout import commit_of

# From this many changed files on, counting once at the end is cheaper than counting every batch.
_RECOMPUTE_FROM = 1000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """Rules added, changed and retired; files unchanged and unreadable; problems of files that were read now."""

    files: int
    unchanged: int
    added: int
    changed: int
    retired: int
    unreadable: int


def sync_source(run: Run, progress: Progress | None = None) -> SyncCounts:
    """Do a requested sync. Raises `UnreadableError` when the folder is no checkout of the source's vendor."""
    if run.source is None:
        raise UnreadableError(Problem("The run names no source."))
    return _Sync(run, run.source, progress).perform()


class _Sync:
    def __init__(self, run: Run, source: Source, progress: Progress | None) -> None:
        self.run = run
        self.source = source
        self.progress = progress
        self.root = Path(run.options["path"])
        self.done = 0

    def perform(self) -> SyncCounts:
        vendor = VENDORS[self.source.vendor]
        plan = plan_sync(self.source, vendor, self.root)
        self.source.commit = commit_of(self.root)
        first_load = len(plan.changed) >= _RECOMPUTE_FROM
        if first_load:
            Generation.objects.bump(counts_stale=True)
        stale = Generation.objects.current().counts_stale
        techniques = Technique.objects.in_force_by_written_id()
        writer = BatchWriter(self.source, techniques, plan.present, count=not stale)
        added, changed, retired, unreadable = self._store(writer, plan)
        if stale:
            recompute()
        self.source.location = str(self.root)
        self.source.synced_at = timezone.now()
        self.source.save(update_fields=["commit", "location", "synced_at"])
        Generation.objects.bump()
        return SyncCounts(
            files=len(plan.present),
            unchanged=len(plan.present) - len(plan.changed),
            added=added,
            changed=changed,
            retired=retired,
            unreadable=unreadable,
        )

    def _store(self, writer: BatchWriter, plan: Plan) -> tuple[int, int, int, int]:
        total = len(plan.changed) + len(plan.gone)
        self._tell(0, total)
        added = changed = retired = unreadable = 0
        losers: set[str] = set()
        batches = self._analysed(plan, plan.changed)
        for rows in batches:
            outcome = writer.write(rows)
            added, changed = added + outcome.added, changed + outcome.changed
            retired, unreadable = retired + outcome.retired, unreadable + outcome.unreadable
            losers |= outcome.losers
            self._tell(len(rows), total)
        for first in range(0, len(plan.gone), 500):
            gone = plan.gone[first : first + 500]
            retired += writer.retire_files(gone)
            self._tell(len(gone), total)
        if retired and losers:  # the file that held the id may be among those that are gone
            again = tuple(pair for pair in plan.changed if pair[0] in losers)
            for rows in self._analysed(plan, again):
                changed += writer.write(rows).changed
        self._note_problems(plan)
        return added, changed, retired, unreadable

    def _note_problems(self, plan: Plan) -> None:
        """Problems of what the rules are read with: kept like those of rule files, read anew at each sync."""
        for problem in plan.read_with.problems:
            SourceFile.objects.update_or_create(
                source=self.source,
                path=problem.path[:400],
                defaults={"fingerprint": "", "problems": [problem_json(problem)]},
            )

    def _analysed(self, plan: Plan, files: tuple[tuple[str, str], ...]) -> Iterator[list[FileRow]]:
        workers = self.run.options.get("workers")
        return analysed(self.source.vendor, str(self.root), files, plan.read_with, workers)

    def _tell(self, step: int, total: int) -> None:
        self.done += step
        self.run.tell(self.done, total)
        if self.progress:
            self.progress(self.done, total)
