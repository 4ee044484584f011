"""Splunk's savedsearches.conf to texts in the form of Splunk's repository: one YAML for each saved search.

Splunk's rules for the file: a stanza's name in square brackets, `key = value`, a backslash at a line's end goes on in
the next one, `#` begins a comment line. The `[default]` stanza gives values to the others.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from detections.documents.decoding import check_text
from detections.documents.problem import Problem, problem_at

_STANZA = re.compile(r"\[(?P<name>.*)\]\s*")
_SETTING = re.compile(r"(?P<key>[^=]+?)\s*=\s?(?P<value>.*)", re.DOTALL)
_ANNOTATIONS = "action.correlationsearch.annotations"
_LABEL = "action.correlationsearch.label"
_SEVERITY = "action.notable.param.severity"
_MAX_STANZAS = 10_000


@dataclass(slots=True)
class _Stanza:
    name: str
    offset: int
    settings: dict[str, str] = field(default_factory=dict)


def texts(text: str, path: str) -> tuple[list[str], tuple[Problem, ...]]:
    """The YAML text of each saved search that has a search, and what is wrong with the rest.

    Raises `UnreadableError` for what no database can hold.
    """
    check_text(text, path)
    problems: list[Problem] = []
    stanzas = _stanzas(text, path, problems)
    shared = next((stanza.settings for stanza in stanzas if stanza.name == "default"), {})
    found = []
    for stanza in stanzas:
        if stanza.name == "default":
            continue
        settings = {**shared, **stanza.settings}
        if not settings.get("search", "").strip():
            message = f"The saved search {stanza.name[:80]!r} has no `search`: it is left out."
            problems.append(problem_at(text, stanza.offset, message, path=path, severity="warning"))
            continue
        found.append(_yaml(stanza.name, settings, text, stanza.offset, path, problems))
    if not found and not problems:
        problems.append(Problem("The file holds no saved search: a stanza with a name and a `search`.", path))
    return found, tuple(problems)


def _stanzas(text: str, path: str, problems: list[Problem]) -> list[_Stanza]:
    stanzas: list[_Stanza] = []
    for offset, line in _lines(text):
        plain = line.strip()
        if not plain or plain.startswith(("#", ";")):
            continue
        head = _STANZA.fullmatch(plain)
        setting = _SETTING.fullmatch(plain)
        if head:
            if len(stanzas) == _MAX_STANZAS:
                message = f"Only the first {_MAX_STANZAS} saved searches are read. Split the file."
                problems.append(problem_at(text, offset, message, path=path))
                break
            stanzas.append(_Stanza(head["name"].strip(), offset))
        elif setting is None:
            message = "This line is neither a [stanza], nor `key = value`, nor a comment."
            problems.append(problem_at(text, offset, message, path=path))
        elif stanzas:
            stanzas[-1].settings[setting["key"].strip()] = setting["value"].strip()
        else:
            stanzas.append(_Stanza("default", offset, {setting["key"].strip(): setting["value"].strip()}))
    return stanzas


def _lines(text: str) -> list[tuple[int, str]]:
    """Logical lines with the offsets where they begin; a line that goes on keeps its line breaks."""
    lines: list[tuple[int, str]] = []
    offset, begun, parts = 0, 0, list[str]()
    for line in text.split("\n"):
        if not parts:
            begun = offset
        offset += len(line) + 1
        if line.rstrip().endswith("\\"):
            parts.append(line.rstrip()[:-1])
            continue
        lines.append((begun, "\n".join([*parts, line])))
        parts = []
    if parts:
        lines.append((begun, "\n".join(parts)))
    return lines


def _yaml(name: str, settings: Mapping[str, str], text: str, offset: int, path: str, problems: list[Problem]) -> str:
    techniques: list[str] = []
    written = settings.get(_ANNOTATIONS, "").strip()
    if written:
        try:
            held = json.loads(written)
            listed = held.get("mitre_attack", []) if isinstance(held, dict) else []
            techniques = [str(id_) for id_ in listed] if isinstance(listed, list) else []
        except (ValueError, RecursionError):
            message = f"`{_ANNOTATIONS}` of {name[:80]!r} is no JSON: its techniques are not known."
            problems.append(problem_at(text, offset, message, path=path, severity="warning"))
    table: dict[str, Any] = {
        "name": settings.get(_LABEL, "").strip() or name,
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"splunk-saved-search:{name}")),
        "status": "disabled" if settings.get("disabled", "0").strip().lower() in ("1", "true") else "production",
        "type": settings.get("action.escu.analytic_type")
        or ("Correlation" if _SEVERITY in settings else "Saved search"),
        "description": settings.get("description", ""),
        "search": settings["search"].strip(),
        "tags": {"mitre_attack_id": techniques} if techniques else {},
    }
    return yaml.dump(
        {key: value for key, value in table.items() if value not in ("", {})},
        Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000,
    )  # fmt: skip


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, which people can edit."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
