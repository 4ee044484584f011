"""Rules read again from the texts that the catalog keeps: after a changed alias, or when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

from detections.analysis.analysis import analyse
from detections.analysis.overrides import Overrides
from detections.analysis.rows import RuleRow, rule_row
from detections.documents.problem import UnreadableError
from detections.importing.names import current_catalogue
from detections.importing.rows import RowWriter
from detections.importing.stored import read_with_of, stored_document
from detections.models import Rule, Source, Technique
from detections.statistics.differences import counted_change
from detections.statistics.locks import lock_shared
from detections.statistics.retrying import retried

BATCH = 100

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Renormalization:
    """`rules` were read again. `skipped` could not be: the catalog keeps only a part of their file, and the next sync
    of their source reads them."""

    rules: int
    skipped: int


def renormalize(rules: Iterable[int], progress: Progress | None = None) -> Renormalization:
    """Read the rules of these keys again, a batch at a time, each in a counted transaction of its own."""
    keys = sorted(set(rules))
    done = skipped = 0
    for first in range(0, len(keys), BATCH):
        read, lost = _renormalized(keys[first : first + BATCH])
        done, skipped = done + read, skipped + lost
        if progress:
            progress(min(first + BATCH, len(keys)), len(keys))
    return Renormalization(done, skipped)


@retried
@transaction.atomic
def _renormalized(keys: list[int]) -> tuple[int, int]:
    lock_shared()
    rows = Rule.objects.filter(pk__in=keys).select_for_update(of=("self",)).select_related("text", "source")
    by_source: dict[Source, list[Rule]] = {}
    for rule in rows.order_by("pk"):
        by_source.setdefault(rule.source, []).append(rule)
    techniques = Technique.objects.in_force_by_written_id()
    written = 0
    with counted_change(keys) as change:
        for source, rules in by_source.items():
            read = _read(source, rules)
            change.add(RowWriter(source, techniques).write(read).values())
            change.add(Rule.objects.filter(pk__in=keys, source=source).mark_copies())
            written += len(read)
    return written, sum(map(len, by_source.values())) - written


def _read(source: Source, rules: list[Rule]) -> dict[str, tuple[str, RuleRow]]:
    read_with, catalogue = read_with_of(source), current_catalogue()
    read = {}
    for rule in rules:
        try:
            document = stored_document(rule, read_with)
        except UnreadableError:
            continue
        row = rule_row(analyse(document, catalogue, Overrides.of_json(rule.overrides)))
        # A rule that its repository removed, or a text that is a part of a file, must not come back as something else.
        if row.text["text"] != rule.text.text:
            continue
        if rule.lifecycle == "retired" and row.values["lifecycle"] != "retired":
            row.values["lifecycle"] = rule.lifecycle
        read[rule.own_id] = rule.file_path, row
    return read
