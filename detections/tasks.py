"""Celery doors: load an id, call one function. Each may be delivered any number of times, and does its work once.

A lost connection is tried again, with growing pauses; what cannot be done ends in the run's record. A worker killed in
the middle is noticed by `watch_runs`, if the broker has not handed its message to another one before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from kombu.exceptions import OperationalError as BrokerError

from detections.importing.runs import (
    RunError,
    claim,
    do,
    ended_by_failure,
    request_fetch,
    request_purge,
    request_recomputation,
    take,
)
from detections.importing.sync import SourceSync
from detections.importing.watch import look_after_runs
from detections.models import Run, RunChunk, Source

logger = logging.getLogger(__name__)

CHUNK_MINUTES = 10  # for 200 files, which take seconds

_PASSING = (OperationalError, InterfaceError, ConnectionError)  # errors of the way to a database, not of the work
_TRIED_AGAIN: dict[str, Any] = {
    "bind": True, "autoretry_for": _PASSING, "max_retries": 5, "retry_backoff": 2, "retry_backoff_max": 120,
}  # fmt: skip


def queue(run: Run) -> None:
    """Give a requested run to a worker once the current transaction is committed."""
    run.beat()
    transaction.on_commit(lambda: _send(perform_run, run.pk))


@shared_task(name="detections.perform_run", **_TRIED_AGAIN)
def perform_run(self: Task, run_id: int) -> None:
    """A requested run. Of a sync only the beginning: its chunks are tasks of their own."""
    run = claim(Run(pk=run_id), once_more=self.request.retries > 0)
    if run is None:
        return
    with _recorded(self, run):
        if run.kind == Run.Kind.SYNC_SOURCE:
            SourceSync(run).begin()
            run.hand_over()
            _queue_chunks(run)
        else:
            do(run)


@shared_task(
    name="detections.sync_chunk", soft_time_limit=CHUNK_MINUTES * 60, time_limit=CHUNK_MINUTES * 60 + 60, **_TRIED_AGAIN
)
def sync_chunk(self: Task, chunk_id: int) -> None:
    """One chunk of a sync; the last one of a run finishes it."""
    chunk = take(chunk_id)
    if chunk is None:
        return
    with _recorded(self, chunk.run, chunk):
        sync = SourceSync(chunk.run)
        sync.write(chunk, sync.analysed(chunk))
        if not chunk.run.chunks.open().exists():
            _send(finish_sync, chunk.run_id)


@shared_task(name="detections.finish_sync", **_TRIED_AGAIN)
def finish_sync(self: Task, run_id: int) -> None:
    """What is left of a sync when its chunks are done. Anybody may ask for it at any time."""
    run = Run.objects.select_related("source").filter(pk=run_id, state=Run.State.RUNNING).first()
    if run is None:
        return
    with _recorded(self, run):
        SourceSync(run).finish()


@shared_task(name="detections.watch_runs", ignore_result=True)
def watch_runs() -> None:
    """Every minute: what was lost on the way is queued again."""
    lost = look_after_runs()
    for task, keys in ((perform_run, lost.runs), (sync_chunk, lost.chunks), (finish_sync, lost.finishes)):
        for key in keys:
            _send(task, key)


@shared_task(name="detections.sync_sources")
def sync_sources() -> None:
    """Nightly: every source that names its repository. One that is being synced is left alone."""
    for source in Source.objects.exclude(clone_url="").in_order():
        with suppress(RunError):
            queue(request_fetch(source))


@shared_task(name="detections.recompute_reach")
def recompute_reach() -> None:
    """Nightly: every reach counted anew."""
    with suppress(RunError):
        queue(request_recomputation())


@shared_task(name="detections.purge")
def purge() -> None:
    """Weekly: old run records and sessions deleted."""
    with suppress(RunError):
        queue(request_purge())


def _queue_chunks(run: Run) -> None:
    chunks = list(run.chunks.open().values_list("pk", flat=True))
    for chunk in chunks:
        _send(sync_chunk, chunk)
    if not chunks:
        _send(finish_sync, run.pk)


def _send(task: Task, key: int) -> None:
    """Queue a task. A broker that is away is no reason to fail: what waits too long is queued again."""
    try:
        task.delay(key)
    except BrokerError as error:
        logger.warning("%s %d is not queued: %s", task.name, key, error)


@contextmanager
def _recorded(task: Task, run: Run, chunk: RunChunk | None = None) -> Iterator[None]:
    """Whatever happens ends in the run's record, but an error that passes, as long as the task is tried again."""
    passing = _PASSING if task.request.retries < task.max_retries else ()
    with suppress(RunError), ended_by_failure(run, chunk, passing), _in_time(task):
        yield


@contextmanager
def _in_time(task: Task) -> Iterator[None]:
    try:
        yield
    except SoftTimeLimitExceeded as error:
        minutes = (task.soft_time_limit or 0) // 60
        raise RunError(f"It was ended: a step of it took longer than {minutes} minutes.") from error
