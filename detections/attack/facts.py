"""ATT&CK's facts in a format of our own: ids, names, tactics, platforms, parents, successors; no descriptions.

It is what the product carries for a first run without network: `{"version", "tactics": [...], "techniques": [...]}`.
"""

from __future__ import annotations

import json
from typing import Any

from detections.attack.bundle import load_json
from detections.attack.technique import Bundle, Tactic, Technique
from detections.documents.problem import Problem, UnreadableError

_OPENING = '{"format":"fieldguide-attack-facts"'
_ADDRESS = "https://attack.mitre.org"


def bundle_facts(bundle: Bundle) -> str:
    """The facts of a bundle, one tactic or technique a line."""
    tactics = [
        {"id": row.attack_id, "shortname": row.shortname, "name": row.name}
        for row in sorted(bundle.tactics, key=lambda row: row.order)
    ]
    techniques = [_fact(row) for row in sorted(bundle.techniques, key=lambda row: row.attack_id)]
    version = json.dumps(bundle.version)
    head = f'{_OPENING},"version":{version},'
    return f'{head}\n"tactics":[\n{_lines(tactics)}\n],\n"techniques":[\n{_lines(techniques)}\n]}}\n'


def is_facts(text: str) -> bool:
    """Whether a text is in our own format and no STIX bundle."""
    return text.startswith(_OPENING)


def read_facts(text: str, path: str = "") -> Bundle:
    """The facts as a bundle without descriptions. Raises `UnreadableError`."""
    value = load_json(text, path)
    try:
        tactics = tuple(
            Tactic(row["id"], row["shortname"], row["name"], order, f"{_ADDRESS}/tactics/{row['id']}/")
            for order, row in enumerate(value["tactics"])
        )
        techniques = tuple(_technique(row) for row in value["techniques"])
        return Bundle(str(value["version"]), "", tactics, techniques)
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(Problem(f"This table of ATT&CK facts is broken: {error}.", path)) from error


def _fact(row: Technique) -> dict[str, Any]:
    fact: dict[str, Any] = {"id": row.attack_id, "name": row.name}
    for key, held in (
        ("tactics", list(row.tactics)), ("platforms", list(row.platforms)), ("parent", row.parent),
        ("revoked", row.revoked), ("deprecated", row.deprecated), ("successor", row.successor),
    ):  # fmt: skip
        if held:
            fact[key] = held
    return fact


def _technique(row: dict[str, Any]) -> Technique:
    return Technique(
        attack_id=row["id"],
        name=row["name"],
        platforms=tuple(row.get("platforms", ())),
        tactics=tuple(row.get("tactics", ())),
        parent=row.get("parent", ""),
        is_subtechnique=bool(row.get("parent")),
        revoked=row.get("revoked", False),
        deprecated=row.get("deprecated", False),
        successor=row.get("successor", ""),
        url=f"{_ADDRESS}/techniques/{row['id'].replace('.', '/')}/",
    )


def _lines(rows: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
