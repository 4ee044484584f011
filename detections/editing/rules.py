"""One change to a rule: analysed, stored, counted and kept as a version, in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from detections.analysis.overrides import NOTHING, Overrides
from detections.analysis.rows import rule_row
from detections.editing.errors import EditConflictError, EditError, NotSavableError
from detections.editing.preview import preview
from detections.importing.rows import RowWriter
from detections.importing.versions import Cause, History, Said, first_versions
from detections.models import Rule, RuleVersion, Source, Technique
from detections.models.rule import RuleQuerySet
from detections.statistics.differences import counted_change
from detections.statistics.locks import lock_addresses
from detections.statistics.retrying import retried
from detections.vendors import VENDORS

RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants a rule to say. `version` is the number of the version that they began from."""

    text: str
    overrides: Overrides
    reason: str
    version: int


@retried
@transaction.atomic
def save_rule(rule: Rule, edit: Edit, author: AbstractBaseUser | None) -> Rule:
    """Store an edit. Raises `EditConflictError` when the rule changed meanwhile, `NotSavableError` for a bad text."""
    row = locked(rule, edit.version)
    return store(row, edit.text, still_retired(row, edit.overrides), Cause("edit", author, edit.reason))


@retried
@transaction.atomic
def create_rule(
    source: Source,
    text: str,
    overrides: Overrides,
    reason: str,
    author: AbstractBaseUser | None,
    origin: str = RuleVersion.Origin.EDIT,
) -> Rule:
    """A team's new rule; one without an id of its own gets one.

    Raises `NotSavableError` when it does not parse, `EditError` when it cannot stand in the source.
    """
    refuse_foreign(source)
    path = f"own/{uuid.uuid4()}{VENDORS[source.vendor].suffixes[0]}"
    read = preview(source, text, overrides, path=path)
    if read.analysis is None or read.refused:
        raise NotSavableError(read.refused, read.problems)
    own_id = read.analysis.document.own_id
    lock_addresses(source.vendor, [own_id])
    taken = Rule.objects.filter(source=source, own_id=own_id).first()
    if taken is not None:
        raise EditError(f"{source.name} has a rule with the id {own_id} already: {taken.title!r}. Edit that one.")
    with counted_change(_siblings(source, own_id)) as change:
        keys = RowWriter(source, Technique.objects.in_force_by_written_id()).write(
            {own_id: ("", rule_row(read.analysis))}
        )
        change.add(keys.values())
        Rule.objects.filter(pk=keys[own_id]).update(edited=True, overrides=overrides.json())
        rule = Rule.objects.select_related("source", "text").get(pk=keys[own_id])
        first_versions([rule.pk], Cause(origin, author, reason))
        change.add(_of_id(source, own_id).mark_copies())
    rule.refresh_from_db()
    return rule


def retire_rule(rule: Rule, version: int, reason: str, author: AbstractBaseUser | None) -> Rule:
    """Take a rule out of every count, whatever its repository says later. It stays, marked, and can be revived."""
    return _with_lifecycle(rule, version, reason, author, RETIRED)


def revive_rule(rule: Rule, version: int, reason: str, author: AbstractBaseUser | None) -> Rule:
    """Undo `retire_rule`: the rule is live again where its own text and folder say so."""
    return _with_lifecycle(rule, version, reason, author, None)


def tag_rule(rule: Rule, technique: str, version: int, reason: str, author: AbstractBaseUser | None) -> Rule:
    """Add a technique id to those that a rule states."""
    stated = Overrides.of_json(rule.overrides).techniques
    if stated is None:
        stated = tuple(rule.techniques.values_list("written", flat=True))
    if technique in stated:
        raise EditError(f"{rule.title} states {technique} already.")
    overrides = replace(Overrides.of_json(rule.overrides), techniques=(*stated, technique))
    return save_rule(rule, Edit(rule.text.text, overrides, reason, version), author)


def locked(rule: Rule, version: int) -> Rule:
    """The rule, held for this transaction. Raises `EditConflictError` when its version is another by now."""
    lock_addresses(rule.source.vendor, [rule.own_id])
    rows = Rule.objects.select_for_update(of=("self",)).select_related("source", "text", "held", "base")
    row = rows.get(pk=rule.pk)
    if row.version != version:
        raise EditConflictError(row, version)
    return row


def still_retired(rule: Rule, overrides: Overrides) -> Overrides:
    """An edit's overrides on a rule that staff retired: what it says changes, that it is retired does not."""
    return replace(overrides, lifecycle=overrides.lifecycle or rule.overrides.get("lifecycle"))


def store(
    rule: Rule, text: str, overrides: Overrides, cause: Cause, *, kept: Overrides | None = None, stood: bool = False
) -> Rule:
    """Write what a locked rule says from now on. `kept` are the overrides that stay on the rule (the same).

    `stood` says that the text was the rule's before, here or in its repository: then it may have errors.
    A rule that says what its repository says last, without overrides, is no longer edited.
    """
    kept = overrides if kept is None else kept
    read = preview(rule.source, text, overrides, rule=rule)
    if read.analysis is None or (read.refused and not stood):
        raise NotSavableError(read.refused, read.problems)
    row = rule_row(read.analysis)
    history = History(rule.source, cause)
    with counted_change({rule.pk} | _siblings(rule.source, rule.own_id)) as change:
        history.begin({rule.pk: Said(row.text["text"], row.values["lifecycle"], kept.json())})
        if not history.before:
            raise EditError("Nothing was changed: the rule says this already.")
        RowWriter(rule.source, Technique.objects.in_force_by_written_id()).write({rule.own_id: (rule.file_path, row)})
        Rule.objects.filter(pk=rule.pk).update(overrides=kept.json())
        history.record()
        _mark_edited(rule, Said(row.text["text"], row.values["lifecycle"], kept.json()))
        change.add(_of_id(rule.source, rule.own_id).mark_copies())
    return Rule.objects.select_related("source", "text", "held", "base").get(pk=rule.pk)


def refuse_foreign(source: Source) -> None:
    """Raises `EditError` for a source whose rules come from a repository: own rules go to one of one's own."""
    if not Source.objects.written_here().filter(pk=source.pk).exists():
        raise EditError(
            f"The rules of {source.name} come from its repository, and the next sync would not know this one. "
            "Put it into a source of your own."
        )


@retried
@transaction.atomic
def _with_lifecycle(
    rule: Rule, version: int, reason: str, author: AbstractBaseUser | None, lifecycle: str | None
) -> Rule:
    row = locked(rule, version)
    overrides = replace(Overrides.of_json(row.overrides), lifecycle=lifecycle)
    return store(row, row.text.text, overrides, Cause("edit", author, reason))


def _mark_edited(rule: Rule, said: Said) -> None:
    """Whether the rule's words are the site's own, and which version of its repository they began from."""
    base = rule.base or rule.versions.of_repository().filter(applied=True).order_by("-number").first()
    last = rule.held or base
    if last is not None and said == Said(last.text, last.lifecycle, NOTHING.json()):
        Rule.objects.filter(pk=rule.pk).update(edited=False, held=None, base=None)
    else:
        Rule.objects.filter(pk=rule.pk).update(edited=True, base=base)


def _of_id(source: Source, own_id: str) -> RuleQuerySet:
    return Rule.objects.filter(source__vendor=source.vendor, own_id=own_id)


def _siblings(source: Source, own_id: str) -> set[int]:
    """Rules of any source with this id: their being copies may change."""
    return set(_of_id(source, own_id).values_list("pk", flat=True))
