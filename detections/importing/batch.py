"""One batch of analysed files into the database: rules, texts, tags, flat rows, in one counted transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from detections.analysis.rows import FileRow, RuleRow
from detections.importing.held import HeldRules
from detections.importing.rows import RowWriter
from detections.importing.versions import Cause, History, Said
from detections.models import Rule, Source, SourceFile
from detections.models.bulk import insert_rows
from detections.statistics.differences import Change, counted_change
from detections.statistics.locks import lock_addresses


@dataclass
class Outcome:
    """What a batch did, in rules; `losers` are files with a rule whose id another file of the source holds."""

    added: int = 0
    changed: int = 0
    unreadable: int = 0
    retired: int = 0
    losers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A rule that stands in the database under an own id of the batch."""

    pk: int
    file_path: str
    lifecycle: str
    edited: bool


class BatchWriter:
    """Writes batches of one sync. `techniques` maps an id as written to the key of the technique in force.

    `present` are the checkout's paths: a rule with the same id in another file that is still there is a double.
    """

    def __init__(self, source: Source, techniques: Mapping[str, int], present: frozenset[str], count: bool) -> None:
        self.source = source
        self.rows = RowWriter(source, techniques)
        self.present = present
        self.count = count
        self.siblings = Source.objects.filter(vendor=source.vendor).count() > 1

    def write(self, files: Iterable[FileRow]) -> Outcome:
        """Store the files' rules, retire those that the files no longer hold. One transaction."""
        files = list(files)
        outcome = Outcome()
        with transaction.atomic():
            lock_addresses(self.source.vendor, {rule.own_id for file in files for rule in file.rules})
            stored = self._stored(files)
            winners, problems = self._winners(files, stored, outcome)
            touched = {row.pk for row in stored.values()} | set(self._abandoned(files).values_list("pk", flat=True))
            touched |= self._edited_ids(file.path for file in files)
            with counted_change(touched | self._sibling_ids(winners), count=self.count) as change:
                history = History(self.source, Cause("sync", commit=self.source.commit))
                held = HeldRules(self.source, history)
                rows = held.kept({own_id: (file.path, rule) for own_id, (file, rule) in winners.items()})
                history.begin(self._coming(rows, stored))
                change.add(self.rows.write(rows).values())
                outcome.retired = self._retire(self._abandoned(files), history)
                held.withheld([file.path for file in files], {rule.own_id for file in files for rule in file.rules})
                history.record()
                self._mark_copies(winners, change)
                self._write_files(files, problems, outcome)
        outcome.added = sum(1 for own_id in winners if own_id not in stored)
        outcome.changed = len(winners) - outcome.added
        outcome.unreadable = sum(1 for file in files if not file.rules and file.problems != "[]")
        return outcome

    def retire_files(self, paths: Iterable[str]) -> int:
        """Retire the rules of files that are gone, and forget the files. One transaction."""
        paths = list(paths)
        with transaction.atomic():
            rules = self._removable(paths)
            touched = dict(rules.values_list("own_id", "pk"))
            lock_addresses(self.source.vendor, touched)
            held = set(touched.values()) | self._edited_ids(paths)
            with counted_change(held | self._sibling_ids(touched), count=self.count) as change:
                history = History(self.source, Cause("sync", commit=self.source.commit))
                retired = self._retire(rules, history)
                HeldRules(self.source, history).withheld(paths)
                history.record()
                self._mark_copies(touched, change)
                SourceFile.objects.filter(source=self.source, path__in=paths).delete()
        return retired

    # --- who holds an id ----------------------------------------------------------------------------------------

    def _stored(self, files: list[FileRow]) -> dict[str, _Stored]:
        ids = {rule.own_id for file in files for rule in file.rules}
        rows = Rule.objects.filter(source=self.source, own_id__in=ids).values_list(
            "own_id", "pk", "file_path", "lifecycle", "edited"
        )
        return {own_id: _Stored(*row) for own_id, *row in rows}

    def _winners(
        self, files: list[FileRow], stored: Mapping[str, _Stored], outcome: Outcome
    ) -> tuple[dict[str, tuple[FileRow, RuleRow]], dict[str, list[dict[str, Any]]]]:
        """For each id the file that holds it: the live one, then the first by path. The others get a problem."""
        in_batch = {file.path for file in files}
        winners: dict[str, tuple[FileRow, RuleRow]] = {}
        problems: dict[str, list[dict[str, Any]]] = {}

        def lose(path: str, rule: str, winner: str) -> None:
            outcome.losers.add(path)
            message = f"The rule id {rule} is also in {winner}, which counts. Give one of them another id."
            problems.setdefault(path, []).append({"message": message, "line": None, "severity": "error"})

        for file in files:
            for rule in file.rules:
                rank = (rule.values["lifecycle"] != "live", file.path)
                holder = winners.get(rule.own_id)
                other: tuple[bool, str] | None = None
                if holder is not None:
                    other = (holder[1].values["lifecycle"] != "live", holder[0].path)
                elif (row := stored.get(rule.own_id)) and self._still_holds(row, file.path, in_batch):
                    other = (row.lifecycle != "live", row.file_path)
                if other is not None and other <= rank:
                    lose(file.path, rule.own_id, other[1])
                    continue
                if other is not None:
                    lose(other[1], rule.own_id, file.path)
                winners[rule.own_id] = (file, rule)
        return winners, problems

    def _still_holds(self, row: _Stored, path: str, in_batch: set[str]) -> bool:
        return (
            row.file_path != path
            and row.lifecycle != "retired"
            and row.file_path in self.present
            and row.file_path not in in_batch
        )

    def _abandoned(self, files: list[FileRow]) -> Any:
        """Rules that a file of the batch held and holds no more."""
        kept = {rule.own_id for file in files for rule in file.rules}
        paths = [file.path for file in files]
        return self._removable(paths).exclude(own_id__in=kept)

    def _removable(self, paths: list[str]) -> Any:
        """Rules of files that a sync may retire: an edited one stays."""
        rules = Rule.objects.filter(source=self.source, file_path__in=paths, edited=False)
        return rules.exclude(lifecycle="retired")

    def _edited_ids(self, paths: Iterable[str]) -> set[int]:
        """Edited rules of these files: a text may be held back on them, so nobody else may write their versions."""
        rules = Rule.objects.filter(source=self.source, file_path__in=list(paths), edited=True)
        return set(rules.values_list("pk", flat=True))

    def _sibling_ids(self, own_ids: Iterable[str]) -> set[int]:
        """Rules of other sources with the same ids: their being copies may change."""
        if not self.siblings:
            return set()
        return set(self._of_ids(own_ids).values_list("pk", flat=True))

    def _of_ids(self, own_ids: Iterable[str]) -> Any:
        return Rule.objects.filter(source__vendor=self.source.vendor, own_id__in=list(own_ids))

    # --- rows ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _coming(rows: Mapping[str, tuple[str, RuleRow]], stored: Mapping[str, _Stored]) -> dict[int, Said]:
        """What the rules that stand already will say; an edited one's own words are the same before and after."""
        return {
            stored[own_id].pk: Said(row.text["text"], row.values["lifecycle"], {})
            for own_id, (_, row) in rows.items()
            if own_id in stored and not stored[own_id].edited
        }

    @staticmethod
    def _retire(rules: Any, history: History) -> int:
        texts = rules.values_list("pk", "text__text", "overrides")
        history.begin({pk: Said(text, "retired", overrides) for pk, text, overrides in texts})
        return int(rules.update(lifecycle="retired", live=False))

    def _mark_copies(self, own_ids: Iterable[str], change: Change) -> None:
        if self.siblings:
            change.add(self._of_ids(own_ids).mark_copies())

    def _write_files(
        self, files: list[FileRow], problems: Mapping[str, list[dict[str, Any]]], outcome: Outcome
    ) -> None:
        # A file that lost an id keeps no fingerprint: it is read again at every sync, since it wins as soon as the
        # other is gone.
        insert_rows(
            SourceFile,
            ["source", "path", "fingerprint", "problems"],
            [
                (
                    self.source.pk,
                    file.path,
                    "" if file.path in outcome.losers else file.fingerprint,
                    json.dumps(json.loads(file.problems) + problems[file.path])
                    if file.path in problems
                    else file.problems,
                )
                for file in files
            ],
            unique=["source", "path"],
            update=["fingerprint", "problems"],
        )
        for path in outcome.losers - {file.path for file in files}:
            row = SourceFile.objects.get(source=self.source, path=path)
            row.fingerprint, row.problems = "", row.problems + problems[path]
            row.save()
