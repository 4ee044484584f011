"""The rules that we read otherwise than the labels say, each with its reason: `tests/languages/differences/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.scorer import Key

FOLDER = Path(__file__).resolve().parents[1] / "languages" / "differences"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the labels of one rule have and we do not, and the other way round, both sorted."""

    labels: tuple[Key, ...]
    ours: tuple[Key, ...]


def listed(language: str) -> dict[str, Difference]:
    """By path of the rule; nothing for a language that differs nowhere. Raises `AssertionError` for a bad entry."""
    file = FOLDER / f"{language}.yaml"
    if not file.exists():
        return {}
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = {entry["path"]: _difference(entry) for entry in entries}
    assert len(found) == len(entries), f"{file.name} lists a rule twice."
    return found


def _difference(entry: dict[str, Any]) -> Difference:
    assert set(entry) == {"path", "ours", "labels", "reason"} and entry["reason"].strip(), entry
    ours, labels = (
        tuple(sorted((*map(str, test[:3]), bool(test[3])) for test in entry[side])) for side in ("ours", "labels")
    )
    assert ours or labels, entry
    return Difference(labels, ours)
