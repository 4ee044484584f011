"""Why a change cannot be saved. Every message is for the person who typed it."""

from __future__ import annotations

from collections.abc import Sequence

from detections.documents.problem import Problem
from detections.models import Rule, RuleVersion


class EditError(Exception):
    """A change that cannot be made; nothing was stored."""


class NotSavableError(EditError):
    """The text does not parse, or is no rule of this address. It can be kept as a draft. `problems` say where."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class EditConflictError(EditError):
    """Somebody changed the rule meanwhile. `rule` is the rule as it stands now, `version` what they saved."""

    def __init__(self, rule: Rule, began_from: int) -> None:
        self.rule = rule
        self.began_from = began_from
        versions = rule.versions.filter(number=rule.version).select_related("author")
        self.version: RuleVersion | None = versions.first()
        who = (self.version.author_name if self.version else "") or "A sync"
        super().__init__(
            f"{who} changed this rule while you were editing: you began from version {began_from}, it is now "
            f"version {rule.version}. Nothing was stored. Compare both, then save yours over it or take theirs."
        )
