"""A STIX bundle of ATT&CK, 2.0 or 2.1, to tactics and techniques."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from detections.attack.technique import TECHNIQUE_ID, Bundle, Tactic, Technique, end_of_chain
from detections.documents.decoding import check_text, check_value
from detections.documents.problem import Problem, UnreadableError, locate

_VERSION = re.compile(r"attack[-_]v?(\d+(?:\.\d+)*)(?=\D*$)")
_SOURCES = ("mitre-attack", "mitre-mobile-attack", "mitre-ics-attack")
_ENTERPRISE = "enterprise-attack"

Object = Mapping[str, Any]


def read_bundle(text: str, path: str = "") -> Bundle:
    """The tactics and techniques of a bundle. Raises `UnreadableError` when it is no bundle of ATT&CK."""
    value = load_json(text, path)
    if not isinstance(value, dict) or value.get("type") != "bundle" or not isinstance(value.get("objects"), list):
        raise UnreadableError(
            Problem(
                "This is no STIX bundle: a bundle is an object of the type `bundle` with a list of `objects`.", path
            )
        )
    objects: list[Object] = [
        row for row in value["objects"] if isinstance(row, dict) and isinstance(row.get("type"), str)
    ]
    reader = _Bundle(objects, path)
    techniques = tuple(reader.techniques())
    if not techniques:
        message = "The bundle holds no ATT&CK technique. Take MITRE's bundle of the Enterprise matrix."
        raise UnreadableError(Problem(message, path))
    spec = "2.0" if value.get("spec_version") == "2.0" else "2.1"
    return Bundle(reader.version(), spec, reader.tactics, techniques, tuple(reader.problems))


def load_json(text: str, path: str = "") -> Any:
    """JSON with errors that have a place. Raises `UnreadableError`."""
    check_text(text, path)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        _, _, snippet = locate(text, error.pos)
        message = f"This is not valid JSON: {error.msg}."
        raise UnreadableError(Problem(message, path, error.lineno, error.colno, snippet)) from error
    except RecursionError as error:
        raise UnreadableError(Problem("The JSON is nested too deep.", path)) from error
    except ValueError as error:  # a number of too many digits
        raise UnreadableError(Problem(f"A value of this JSON cannot be read: {error}.", path)) from error
    if "\\u" in text:
        check_value(value, path)
    return value


class _Bundle:
    """The objects of a bundle by what they are. Those of other domains than Enterprise are left out."""

    def __init__(self, objects: list[Object], path: str) -> None:
        self.objects = objects
        self.path = path
        self.problems: list[Problem] = []
        self.patterns = [row for row in objects if row["type"] == "attack-pattern" and _is_enterprise(row)]
        self.ids = {_text(row, "id"): _attack_id(row) for row in self.patterns}
        self.tactics = tuple(self._tactics())
        self.order = {tactic.shortname: tactic.order for tactic in self.tactics}

    def complain(self, message: str) -> None:
        self.problems.append(Problem(message, self.path, severity="warning"))

    def version(self) -> str:
        """ATT&CK's version by its collection (that of Enterprise, where there are several), else by the file's name."""
        collections = [row for row in self.objects if row["type"] == "x-mitre-collection"]
        for row in sorted(collections, key=lambda row: "enterprise" not in _text(row, "name").lower()):
            if _text(row, "x_mitre_version"):
                return _text(row, "x_mitre_version").removesuffix(".0")
        found = _VERSION.search(self.path.rsplit("/", 1)[-1].removesuffix(".json"))
        return found[1] if found else ""

    def techniques(self) -> Iterator[Technique]:
        parents = dict(self._relations("subtechnique-of"))
        revoked = dict(self._relations("revoked-by"))
        known = set(self.ids.values())
        seen: set[str] = set()
        # Of two objects with one id the one in force is the technique.
        for row in sorted(self.patterns, key=lambda row: (row.get("revoked") is True, _text(row, "id"))):
            attack_id = self.ids[_text(row, "id")]
            if not TECHNIQUE_ID.fullmatch(attack_id):
                self.complain(f"The object {_text(row, 'id')[:80]!r} has no id of a technique; it was left out.")
                continue
            if attack_id in seen:
                self.complain(f"{attack_id} stands twice in the bundle; the one in force, else the first, counts.")
                continue
            seen.add(attack_id)
            technique = self._technique(row, attack_id, parents, revoked)
            if technique.parent and technique.parent not in known:
                self.complain(f"{attack_id} stands below {technique.parent}, which is not in the bundle.")
            if technique.revoked and not technique.successor:
                self.complain(f"{attack_id} is revoked, and no technique in force takes its place.")
            yield technique

    def _technique(
        self, row: Object, attack_id: str, parents: Mapping[str, str], revoked: Mapping[str, str]
    ) -> Technique:
        below = row.get("x_mitre_is_subtechnique") is True or "." in attack_id
        references = _references(row)
        return Technique(
            attack_id=attack_id,
            name=_text(row, "name"),
            stix_id=_text(row, "id"),
            description=_text(row, "description"),
            platforms=_texts(row, "x_mitre_platforms"),
            tactics=self._tactics_of(row),
            parent=(parents.get(attack_id) or attack_id.split(".")[0]) if below else "",
            is_subtechnique=below,
            revoked=row.get("revoked") is True,
            deprecated=row.get("x_mitre_deprecated") is True,
            successor=end_of_chain(attack_id, revoked),
            url=next((_text(one, "url") for one in references if _is_own(one)), ""),
            citations={
                _text(one, "source_name"): (_text(one, "description"), _text(one, "url"))
                for one in references
                if not _is_own(one) and _text(one, "source_name")
            },
        )

    def _tactics_of(self, row: Object) -> tuple[str, ...]:
        phases = row.get("kill_chain_phases")
        names = {
            _text(phase, "phase_name")
            for phase in (phases if isinstance(phases, list) else ())
            if isinstance(phase, dict) and phase.get("kill_chain_name") == "mitre-attack"
        }
        return tuple(sorted(names & self.order.keys(), key=self.order.__getitem__))

    def _tactics(self) -> Iterator[Tactic]:
        ours = [row for row in self.objects if _is_enterprise(row)]
        rows = {_text(row, "id"): row for row in ours if row["type"] == "x-mitre-tactic"}
        matrices = [row for row in ours if row["type"] == "x-mitre-matrix"]
        listed = [ref for matrix in matrices for ref in _texts(matrix, "tactic_refs") if ref in rows]
        seen: set[str] = set()
        for order, ref in enumerate(dict.fromkeys([*listed, *rows])):
            row = rows[ref]
            attack_id, shortname = _attack_id(row), _text(row, "x_mitre_shortname")
            if row.get("revoked") is True or not attack_id or not shortname or seen & {attack_id, shortname}:
                continue
            seen |= {attack_id, shortname}
            url = next((_text(one, "url") for one in _references(row) if _is_own(one)), "")
            yield Tactic(attack_id, shortname, _text(row, "name"), order, url, _text(row, "description"))

    def _relations(self, kind: str) -> Iterator[tuple[str, str]]:
        """(source, target) ATT&CK ids of one kind of relation between techniques."""
        for row in self.objects:
            if row["type"] != "relationship" or row.get("relationship_type") != kind or row.get("revoked") is True:
                continue
            source, target = self.ids.get(_text(row, "source_ref")), self.ids.get(_text(row, "target_ref"))
            if source and target and source != target:
                yield source, target


def _is_enterprise(row: Object) -> bool:
    domains = row.get("x_mitre_domains")
    if isinstance(domains, list) and domains:
        return _ENTERPRISE in domains
    # An object without a list of domains is told by the source of its id.
    return all(one["source_name"] == _SOURCES[0] for one in _references(row) if _is_own(one))


def _text(row: Object, key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _texts(row: Object, key: str) -> tuple[str, ...]:
    values = row.get(key)
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _references(row: Object) -> list[Object]:
    references = row.get("external_references")
    return [one for one in references if isinstance(one, dict)] if isinstance(references, list) else []


def _is_own(reference: Object) -> bool:
    return reference.get("source_name") in _SOURCES


def _attack_id(row: Object) -> str:
    return next((_text(one, "external_id") for one in _references(row) if _is_own(one)), "")
