"""The synthetic rules in the database of the environment: written by the importer's own writer, counted once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from detections.analysis.rows import FileRow
from tests.benchmarks.synthetic import CORPORA, TECHNIQUES, file_row, synthetic_rule, technique_id

_CHUNK = 1000


def write_catalog(first: int, last: int, workers: int | None = None) -> None:
    """Add the rules of the numbers from `first` to before `last`; whatever stands below is there already."""
    from detections.importing.batch import BatchWriter
    from detections.models import Source, Technique
    from detections.statistics.recomputation import recompute

    _write_techniques()
    sources = {
        corpus.slug: Source.objects.get_or_create(
            slug=corpus.slug, defaults={"vendor": corpus.vendor, "name": corpus.slug, "public": corpus.public}
        )[0]
        for corpus in CORPORA
    }
    techniques = Technique.objects.in_force_by_written_id()
    writers = {slug: BatchWriter(at, techniques, frozenset(), count=False) for slug, at in sources.items()}
    for chunk in _analysed(first, last, workers or os.cpu_count() or 1):
        for slug, files in chunk.items():
            writers[slug].write(files)
    recompute(expected=True)
    analyse_tables()


def analyse_tables() -> None:
    """PostgreSQL's planner learns of the rows at once, as autovacuum tells it within a minute of a load."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")


def rows_by_corpus(numbers: range) -> dict[str, list[FileRow]]:
    """The files of some rules, by the slug of their source. The work function of the pool."""
    found: dict[str, list[FileRow]] = {corpus.slug: [] for corpus in CORPORA}
    for number in numbers:
        rule = synthetic_rule(number)
        found[rule.corpus.slug].append(file_row(rule))
    return found


def _analysed(first: int, last: int, workers: int) -> Iterator[dict[str, list[FileRow]]]:
    ranges = [range(start, min(start + _CHUNK, last)) for start in range(first, last, _CHUNK)]
    if workers == 1 or len(ranges) == 1:
        yield from map(rows_by_corpus, ranges)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        ahead = []
        for numbers in ranges:
            ahead.append(pool.submit(rows_by_corpus, numbers))
            if len(ahead) > workers:
                yield ahead.pop(0).result()
        for rest in ahead:
            yield rest.result()


def _write_techniques() -> None:
    from detections.models import Technique

    rows = {}
    for rank in range(TECHNIQUES):
        attack_id = technique_id(rank)
        parent = rows.get(attack_id.split(".")[0])
        rows[attack_id], _ = Technique.objects.get_or_create(
            attack_id=attack_id,
            defaults={"name": f"Technique {rank}", "parent": parent, "is_subtechnique": parent is not None},
        )
