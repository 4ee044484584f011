"""ATT&CK's tactics and techniques, as a bundle tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from detections.documents.problem import Problem

TECHNIQUE_ID = re.compile(r"T\d{4}(\.\d{3})?")


@dataclass(frozen=True, slots=True)
class Tactic:
    """A column of the matrix. `order` is its place in it, from 0; `shortname` is what techniques name it by."""

    attack_id: str
    shortname: str
    name: str
    order: int
    url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or sub-technique.

    `tactics` are short names in matrix order, `parent` an ATT&CK id or "", `successor` the end of the chain of
    revocations or "". `citations` map a source's name to (description, address).
    """

    attack_id: str
    name: str
    stix_id: str = ""
    description: str = ""
    platforms: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    parent: str = ""
    is_subtechnique: bool = False
    revoked: bool = False
    deprecated: bool = False
    successor: str = ""
    url: str = ""
    citations: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that is read of a bundle. `spec` is the STIX version, 2.0 or 2.1; `version` ATT&CK's, "" if unsaid."""

    version: str
    spec: str
    tactics: tuple[Tactic, ...]
    techniques: tuple[Technique, ...]
    problems: tuple[Problem, ...] = ()


def end_of_chain(attack_id: str, successors: Mapping[str, str]) -> str:
    """The last successor of a revoked id; "" when there is none. A circle of revocations has no end."""
    seen = {attack_id}
    current = successors.get(attack_id, "")
    while current in successors:
        if current in seen:
            return ""
        seen.add(current)
        current = successors[current]
    return current
