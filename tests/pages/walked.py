"""A catalog in which every page of `walk` has something to show, of any size."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from detections.models import (
    AliasOverride,
    FieldOverride,
    Rule,
    RuleDraft,
    RuleLogSource,
    RuleName,
    RuleTechnique,
    RuleVersion,
    Run,
    RunChunk,
    Source,
    SourceFile,
    Tactic,
    Technique,
)
from tests.pages import rows
from tests.pages.staff import catalog, diverged, person

PROBLEM = {
    "file": "a.yml",
    "line": 1,
    "column": 1,
    "message": "It cannot be read.",
    "snippet": "?",
    "severity": "error",
}


def write_catalog(folder: Path, times: int = 1, sources: int = 0) -> None:
    """The reference page's technique among rules of three vendors, a diverged rule, and of everything `times` more.

    `sources` bounds how many further sources there are.
    """
    sources = sources or 2 * times
    checkout = catalog(folder)
    ada = person("editor", "ada")
    edited = diverged(checkout, ada)
    snapshot = rows.snapshot_catalog()
    team = Source.objects.get(slug="team")
    team.public = False
    team.save()
    rows.rule("Ours alone", [snapshot], [("User", "eq", ["ours"], False)], at=team)
    _broad(snapshot, times)
    for number in range(2 * times):
        _further(number, snapshot, f"source{number % sources}")
        _edited(number, edited)
        AliasOverride.objects.create(vendor="sigma", name=f"Name{number}", canonical="Image")
        FieldOverride.objects.create(canonical=f"Field{number}")
    _runs(times, sources)
    rows.counted()


def _broad(snapshot: Technique, times: int) -> None:
    """One rule that tests and excludes much."""
    checks = [(f"Field{number}", "contains", [f"value {number}", "more"], False) for number in range(3 * times)]
    excludes = [("User", "eq", [f"user {number}" for number in range(2 * times)], True)]
    names = [f"Kind {number}" for number in range(times)]
    rule = rows.rule(
        "Broad", [snapshot], [*checks, *excludes, ("event.outcome", "eq", ["success"], False)], own_id="broad",
        platforms=["AWS", *names], domains=["cloud", *names], false_positives=[f"Reason {name}" for name in names],
        references=["https://example.org/" + "long/" * 20], tags=names,
    )  # fmt: skip
    RuleLogSource.objects.bulk_create(RuleLogSource(rule=rule, kind="dataset", name=f"set {name}") for name in names)


def _further(number: int, snapshot: Technique, slug: str) -> None:
    """One more of everything that public pages list."""
    tactic = Tactic.objects.get_or_create(
        attack_id=f"TA9{number:03}",
        defaults={"name": f"Tactic {number}", "shortname": f"t{number}", "position": number},
    )[0]
    parent = rows.technique(f"T90{number:02}", f"Technique {number}", tactics=[tactic, rows.tactic()])
    child = rows.technique(f"T90{number:02}.001", f"Child {number}", parent=parent, tactics=[tactic])
    source = rows.source(slug, name=slug.capitalize())
    source.vendor, source.synced_at = "sigma", timezone.now()
    source.save()
    SourceFile.objects.create(source=source, path=f"{number}.yml", fingerprint="x", problems=[PROBLEM])
    rule = rows.rule(
        f"Further {number}", [snapshot, child],
        [
            (f"Own{number}", "in", [f"c:\\{number}\\tool.exe", "shared"], False),
            ("event.outcome", "eq", ["success" if number % 2 else "SUCCESS"], False),
            ("User", "eq", [f"robot {number}"], True),
        ],
        at=source, language="sigma", parse=("full", "partial", "none")[number % 3],
        false_positives=[f"A cause of {number}"],
    )  # fmt: skip
    RuleName.objects.create(rule=rule, name=f"unknown{number}", canonical=f"unknown{number}", known=False)
    RuleTechnique.objects.create(rule=rule, written=f"T80{number:02}", technique=None, position=9)
    rows.rule(f"Further retired {number}", [snapshot], at=source, lifecycle="retired")


def _edited(number: int, edited: Rule) -> None:
    """One more version of the edited rule, one more diverged rule, and a draft of it."""
    text = edited.text.text
    last = edited.versions.latest("number").number
    said = {"author_name": "ada", "created_at": timezone.now(), "lifecycle": "live", "reason": f"Change {number}"}
    came = [["User", "eq", f"came {number}", False]]
    RuleVersion.objects.create(
        rule=edited, number=last + 1, origin="edit", text=text + f"# {number}\n", came=came, **said
    )
    Rule.objects.filter(pk=edited.pk).update(version=last + 1)
    other = rows.rule(f"Diverged {number}", [], at=edited.source, language="sigma", edited=True)
    held = RuleVersion.objects.create(rule=other, number=1, origin="sync", text=text, applied=False, **said)
    Rule.objects.filter(pk=other.pk).update(held=held)
    RuleDraft.objects.create(source=edited.source, rule=other, text=text, problems=[PROBLEM])


def _runs(times: int, sources: int) -> None:
    """Runs of every state; the first by its number has many parts and problems."""
    Run.objects.all().delete()
    now, states = timezone.now(), Run.State.values
    source = Source.objects.get(slug="sigma")
    first = Run.objects.create(
        pk=1, kind="sync_source", state="failed", source=source, started_at=now, finished_at=now,
        message="It went wrong.", counts={"files": 9, "problems": [f"line {number}" for number in range(times)]},
    )  # fmt: skip
    for number in range(3 * times):
        RunChunk.objects.create(run=first, number=number, state="failed", message="It cannot be read.")
        state = states[number % len(states)]
        over = now if state not in ("queued", "running") else None
        kind = "recompute" if over else "sync_source"
        at = None if over else Source.objects.get(slug=f"source{number % sources}")
        if Run.objects.filter(kind=kind, source=at, finished_at=None).exists():
            continue
        Run.objects.create(kind=kind, state=state, source=at, started_at=now, finished_at=over, heartbeat=now)
