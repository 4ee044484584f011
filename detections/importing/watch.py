"""Looking after the runs that a queue does: what was lost on the way is found by its old signs of life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from detections.importing.runs import RunError, given_up, request_recomputation, stopped
from detections.models import Generation, Run
from detections.models.run import CHUNK_STALE_AFTER, STALE_AFTER


@dataclass
class Lost:
    """Keys of what is to be queued: runs to begin, chunks to do, runs to finish."""

    runs: list[int] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    finishes: list[int] = field(default_factory=list)


def look_after_runs() -> Lost:
    """End the runs that nobody will end, and say what is to be queued, again perhaps. Each of them may be queued any
    number of times: it is done once."""
    lost = Lost()
    for run in Run.objects.active().select_related("source"):
        abandoned = run.is_abandoned()
        if run.cancel_requested and (abandoned or run.process is None):
            stopped(run)
        elif abandoned:
            run.give_up()
        elif run.state == Run.State.QUEUED:
            if _is_older(run, STALE_AFTER):
                run.beat()
                lost.runs.append(run.pk)
        elif run.process is None:
            _look_after_chunks(run, lost)
    _see_that_counts_are_mended(lost)
    return lost


def _look_after_chunks(run: Run, lost: Lost) -> None:
    for chunk in run.chunks.lost().select_related("run"):
        if given_up(chunk):
            return
        if chunk.wait_again():
            lost.chunks.append(chunk.pk)
    if _is_older(run, CHUNK_STALE_AFTER) and not run.chunks.open().exists():
        lost.finishes.append(run.pk)


def _see_that_counts_are_mended(lost: Lost) -> None:
    """Stale counts without a sync that will mend them were left by one that failed."""
    if not Generation.objects.current().counts_stale or Run.objects.active().exists():
        return
    try:
        lost.runs.append(request_recomputation().pk)
    except RunError:
        return  # somebody else has asked for it


def _is_older(run: Run, age: timedelta) -> bool:
    return (run.heartbeat or run.created_at) < timezone.now() - age
