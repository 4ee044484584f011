"""Rules by the file: what an upload would add, change and refuse, and then doing it, in one transaction.

A file may be one of the repositories' formats, a Kibana export, a savedsearches.conf, or a zip of such files. Exports
become texts in the form of the vendor's repository, so that they can be edited like every other rule.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from detections.analysis.analysis import analyse
from detections.analysis.overrides import NOTHING, Overrides
from detections.analysis.rows import RuleRow, rule_row
from detections.documents.archive import is_archive, unpacked
from detections.documents.decoding import decode
from detections.documents.document import RuleDocument
from detections.documents.problem import Problem, UnreadableError
from detections.editing.preview import refusal
from detections.editing.rules import refuse_foreign, still_retired
from detections.importing.names import current_catalogue
from detections.importing.rows import RowWriter
from detections.importing.stored import read_with_of
from detections.importing.versions import Cause, History, Said, first_versions
from detections.models import Rule, RuleVersion, Source, Technique
from detections.normalization.catalogue import Catalogue
from detections.statistics.differences import counted_change
from detections.statistics.locks import lock_addresses
from detections.statistics.retrying import retried
from detections.vendors import VENDORS, kibana, savedsearches
from detections.vendors.vendor import ReadWith

MAX_RULES = 1_000  # of one upload; more are synced from a folder

ADD, CHANGE, SAME, REFUSE = "add", "change", "same", "refuse"
Texts = Callable[[str, str], tuple[list[str], tuple[Problem, ...]]]
# Exports by source format and ending: to texts in the vendor's own form.
_EXPORTS: dict[tuple[str, str], Texts] = {
    ("elastic", ".ndjson"): kibana.texts,
    ("elastic", ".json"): kibana.texts,
    ("splunk", ".conf"): savedsearches.texts,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What an upload does with one text. `action` is add, change, same or refuse; `problems` say why and where.

    Of a rule that is there already `difference` are the changed lines, `version` is its current one (else 0) and
    `edited_by` who edited it last by hand.
    """

    path: str
    action: str
    title: str = ""
    own_id: str = ""
    text: str = ""
    predicates: int = 0
    exclusions: int = 0
    problems: tuple[Problem, ...] = ()
    refused: str = ""
    difference: tuple[str, ...] = ()
    edited_by: str = ""
    row: RuleRow | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """The entries in the order of the files."""

    entries: tuple[Entry, ...]

    def count(self, action: str) -> int:
        return sum(1 for entry in self.entries if entry.action == action)

    @property
    def counts(self) -> dict[str, int]:
        return {action: self.count(action) for action in (ADD, CHANGE, SAME, REFUSE)}


def plan_upload(source: Source, name: str, data: bytes) -> UploadPlan:
    """What an upload would do; nothing is stored. Raises `EditError` when the source takes no rules by hand."""
    refuse_foreign(source)
    read_with, catalogue = read_with_of(source), current_catalogue()
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for path, text, problems in _texts(source, name, data):
        if text is None:
            entries.append(Entry(path, REFUSE, problems=problems, refused=str(problems[0]) if problems else ""))
            continue
        if len(entries) >= MAX_RULES:
            message = f"Only the first {MAX_RULES:,} rules of an upload are read. Sync a folder for more."
            entries.append(Entry(path, REFUSE, refused=message, problems=(Problem(message, path),)))
            break
        for document in _documents(source, text, path, read_with, entries):
            rule = Rule.objects.select_related("source", "text").filter(source=source, own_id=document.own_id).first()
            entries.append(_entry(document, rule, catalogue, seen))
    return UploadPlan(tuple(entries))


@retried
@transaction.atomic
def perform_upload(source: Source, name: str, data: bytes, reason: str, author: AbstractBaseUser | None) -> UploadPlan:
    """Do what `plan_upload` tells, all of it or nothing; what is refused is left out. The plan as it was done."""
    plan = plan_upload(source, name, data)
    ids = {entry.own_id: entry.version for entry in plan.entries if entry.row}
    lock_addresses(source.vendor, ids)
    now = dict(Rule.objects.filter(source=source, own_id__in=list(ids)).values_list("own_id", "version"))
    if any(now.get(own_id, 0) != version for own_id, version in ids.items()):
        plan = plan_upload(source, name, data)  # somebody changed one of them meanwhile
    doing = {entry.own_id: entry for entry in plan.entries if entry.row and entry.action in (ADD, CHANGE)}
    if not doing:
        return plan
    same_ids = Rule.objects.filter(source__vendor=source.vendor, own_id__in=list(doing))
    known = {rule.own_id: rule for rule in same_ids.filter(source=source)}
    cause = Cause(RuleVersion.Origin.UPLOAD, author, reason)
    history = History(source, cause)
    with counted_change(set(same_ids.values_list("pk", flat=True))) as change:
        kept = {own_id: _kept(known.get(own_id)).json() for own_id in doing}
        history.begin(
            {
                rule.pk: Said(doing[own_id].text, doing[own_id].row.values["lifecycle"], kept[own_id])
                for own_id, rule in known.items()
            }
        )
        writer = RowWriter(source, Technique.objects.in_force_by_written_id())
        keys = writer.write({own_id: ("", entry.row) for own_id, entry in doing.items()})
        change.add(keys.values())
        Rule.objects.filter(pk__in=keys.values()).update(edited=True, overrides={})
        for own_id, overrides in kept.items():
            if overrides:
                Rule.objects.filter(pk=keys[own_id]).update(overrides=overrides)
        first_versions([keys[own_id] for own_id in doing if own_id not in known], cause)
        history.record()
        change.add(same_ids.mark_copies())
    return plan


def _texts(source: Source, name: str, data: bytes) -> Iterator[tuple[str, str | None, tuple[Problem, ...]]]:
    """Each text with its path; None with the problems for what cannot be read."""
    try:
        files = list(unpacked(data, name)) if is_archive(data) else [(name, data)]
    except UnreadableError as error:
        yield name, None, (error.problem,)
        return
    for path, content in files:
        ending = f".{path.rsplit('.', 1)[-1].lower()}"
        export = _EXPORTS.get((source.vendor, ending))
        if export is None and ending not in VENDORS[source.vendor].suffixes:
            yield path, None, (Problem(_wrong_ending(source, path), path),)
            continue
        try:
            text = decode(content, path)
            if export is None:
                yield path, text, ()
                continue
            texts, problems = export(text, path)
        except UnreadableError as error:
            yield path, None, (error.problem,)
            continue
        for number, one in enumerate(texts, 1):
            yield path if number == 1 else f"{path}#{number}", one, ()
        for problem in problems:
            yield path, None, (problem,)


def _documents(
    source: Source, text: str, path: str, read_with: ReadWith, entries: list[Entry]
) -> Iterator[RuleDocument]:
    """The rules of a text; what is wrong with the file itself becomes an entry that is refused."""
    try:
        reading = VENDORS[source.vendor].read(text, path, read_with)
    except (UnreadableError, RecursionError) as error:
        problem = error.problem if isinstance(error, UnreadableError) else Problem("The file is nested too deep.", path)
        entries.append(Entry(path, REFUSE, problems=(problem,), refused=str(problem)))
        return
    yield from reading.documents
    for problem in reading.problems:
        entries.append(Entry(path, REFUSE, problems=(problem,), refused=str(problem)))


def _entry(document: RuleDocument, rule: Rule | None, catalogue: Catalogue, seen: dict[str, str]) -> Entry:
    title, own_id = document.title, document.own_id
    if own_id in seen:
        message = f"The id {own_id} is also in {seen[own_id]}, which comes first. Give one of them another."
        return Entry(document.path, REFUSE, title, own_id, refused=message, problems=(Problem(message, document.path),))
    seen[own_id] = document.path
    analysis = analyse(document, catalogue, _kept(rule))
    refused = refusal(analysis, rule)
    if refused:
        return Entry(document.path, REFUSE, title, own_id, problems=analysis.problems, refused=refused)
    row = rule_row(analysis)
    action, difference, edited_by = ADD, tuple[str, ...](), ""
    if rule is not None:
        before = rule.text.text
        same = before == document.text and rule.overrides == _kept(rule).json()
        action = SAME if same else CHANGE
        lines = difflib.unified_diff(before.splitlines(), document.text.splitlines(), lineterm="", n=1)
        difference = tuple(lines)[2:60]
        last = rule.versions.order_by("-number").first()
        edited_by = last.author_name if last and last.origin == RuleVersion.Origin.EDIT else ""
    return Entry(
        document.path, action, title, own_id, document.text,
        row.values["predicate_count"], row.values["exclusion_count"], analysis.problems,
        difference=difference, edited_by=edited_by, row=row, version=rule.version if rule else 0,
    )  # fmt: skip


def _kept(rule: Rule | None) -> Overrides:
    return NOTHING if rule is None else still_retired(rule, NOTHING)


def _wrong_ending(source: Source, path: str) -> str:
    endings = [*VENDORS[source.vendor].suffixes, *(end for vendor, end in _EXPORTS if vendor == source.vendor)]
    return f"{source.name} takes files that end in {', '.join(endings)} and zip archives of them. This one does not."
