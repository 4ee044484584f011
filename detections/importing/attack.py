"""ATT&CK into the catalog: a bundle replaces the tactics and techniques, and every tag is resolved again."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from detections.attack.bundle import read_bundle
from detections.attack.facts import is_facts, read_facts
from detections.attack.technique import Bundle
from detections.documents.problem import Problem, UnreadableError
from detections.models import AttackRelease, Generation, RuleTechnique, Tactic, Technique
from detections.statistics.locks import lock_shared

MAX_BYTES = 200 * 1024 * 1024
TIMEOUT = 30  # seconds in which nothing arrives


@dataclass(frozen=True, slots=True)
class AttackCounts:
    """What the bundle held, and how many rule tags changed their technique or are unknown to it, and what
    looks wrong in the bundle itself."""

    version: str
    tactics: int
    techniques: int
    subtechniques: int
    revoked: int
    deprecated: int
    retagged: int
    unknown: int
    problems: tuple[str, ...] = ()


def sync_attack(origin: str) -> AttackCounts:
    """Read the bundle at a path or https address and store it. Raises `UnreadableError`."""
    text = fetch(origin)
    read = read_facts if is_facts(text) else read_bundle
    return store(read(text, origin), origin, hashlib.sha256(text.encode()).hexdigest())


def fetch(origin: str) -> str:
    """The text of a bundle. Raises `UnreadableError` when there is none."""
    try:
        if origin.startswith("https://"):
            with urllib.request.urlopen(origin, timeout=TIMEOUT) as response:  # noqa: S310 the scheme is checked
                data = response.read(MAX_BYTES + 1)
        elif "://" in origin:
            raise UnreadableError(Problem("An ATT&CK bundle comes from a path or an https address.", origin))
        else:
            data = Path(origin).expanduser().read_bytes()
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise UnreadableError(Problem(f"The bundle cannot be read: {reason}.", origin)) from error
    if len(data) > MAX_BYTES:
        raise UnreadableError(Problem(f"The bundle is larger than {MAX_BYTES // 1024 // 1024} MB.", origin))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(Problem(f"The bundle is not UTF-8 (byte {error.start}).", origin)) from error


@transaction.atomic
def store(bundle: Bundle, origin: str, digest: str) -> AttackCounts:
    """Replace what the catalog knows of ATT&CK. One transaction."""
    lock_shared()
    _store_tactics(bundle)
    _store_techniques(bundle)
    retagged = RuleTechnique.objects.resolve()
    AttackRelease.objects.update_or_create(
        pk=1, defaults={"version": bundle.version, "spec": bundle.spec, "origin": origin[:400], "digest": digest}
    )
    Generation.objects.bump()
    rows = bundle.techniques
    return AttackCounts(
        version=bundle.version,
        tactics=len(bundle.tactics),
        techniques=sum(not row.is_subtechnique for row in rows),
        subtechniques=sum(row.is_subtechnique for row in rows),
        revoked=sum(row.revoked for row in rows),
        deprecated=sum(row.deprecated for row in rows),
        retagged=retagged,
        unknown=RuleTechnique.objects.unknown().values("written").distinct().count(),
        problems=tuple(str(problem) for problem in bundle.problems),
    )


def _store_tactics(bundle: Bundle) -> None:
    Tactic.objects.exclude(attack_id__in=[tactic.attack_id for tactic in bundle.tactics]).delete()
    Tactic.objects.bulk_create(
        [
            Tactic(
                attack_id=tactic.attack_id,
                shortname=tactic.shortname,
                name=tactic.name,
                url=tactic.url,
                position=tactic.order,
            )
            for tactic in bundle.tactics
        ],
        update_conflicts=True,
        unique_fields=["attack_id"],
        update_fields=["shortname", "name", "url", "position"],
    )


def _store_techniques(bundle: Bundle) -> None:
    Technique.objects.exclude(attack_id__in=[row.attack_id for row in bundle.techniques]).delete()
    Technique.objects.bulk_create(
        [
            Technique(
                attack_id=row.attack_id,
                name=row.name,
                description=row.description,
                citations={name: list(citation) for name, citation in row.citations.items()},
                url=row.url,
                platforms=list(row.platforms),
                is_subtechnique=row.is_subtechnique,
                revoked=row.revoked,
                deprecated=row.deprecated,
            )
            for row in bundle.techniques
        ],
        update_conflicts=True,
        unique_fields=["attack_id"],
        update_fields=[
            "name", "description", "citations", "url", "platforms", "is_subtechnique", "revoked", "deprecated",
        ],
    )  # fmt: skip
    keys = dict(Technique.objects.values_list("attack_id", "pk"))
    tactics = dict(Tactic.objects.values_list("shortname", "pk"))
    Technique.objects.bulk_update(
        [
            Technique(pk=keys[row.attack_id], parent_id=keys.get(row.parent), successor_id=keys.get(row.successor))
            for row in bundle.techniques
        ],
        ["parent", "successor"],
        batch_size=200,
    )
    through = Technique.tactics.through
    through.objects.all().delete()
    through.objects.bulk_create(
        [
            through(technique_id=keys[row.attack_id], tactic_id=tactics[name])
            for row in bundle.techniques
            for name in row.tactics
            if name in tactics
        ]
    )
