"""Long jobs: asked for as a `Run` row, done by whoever the caller hands the row to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from detections.documents.problem import UnreadableError
from detections.importing.attack import sync_attack
from detections.importing.repository import repository_of
from detections.importing.sources import source_for
from detections.importing.sync import Progress, sync_source
from detections.models import Run, Source
from detections.statistics.recomputation import recompute


class RunError(Exception):
    """A job that cannot be asked for or could not be done; the message is for people."""


def request_sync(
    vendor: str,
    path: str,
    *,
    slug: str = "",
    name: str = "",
    public: bool = True,
    starter: bool = False,
    workers: int | None = None,
) -> Run:
    """A queued sync of a source, which is made when it is new. Raises `RunError`.

    `path` is a checkout on this machine; `slug` is the vendor's unless the rules are a team's own; `starter` says that
    they are the product's own, until the vendor's take their place; `workers` is the number of processes (all cores
    by default).
    """
    try:
        source = source_for(vendor, slug, name=name, public=public, starter=starter)
    except UnreadableError as error:
        raise RunError(str(error.problem)) from error
    options = {"path": str(Path(path).expanduser().resolve()), "workers": workers}
    return _request(Run.Kind.SYNC_SOURCE, f"A sync of {source.slug!r}", source, options)


def request_fetch(source: Source, *, workers: int | None = None) -> Run:
    """A queued sync of a source from the repository that it names; the job itself fetches it. Raises `RunError`."""
    try:
        repository_of(source)
    except UnreadableError as error:
        raise RunError(str(error.problem)) from error
    return _request(Run.Kind.SYNC_SOURCE, f"A sync of {source.slug!r}", source, {"workers": workers})


def request_attack(origin: str) -> Run:
    """A queued sync of ATT&CK from a path or an https address. Raises `RunError`."""
    return _request(Run.Kind.SYNC_ATTACK, "A sync of ATT&CK", None, {"origin": origin})


def request_recomputation() -> Run:
    """A queued full recomputation. Raises `RunError`."""
    return _request(Run.Kind.RECOMPUTE, "A recomputation", None, {})


def perform(run: Run, progress: Progress | None = None) -> dict[str, Any]:
    """Do a queued run in this process and keep its record; its counts. Raises `RunError` when it cannot be done.

    A run that is no longer queued is left alone: a task may be delivered twice.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update(of=("self",)).select_related("source").get(pk=run.pk)
        if row.state != Run.State.QUEUED:
            return dict(row.counts)
        row.begin()
    try:
        counts = _JOBS[row.kind](row, progress)
    except UnreadableError as error:
        row.finish(Run.State.FAILED, str(error.problem))
        raise RunError(str(error.problem)) from error
    except BaseException as error:
        row.finish(Run.State.FAILED, f"{type(error).__name__}: {error}")
        raise
    row.finish(Run.State.SUCCEEDED, counts=counts)
    run.refresh_from_db()
    return counts


def _request(kind: str, what: str, source: Source | None, options: dict[str, Any]) -> Run:
    Run.objects.filter(kind=kind, source=source).close_abandoned()
    try:
        with transaction.atomic():
            return Run.objects.create(kind=kind, source=source, options=options)
    except IntegrityError as error:
        raise RunError(f"{what} is already running. Wait for it to end.") from error


_JOBS: dict[str, Callable[[Run, Progress | None], dict[str, Any]]] = {
    Run.Kind.SYNC_SOURCE: lambda run, progress: asdict(sync_source(run, progress)),
    Run.Kind.SYNC_ATTACK: lambda run, progress: asdict(sync_attack(run.options["origin"])),
    Run.Kind.RECOMPUTE: lambda run, progress: asdict(recompute()),
}
