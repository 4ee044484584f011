"""ATT&CK's facts in a format of our own: ids, names, tactics, platforms, parents, successors; no descriptions.

It is what the product carries for a first run without network: `{"version", "tactics": [...], "techniques": [...]}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from detections.attack.bundle import load_json
from detections.attack.technique import Bundle, Tactic, Technique
from detections.documents.problem import Problem, UnreadableError

_OPENING = '{"format":"fieldguide-attack-facts"'
_OURS = re.compile(r'\s*\{\s*"format"\s*:\s*"fieldguide-attack-facts"')
_ADDRESS = "https://attack.mitre.org"
_IDS = {"tactics": re.compile(r"TA\d{4}"), "techniques": re.compile(r"T\d{4}(\.\d{3})?")}
_KINDS: Mapping[type, str] = {str: "a text", list: "a list of texts", bool: "true or false"}
# Of each key: whether a row needs it, and what it holds.
_SHAPES: Mapping[str, Mapping[str, tuple[bool, type]]] = {
    "tactics": {"id": (True, str), "shortname": (True, str), "name": (True, str)},
    "techniques": {
        "id": (True, str), "name": (True, str), "tactics": (False, list), "platforms": (False, list),
        "parent": (False, str), "revoked": (False, bool), "deprecated": (False, bool), "successor": (False, str),
    },
}  # fmt: skip

Row = Mapping[str, Any]


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
    return _OURS.match(text) is not None


def read_facts(text: str, path: str = "") -> Bundle:
    """The facts as a bundle without descriptions. Raises `UnreadableError` that names the row and its key."""
    value = load_json(text, path)
    table = value if isinstance(value, dict) else {}
    tactics = tuple(_tactic(row, order) for order, row in enumerate(_rows(table, "tactics", path)))
    techniques = tuple(_technique(row) for row in _rows(table, "techniques", path))
    version = table.get("version")
    return Bundle(version if isinstance(version, str) else "", "", tactics, techniques)


def _fact(row: Technique) -> dict[str, Any]:
    fact: dict[str, Any] = {"id": row.attack_id, "name": row.name}
    for key, held in (
        ("tactics", list(row.tactics)), ("platforms", list(row.platforms)), ("parent", row.parent),
        ("revoked", row.revoked), ("deprecated", row.deprecated), ("successor", row.successor),
    ):  # fmt: skip
        if held:
            fact[key] = held
    return fact


def _tactic(row: Row, order: int) -> Tactic:
    return Tactic(row["id"], row["shortname"], row["name"], order, f"{_ADDRESS}/tactics/{row['id']}/")


def _technique(row: Row) -> Technique:
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


def _rows(table: Row, part: str, path: str) -> list[Row]:
    """The rows of one part of the table, each of the right shape and none of them twice. Raises `UnreadableError`.

    An empty part is refused too: a catalog that took it would lose what it knows.
    """
    rows = table.get(part)
    if not isinstance(rows, list) or not rows:
        raise UnreadableError(Problem(f"This table of ATT&CK facts is broken: it has no list of {part}.", path))
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        fault = _fault(row, _SHAPES[part]) if isinstance(row, dict) else "it is no object"
        if not fault and not _IDS[part].fullmatch(row["id"]):
            fault = f"{row['id'][:40]!r} is no id of ATT&CK"
        if not fault and row["id"] in seen:
            fault = f"{row['id']} stands twice"
        if fault:
            message = f"This table of ATT&CK facts is broken at row {number} of its {part}: {fault}."
            raise UnreadableError(Problem(message, path))
        seen.add(row["id"])
    return rows


def _fault(row: Row, shape: Mapping[str, tuple[bool, type]]) -> str:
    """What is wrong with a row's keys and values; "" for a good row."""
    for key, (needed, kind) in shape.items():
        if key not in row:
            if needed:
                return f"the key {key!r} is missing"
            continue
        value = row[key]
        good = isinstance(value, kind)
        if isinstance(value, list):
            good = good and all(isinstance(one, str) for one in value)
        if not good or (needed and not value):
            return f"the key {key!r} should hold {_KINDS[kind]}"
    return ""


def _lines(rows: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
