"""Analysis on all cores: chunks of files to worker processes, rows back in the order in which they are ready."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from detections.analysis.files import analyse_files
from detections.analysis.rows import FileRow
from detections.normalization.catalogue import Catalogue
from detections.vendors.vendor import ReadWith

_WORTH_A_POOL = 400  # files; fewer are read in this process before another one is up

Key = TypeVar("Key")
Files = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of a checkout become rows: their format, where they are, what they are read with, how names are
    mapped."""

    vendor: str
    root: str
    read_with: ReadWith
    catalogue: Catalogue

    def rows(self, files: Files) -> list[FileRow]:
        """One row for each pair of path and fingerprint. No content of a file makes it raise."""
        pairs = [(path, print_) for path, print_ in files]
        return analyse_files(self.vendor, self.root, pairs, self.read_with, self.catalogue)


def analysed(
    reading: Reading, chunks: Sequence[tuple[Key, Files]], workers: int | None = None
) -> Iterator[tuple[Key, list[FileRow]]]:
    """The rows of each chunk, under the key that it came with.

    Few files, or a process that may have no children: in this one.
    """
    workers = workers or os.cpu_count() or 1
    count = sum(len(files) for _, files in chunks)
    if workers == 1 or count < _WORTH_A_POOL or multiprocessing.current_process().daemon:
        for key, files in chunks:
            yield key, reading.rows(files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_hold, initargs=(reading,)) as pool:
        # A few chunks ahead keep the workers busy without piling results up in memory.
        running: dict[Future[list[FileRow]], Key] = {}
        try:
            for key, files in chunks:
                running[pool.submit(_rows, files)] = key
                if len(running) > workers:
                    yield from _ready(running)
            while running:
                yield from _ready(running)
        finally:  # the caller stopped in the middle: nobody waits for what has not begun
            _cancel(running)


_held: list[Reading] = []  # in a worker: what every chunk is read with, sent once


def _hold(reading: Reading) -> None:
    _held[:] = [reading]


def _rows(files: Files) -> list[FileRow]:
    return _held[0].rows(files)


def _ready(running: dict[Future[list[FileRow]], Key]) -> Iterator[tuple[Key, list[FileRow]]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def _cancel(futures: Iterable[Future[list[FileRow]]]) -> None:
    for future in futures:
        future.cancel()
