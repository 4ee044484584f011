"""Edited rules at a sync: the edit stays, the repository's newer text is held back beside it, nothing is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from detections.analysis.analysis import analyse
from detections.analysis.overrides import Overrides
from detections.analysis.rows import RuleRow, rule_row
from detections.documents.problem import UnreadableError
from detections.importing.names import current_catalogue
from detections.importing.stored import read_with_of, stored_document
from detections.importing.versions import History, Said
from detections.models import Rule, Source
from detections.models.rule import RuleQuerySet

RETIRED = "retired"


class HeldRules:
    """The edited rules among those that a sync writes."""

    def __init__(self, source: Source, history: History) -> None:
        self.source = source
        self.history = history

    def kept(self, coming: Mapping[str, tuple[str, RuleRow]]) -> dict[str, tuple[str, RuleRow]]:
        """The rows to write in place of the repository's for edited rules: the edit, read by today's engine.

        Where the repository has a newer text it is held back and the rule is diverged. Where it has the edit's own
        text the edit has arrived: the repository's rows stand, and the rule is no longer edited.
        """
        rows = dict(coming)
        held: dict[int, tuple[str, Said]] = {}
        for rule in self._edited(own_id__in=list(coming)):
            path, row = coming[rule.own_id]
            said = Said(row.text["text"], row.values["lifecycle"], {})
            if said == Said(rule.text.text, rule.lifecycle, rule.overrides):
                Rule.objects.filter(pk=rule.pk).update(edited=False, held=None, base=None)
                continue
            self._compare(rule, path, said, held)
            ours = self._ours(rule, row.values["path"])
            if ours is None:
                del rows[rule.own_id]
            else:
                rows[rule.own_id] = path, ours
        self.history.hold(held)
        return rows

    def withheld(self, paths: Iterable[str], still_there: Collection[str] = ()) -> None:
        """The files of these paths hold their rules no more, but for the ids that are still there: edits stay."""
        held: dict[int, tuple[str, Said]] = {}
        for rule in self._edited(file_path__in=list(paths)).exclude(own_id__in=still_there):
            last = rule.held or rule.base
            if last is not None:
                self._compare(rule, rule.path, Said(last.text, RETIRED, {}), held)
        self.history.hold(held)

    def _edited(self, **where: object) -> RuleQuerySet:
        rules = Rule.objects.filter(source=self.source, edited=True, **where)
        return rules.select_related("source", "text", "held", "base").order_by("pk")

    @staticmethod
    def _compare(rule: Rule, path: str, said: Said, held: dict[int, tuple[str, Said]]) -> None:
        """Hold `said` when it is neither what the edit began from nor what is held already."""
        if rule.base is not None and said == Said(rule.base.text, rule.base.lifecycle, {}):
            if rule.held is not None:
                Rule.objects.filter(pk=rule.pk).update(held=None)
        elif rule.held is None or said != Said(rule.held.text, rule.held.lifecycle, {}):
            held[rule.pk] = path, said

    def _ours(self, rule: Rule, path: str) -> RuleRow | None:
        """The rows of the edit, at the place where the repository has the rule now; None when it cannot be read."""
        try:
            document = stored_document(rule, read_with_of(self.source))
        except UnreadableError:
            return None
        overrides = Overrides.of_json(rule.overrides)
        return rule_row(analyse(replace(document, path=path), current_catalogue(), overrides))
