"""Long jobs: asked for as a `Run` row, done by whoever the caller hands the row to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction

from detections.documents.problem import UnreadableError
from detections.importing.attack import sync_attack
from detections.importing.ending import end, may_ask
from detections.importing.purge import purge
from detections.importing.renormalization import renormalize
from detections.importing.repository import repository_of
from detections.importing.searching import refresh_search
from detections.importing.sources import source_for
from detections.importing.sync import Progress, RunStopped, count_what_was_left, sync_source
from detections.models import Run, RunChunk, Source
from detections.statistics.recomputation import recompute

ATTEMPTS = 6  # of a run, or of a chunk of one
_ASKED = ("path", "workers", "origin", "rules")  # options that were asked for; the others are what came of them

User = AbstractBaseUser | None
Errors = tuple[type[BaseException], ...]


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
    by: User = None,
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
    return _request(Run.Kind.SYNC_SOURCE, f"A sync of {source.slug!r}", source, options, by)


def request_fetch(source: Source, *, workers: int | None = None, by: User = None) -> Run:
    """A queued sync of a source from the repository that it names; the job itself fetches it. Raises `RunError`."""
    try:
        repository_of(source)
    except UnreadableError as error:
        raise RunError(str(error.problem)) from error
    return _request(Run.Kind.SYNC_SOURCE, f"A sync of {source.slug!r}", source, {"workers": workers}, by)


def request_source(source: Source, *, by: User = None) -> Run:
    """A queued sync of a source from where it comes: its repository, else the folder of its last sync. Raises
    `RunError`."""
    if source.clone_url:
        return request_fetch(source, by=by)
    if not source.location:
        raise RunError(f"The source {source.slug!r} names no repository, and was never read from a folder.")
    return _request(Run.Kind.SYNC_SOURCE, f"A sync of {source.slug!r}", source, {"path": source.location}, by)


def request_attack(origin: str, *, by: User = None) -> Run:
    """A queued sync of ATT&CK from a path or an https address. Raises `RunError`."""
    return _request(Run.Kind.SYNC_ATTACK, "A sync of ATT&CK", None, {"origin": origin}, by)


def request_recomputation(*, by: User = None) -> Run:
    """A queued full recomputation. Raises `RunError`."""
    return _request(Run.Kind.RECOMPUTE, "A recomputation", None, {}, by)


def request_renormalization(rules: Iterable[int], *, by: User = None) -> Run:
    """A queued second reading of rules from the texts that the catalog keeps. Raises `RunError`."""
    return _request(Run.Kind.RENORMALIZE, "A renormalization", None, {"rules": sorted(rules)}, by)


def request_purge(*, by: User = None) -> Run:
    """A queued purge of old run records and sessions. Raises `RunError`."""
    return _request(Run.Kind.PURGE, "A purge", None, {}, by)


def request_search_refresh(*, by: User = None) -> Run:
    """A queued refresh of the search index. Raises `RunError`."""
    return _request(Run.Kind.REFRESH_SEARCH, "A refresh of the search index", None, {}, by)


def request_again(run: Run, *, by: User = None) -> Run:
    """The same once more. Raises `RunError`."""
    asked = {name: value for name, value in run.options.items() if name in _ASKED}
    return _request(run.kind, f"The {run.get_kind_display()}", run.source, asked, by)


def claim(run: Run, *, once_more: bool = False) -> Run | None:
    """The run, begun by this process; None when it is none of its business: over, or done by another one.

    A run whose process was killed is taken up again. `once_more` says that the caller had begun it and failed.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update(of=("self",)).select_related("source").filter(pk=run.pk).first()
        if row is None or not (row.state == Run.State.QUEUED or _is_left(row, once_more)):
            return None
        if row.attempts >= ATTEMPTS:
            end(row, Run.State.FAILED, f"Given up: {ATTEMPTS} processes that did it were killed.")
            return None
        row.begin()
    return row


def take(chunk_id: int) -> RunChunk | None:
    """A chunk of a running sync, begun by this process; None when it is done, or its run is over.

    Of two processes that have begun one, the second to come to the end stores nothing.
    """
    with transaction.atomic():
        chunks = RunChunk.objects.select_for_update(of=("self",)).select_related("run__source").open()
        chunk = chunks.filter(pk=chunk_id, run__state=Run.State.RUNNING).first()
        if chunk is None or given_up(chunk):
            return None
        chunk.begin()
    return chunk


def given_up(chunk: RunChunk) -> bool:
    """Whether a chunk was begun so often without an end that its run has failed by it."""
    if chunk.attempts < ATTEMPTS:
        return False
    files = f"{chunk.files[0][0]} to {chunk.files[-1][0]}"
    message = f"Part {chunk.number} ({files}) was given up: {chunk.attempts} processes that did it were killed."
    chunk.finish(RunChunk.State.FAILED, message)
    end(chunk.run, Run.State.FAILED, message)
    return True


def perform(run: Run, progress: Progress | None = None) -> dict[str, Any]:
    """Do a queued run in this process and keep its record; its counts. Raises `RunError` when it cannot be done.

    A run that is no longer queued is left alone: a task may be delivered twice.
    """
    row = claim(run)
    if row is not None:
        with ended_by_failure(row):
            do(row, progress)
    run.refresh_from_db()
    return dict(run.counts)


def do(run: Run, progress: Progress | None = None) -> None:
    """The job of a run that this process has claimed, to its end."""
    end(run, Run.State.SUCCEEDED, counts=_JOBS[run.kind](run, progress))


@contextmanager
def ended_by_failure(run: Run, chunk: RunChunk | None = None, but: Errors = ()) -> Iterator[None]:
    """What goes wrong inside, in a chunk perhaps, ends the run with a message; what cannot be done is raised as
    `RunError`. After errors of `but` it goes on: the caller tries again.
    """

    def fail(message: str) -> None:
        if chunk is not None:
            chunk.finish(RunChunk.State.FAILED, message)
        end(run, Run.State.FAILED, message)

    try:
        yield
    except RunStopped as error:
        raise RunError(stopped(run)) from error
    except UnreadableError as error:
        fail(str(error.problem))
        raise RunError(str(error.problem)) from error
    except RunError as error:
        fail(str(error))
        raise
    except BaseException as error:
        if not isinstance(error, but):
            fail(f"{type(error).__name__}: {error}")
        raise


def cancel(run: Run, by: str = "") -> bool:
    """Cancel a run; False when it is over already. One that waits, or that nobody does any more, is cancelled at once;
    another stops at its job's next sign of life. What it has stored by then stays."""
    with transaction.atomic():
        row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if row.is_over:
            return False
        row.cancel_requested, row.message = True, f"Cancelled by {by}." if by else "Cancelled."
        row.save(update_fields=["cancel_requested", "message"])
    if row.state == Run.State.QUEUED or row.is_abandoned():
        stopped(row)
    return True


def stopped(run: Run) -> str:
    """End a cancelled run whose job has stopped, and count what it left uncounted; why it was stopped."""
    run.refresh_from_db()
    if run.cancel_requested and not run.is_over:
        end(run, Run.State.CANCELLED, run.message)
        if run.kind == Run.Kind.SYNC_SOURCE:
            count_what_was_left()
    return run.message or "Somebody ended the run."


def _is_left(run: Run, once_more: bool) -> bool:
    """Whether a running run has lost the process that did it. A sync whose chunks are done by anybody has none."""
    return run.state == Run.State.RUNNING and run.process is not None and (once_more or run.is_abandoned())


def _request(kind: str, what: str, source: Source | None, options: dict[str, Any], by: User) -> Run:
    refused = f"{what} is already running. Wait for it to end."
    if not may_ask(kind, source):
        raise RunError(refused)
    Run.objects.filter(kind=kind, source=source).close_abandoned()
    try:
        with transaction.atomic():
            return Run.objects.create(kind=kind, source=source, options=options, requested_by=by)
    except IntegrityError as error:
        raise RunError(refused) from error


def _telling(run: Run, progress: Progress | None) -> Progress:
    """Keeps the run's record of how far its job is. Raises `RunStopped` when it was cancelled or ended."""

    def tell(done: int, total: int) -> None:
        state, cancelled = Run.objects.values_list("state", "cancel_requested").get(pk=run.pk)
        if cancelled or state != Run.State.RUNNING:
            raise RunStopped
        run.tell(done, total)
        if progress:
            progress(done, total)

    return tell


_JOBS: dict[str, Callable[[Run, Progress | None], dict[str, Any]]] = {
    Run.Kind.SYNC_SOURCE: sync_source,
    Run.Kind.SYNC_ATTACK: lambda run, progress: asdict(sync_attack(run.options["origin"])),
    Run.Kind.RECOMPUTE: lambda run, progress: asdict(recompute()),
    Run.Kind.RENORMALIZE: lambda run, progress: asdict(renormalize(run.options["rules"], _telling(run, progress))),
    Run.Kind.PURGE: lambda run, progress: asdict(purge()),
    Run.Kind.REFRESH_SEARCH: lambda run, progress: asdict(refresh_search(_telling(run, progress))),
}
