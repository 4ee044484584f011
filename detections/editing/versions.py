"""A rule's history: its versions with their differences, going back to one, and settling with the repository."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from detections.analysis.overrides import NOTHING, Overrides
from detections.editing.errors import EditError
from detections.editing.rules import RETIRED, Edit, locked, still_retired, store
from detections.importing.versions import Cause
from detections.models import Generation, Rule, RuleVersion
from detections.statistics.retrying import retried

_CONTEXT = 3  # unchanged lines shown around a change


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a difference. `kind` is same, came or went, or gap for lines left out; numbers count from 1."""

    kind: str
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version and what is different from the applied one before it. `current` is what the rule says now."""

    version: RuleVersion
    current: bool
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """An edited rule beside its repository. `merged` is None where git is not there; `conflicts` counts its marks."""

    base: str
    ours: str
    theirs: str
    merged: str | None
    conflicts: int
    removed: bool


def history(rule: Rule) -> list[VersionView]:
    """All versions, the newest first. A rule that never changed has none."""
    versions = list(rule.versions.newest_first())
    views = []
    for place, version in enumerate(versions):
        before = next((older for older in versions[place + 1 :] if older.applied), None)
        lines = differences(before.text, version.text) if before else ()
        views.append(VersionView(version, version.number == rule.version, tuple(lines)))
    return views


def differences(old: str, new: str) -> list[DiffLine]:
    """Line by line, with a few unchanged lines around each change."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[DiffLine] = []
    shown = 0
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if group[0][1] > shown:
            lines.append(DiffLine("gap", None, None, f"{group[0][1] - shown} unchanged lines"))
        for tag, first, last, start, end in group:
            if tag == "equal":
                lines += [DiffLine("same", row + 1, start + row - first + 1, before[row]) for row in range(first, last)]
                continue
            lines += [DiffLine("went", row + 1, None, before[row]) for row in range(first, last)]
            lines += [DiffLine("came", None, row + 1, after[row]) for row in range(start, end)]
        shown = group[-1][2]
    if lines and shown < len(before):
        lines.append(DiffLine("gap", None, None, f"{len(before) - shown} unchanged lines"))
    return lines


@retried
@transaction.atomic
def restore(rule: Rule, number: int, version: int, reason: str, author: AbstractBaseUser | None) -> Rule:
    """Make a rule say again what an earlier version said. Raises `EditError` when there is no such version."""
    row = locked(rule, version)
    wanted = row.versions.filter(number=number).first()
    if wanted is None:
        raise EditError(f"The rule has no version {number}.")
    overrides = Overrides.of_json(wanted.overrides)
    cause = Cause(RuleVersion.Origin.RESTORE, author, reason or f"Back to version {number}")
    if wanted.lifecycle == RETIRED and overrides.lifecycle is None:
        # The repository had removed it: to be restored as removed it is retired by hand.
        overrides = Overrides.of_json({**wanted.overrides, "lifecycle": RETIRED})
    return store(row, wanted.text, overrides, cause, stood=True)


def three_way(rule: Rule) -> ThreeWay:
    """The repository's text that the edit began from, the edit, the repository's newer text, and both together.

    Raises `EditError` when the rule is not diverged.
    """
    if rule.held is None:
        raise EditError("The repository has no newer text of this rule.")
    base = rule.base.text if rule.base else ""
    ours, theirs = rule.text.text, rule.held.text
    merged, conflicts = _merged(base, ours, theirs)
    return ThreeWay(base, ours, theirs, merged, conflicts, rule.held.lifecycle == RETIRED)


@transaction.atomic
def keep(rule: Rule, version: int) -> Rule:
    """The edit stands: the repository's newer text is what it is measured against from now on."""
    row = locked(rule, version)
    if row.held is not None:
        Rule.objects.filter(pk=row.pk).update(base=row.held, held=None)
        Generation.objects.bump()
    return Rule.objects.get(pk=row.pk)


@retried
@transaction.atomic
def take(rule: Rule, version: int, reason: str, author: AbstractBaseUser | None) -> Rule:
    """The repository's newer text stands: the edit is left in the history. Raises `EditError` when there is none."""
    row = locked(rule, version)
    if row.held is None:
        raise EditError("The repository has no newer text of this rule.")
    removed = Overrides(lifecycle=RETIRED) if row.held.lifecycle == RETIRED else NOTHING
    cause = Cause(RuleVersion.Origin.EDIT, author, reason or "The repository's text was taken")
    return store(row, row.held.text, removed, cause, kept=NOTHING, stood=True)


@retried
@transaction.atomic
def merge(rule: Rule, edit: Edit, author: AbstractBaseUser | None) -> Rule:
    """Store a text made of both. The repository's newer text is what it is measured against from now on."""
    row = locked(rule, edit.version)
    if row.held is not None:
        row.base, row.held = row.held, None
        Rule.objects.filter(pk=row.pk).update(base=row.base, held=None)
    return store(row, edit.text, still_retired(row, edit.overrides), Cause("edit", author, edit.reason))


def _merged(base: str, ours: str, theirs: str) -> tuple[str | None, int]:
    """git's own three-way merge: the text, with marks where both changed the same lines, and how many such places."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            file = Path(folder) / name
            file.write_text(text, encoding="utf-8", newline="")
            files.append(str(file))
        labels = ["-L", "ours", "-L", "base", "-L", "repository"]
        try:
            done = subprocess.run(
                ["git", "merge-file", "-p", "--diff3", *labels, *files], capture_output=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None, 0
    if done.returncode > 127:
        return None, 0
    return done.stdout.decode("utf-8"), done.returncode
