"""Celery doors: load an id, call one function. Safe to run twice: a run that is not queued is left alone."""

from celery import shared_task

from detections.importing.runs import RunError, perform
from detections.models import Run


@shared_task(name="detections.sync_source")
def sync_source(run_id: int) -> None:
    """A requested sync of a source. No pool inside a worker: its processes may have no children."""
    run = Run.objects.get(pk=run_id)
    run.options["workers"] = 1
    run.save(update_fields=["options"])
    _perform(run)


@shared_task(name="detections.sync_attack")
def sync_attack(run_id: int) -> None:
    """A requested sync of ATT&CK."""
    _perform(Run.objects.get(pk=run_id))


@shared_task(name="detections.recompute_reach")
def recompute_reach(run_id: int) -> None:
    """A requested full recomputation."""
    _perform(Run.objects.get(pk=run_id))


TASKS = {
    Run.Kind.SYNC_SOURCE: sync_source,
    Run.Kind.SYNC_ATTACK: sync_attack,
    Run.Kind.RECOMPUTE: recompute_reach,
}


def _perform(run: Run) -> None:
    try:
        perform(run)
    except RunError:
        return  # the run record holds the message; another try would end the same
