"""What somebody who asked for a technique that does not exist may have meant."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches

from detections.models import Technique

MOST = 6
MISTYPED = str.maketrans("OIL,_-", "011...")  # what stands for digits and the full stop in an id written by hand


def suggest_techniques(asked: str, most: int = MOST) -> tuple[Technique, ...]:
    """The techniques in force with the closest ids or names, the closest first. One query, two for a few words."""
    asked = asked.strip()[:100]
    names = dict(Technique.objects.in_force().in_order().values_list("attack_id", "name"))
    if re.fullmatch(r"t[\doil.,_-]+", asked, re.IGNORECASE):
        asked = asked.upper().translate(MISTYPED)
    if re.fullmatch(r"t?[\d.]+", asked, re.IGNORECASE):
        found = _close_ids(asked.upper(), list(names), most)
    else:
        found = _close_names(asked.casefold(), names, most)
    rows = Technique.objects.filter(attack_id__in=found).select_related("parent")
    return tuple(sorted(rows, key=lambda row: found.index(row.attack_id)))


def _close_ids(asked: str, ids: list[str], most: int) -> list[str]:
    asked = asked if asked.startswith("T") else f"T{asked}"
    parent = asked.split(".")[0]
    family = [attack_id for attack_id in ids if attack_id.split(".")[0] == parent]
    return list(dict.fromkeys([*family[:most], *get_close_matches(asked, ids, most, 0.6)]))[:most]


def _close_names(asked: str, names: dict[str, str], most: int) -> list[str]:
    words = [word for word in re.findall(r"\w+", asked) if len(word) > 2]

    def likeness(name: str) -> float:
        held = sum(word in name for word in words) / len(words) if words else 0.0
        return held + SequenceMatcher(None, asked, name).ratio()

    ranked = sorted(((likeness(name.casefold()), attack_id) for attack_id, name in names.items()), reverse=True)
    return [attack_id for score, attack_id in ranked[:most] if score > 0.6]
