"""Rows of a small catalog, written straight into the database: pages are tested without an import.

A rule is told as conditions `(field, operator, values, excluded)`; its query text, tree with offsets, indicators and
fields follow from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from detections.models import (
    AttackRelease,
    Domain,
    Generation,
    Indicator,
    Platform,
    Rule,
    RuleField,
    RuleIndicator,
    RuleLogSource,
    RuleTechnique,
    RuleText,
    SearchedText,
    Source,
    Tactic,
    Technique,
)
from detections.normalization.marks import marks_of
from detections.statistics.recomputation import recompute

Condition = tuple[str, str, Sequence[str], bool]
SCOPE_FIELDS = {"event.dataset", "host.os.type"}


def source(slug: str = "elastic", *, public: bool = True, name: str = "") -> Source:
    row, _ = Source.objects.get_or_create(
        slug=slug, defaults={"vendor": slug, "name": name or slug.capitalize(), "public": public, "licence": "Ours-1.0"}
    )
    return row


def tactic(attack_id: str = "TA0005", name: str = "Defense Impairment", position: int = 7) -> Tactic:
    row, _ = Tactic.objects.get_or_create(
        attack_id=attack_id, defaults={"name": name, "shortname": name.lower().replace(" ", "-"), "position": position}
    )
    return row


def technique(attack_id: str, name: str, *, parent: Technique | None = None, **values: Any) -> Technique:
    tactics = values.pop("tactics", [tactic()])
    row = Technique.objects.create(
        attack_id=attack_id, name=name, parent=parent, is_subtechnique=parent is not None,
        **{"description": "What it is, in **our** words.", "platforms": ["IaaS"], **values},
    )  # fmt: skip
    row.tactics.set(tactics)
    return row


def rule(
    title: str,
    techniques: Sequence[Technique],
    conditions: Sequence[Condition] = (),
    *,
    at: Source | None = None,
    own_id: str = "",
    platforms: Sequence[str] = ("AWS",),
    domains: Sequence[str] = ("cloud",),
    structural: Sequence[Technique] = (),
    **values: Any,
) -> Rule:
    """One rule with everything that hangs on it. `values` are further columns of `Rule`."""
    at = at or source()
    row = Rule.objects.create(
        source=at,
        own_id=own_id or hashlib.sha256(f"{at.slug}{title}".encode()).hexdigest()[:12],
        title=title,
        path=values.pop("path", f"rules/{at.slug}/one.toml"),
        file_path="rules/one.toml",
        predicate_count=sum(not excluded for *_, excluded in conditions),
        exclusion_count=sum(excluded for *_, excluded in conditions),
        **{
            "language": "kql", "parse": "full", "lifecycle": "live", "live": values.get("lifecycle", "live") == "live",
            "level": "medium", "status": "production", "authors": ["Somebody"], "link": "https://example.org/rule",
            **values,
        },
    )  # fmt: skip
    row.platforms.set([Platform.objects.get_or_create(name=name)[0] for name in platforms])
    row.domains.set([Domain.objects.get_or_create(name=name)[0] for name in domains])
    for position, stated in enumerate([*techniques, *structural]):
        RuleTechnique.objects.create(
            rule=row, written=stated.attack_id, technique=stated, position=position, structural=stated in structural
        )
    RuleLogSource.objects.create(rule=row, kind="dataset", name="aws.cloudtrail")
    query, tree = _query(conditions)
    RuleText.objects.create(
        rule=row, text=f"[rule]\nquery = '''\n{query}\n'''\n", query=query, query_line=3, tree=tree,
        problems=[] if row.parse == "full" else [_problem()],
    )  # fmt: skip
    for condition in conditions:
        _flat(row, condition)
    SearchedText.objects.follow([row.pk])
    return row


def _problem() -> dict[str, Any]:
    return {
        "message": "A part was not understood.", "line": 3, "column": 1, "snippet": "???", "start": 0, "end": 3,
        "severity": "error",
    }  # fmt: skip


def key(field: str, operator: str, value: str) -> str:
    return hashlib.sha256("\x1f".join((field, operator, value.lower(), "0")).encode()).hexdigest()[:16]


def counted() -> None:
    """Count the reach of everything written so far."""
    recompute(expected=True)


def release(version: str = "19.0") -> None:
    AttackRelease.objects.update_or_create(pk=1, defaults={"version": version})
    Generation.objects.bump()


def snapshot_catalog() -> Technique:
    """The reference page's technique with one rule, another technique with two, three vendors."""
    release()
    parent = technique("T1578", "Modify Cloud Compute Infrastructure")
    child = technique("T1578.001", "Create Snapshot", parent=parent)
    other = technique("T1059", "Command and Scripting Interpreter", tactics=[tactic("TA0002", "Execution", 3)])
    rule(
        "Snapshot of a database cluster",
        [child],
        [
            ("event.dataset", "eq", ["aws.cloudtrail"], False),
            ("Provider_Name", "eq", ["rds.amazonaws.com"], False),
            ("EventType", "in", ["CreateDBClusterSnapshot", "CreateDBSnapshot"], False),
            ("event.outcome", "eq", ["success"], False),
            ("User", "eq", ["backup-robot"], True),
        ],
        structural=[parent],
        own_id="snapshot",
    )
    shell = [("Image", "endswith", ["\\tool.exe"], False), ("event.outcome", "eq", ["success"], False)]
    sigma = source("sigma", name="SigmaHQ")
    rule("A tool starts", [other], shell, at=sigma, platforms=["Windows"], domains=["endpoint"], language="sigma")
    rule(
        "A search nobody reads", [other, child], at=source("splunk"), language="spl", parse="none", platforms=["Linux"]
    )
    counted()
    return child


def _query(conditions: Sequence[Condition]) -> tuple[str, dict[str, Any] | None]:
    """A query text and the stored tree of its conditions, with offsets into the text."""
    text, children = "", []
    for field, operator, values, excluded in conditions:
        text += " and\n" if text else ""
        opened = len(text)
        text += "not " if excluded else ""
        start = len(text)
        text += f"{field}: ("
        tests = []
        for number, value in enumerate(values):
            text += " or " if number else ""
            begin = len(text)
            text += f'"{value}"'
            tests.append(
                {"operator": operator, "value": value, "start": begin, "end": len(text),
                 "indicator": "" if operator == "exists" else key(field, operator, value)}
            )  # fmt: skip
        text += ")"
        node: dict[str, Any] = {
            "kind": "condition", "field": field, "canonical": field,
            "role": "scope" if field in SCOPE_FIELDS else "filter", "derived": "",
            "start": start, "end": len(text), "tests": tests,
        }  # fmt: skip
        if excluded:
            node = {"kind": "not", "label": "", "start": opened, "end": len(text), "children": [node]}
        children.append(node)
    if not children:
        return "| search *", None
    return text, {"kind": "and", "label": "", "start": 0, "end": len(text), "children": children}


def _flat(row: Rule, condition: Condition) -> None:
    field, operator, values, excluded = condition
    role = "scope" if field in SCOPE_FIELDS else "filter"
    RuleField.objects.get_or_create(
        rule=row, field=field, operator=operator, excluded=excluded, defaults={"role": role}
    )
    if operator == "exists":
        return
    for value in values:
        indicator, _ = Indicator.objects.get_or_create(
            key=key(field, operator, value),
            defaults={
                "field": field,
                "operator": operator,
                "value": value.lower(),
                "role": role,
                **marks_of(field, operator, value.lower(), wild=False)._asdict(),
            },
        )
        RuleIndicator.objects.create(
            rule=row, indicator=indicator, excluded=excluded, value=value,
            equivalence="" if role == "scope" else key(field, "same", value),
        )  # fmt: skip
