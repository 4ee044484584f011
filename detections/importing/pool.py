"""Analysis on all cores: chunks of files to worker processes, rows back in the order in which they are ready."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from detections.analysis.files import analyse_files
from detections.analysis.rows import FileRow
from detections.vendors.vendor import ReadWith

CHUNK = 200
_WORTH_A_POOL = 400


def analysed(
    vendor: str, root: str, files: Sequence[tuple[str, str]], read_with: ReadWith, workers: int | None = None
) -> Iterator[list[FileRow]]:
    """The rows of `files`, a chunk at a time. Few files, or a process that may have no children: in this one."""
    chunks = [list(files[first : first + CHUNK]) for first in range(0, len(files), CHUNK)]
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(files) < _WORTH_A_POOL or multiprocessing.current_process().daemon:
        for chunk in chunks:
            yield analyse_files(vendor, root, chunk, read_with)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = iter(chunks)
        # A few chunks ahead keep the workers busy without piling results up in memory.
        running: set[Future[list[FileRow]]] = set()
        for chunk in waiting:
            running.add(pool.submit(analyse_files, vendor, root, chunk, read_with))
            if len(running) > workers:
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
        while running:
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()
