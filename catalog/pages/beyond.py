"""What a rule asks for beyond its query: first appearances, thresholds, threat mappings, jobs, other rules.

The facts stand in `RuleText.extra` under the vendors' own names and in whatever shape a rule gave them; what has
another shape than the vendor's is left out here and stays in the rule's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that has to hold beside the query. `values` are names of fields, jobs or rules; `note` explains."""

    name: str
    values: tuple[str, ...]
    note: str = ""


def demands(extra: Mapping[str, Any]) -> tuple[Demand, ...]:
    """Everything that `extra` says beyond the query, in the order of the table below."""
    found = (read(extra[key]) for key, read in _READERS.items() if key in extra)
    return tuple(demand for demand in found if demand is not None and (demand.values or demand.note))


def _new_terms(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    window = next((str(row.get("value")) for row in _tables(held.get("history_window_start")) if row.get("value")), "")
    note = f"Fires when this combination was not seen before, since {window}." if window else "Fires on first sight."
    return Demand("New terms", _texts(held.get("value")), note)


def _threshold(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    several = "; ".join(
        f"at least {row.get('value')} different {row.get('field')}" for row in _tables(held.get("cardinality"))
    )
    note = f"Fires from {held.get('value', '?')} matching events on" + (f", {several}." if several else ".")
    return Demand("Threshold by", _texts(held.get("field")), note)


def _threat_mapping(held: Any) -> Demand | None:
    pairs = [
        f"{entry.get('field')} = {entry.get('value')}"
        for group in _tables(held)
        for entry in _tables(group.get("entries"))
    ]
    return Demand("Matched with threat indicators by", tuple(dict.fromkeys(pairs)))


def _jobs(held: Any) -> Demand | None:
    return Demand(
        "Machine-learning jobs", _texts(held), "The rule has no query: it reads what these jobs find unusual."
    )


def _correlation(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    parts = [f"{name.replace('-', ' ')}: {held[name]}" for name in ("type", "timespan", "condition") if name in held]
    by = _texts(held.get("group-by"))
    note = "; ".join([*parts, *([f"grouped by {', '.join(by)}"] if by else [])])
    return Demand("Correlates the rules", _texts(held.get("rules")), f"{note}." if note else "")


_READERS: dict[str, Callable[[Any], Demand | None]] = {
    "new_terms": _new_terms,
    "threshold": _threshold,
    "threat_mapping": _threat_mapping,
    "threat_index": lambda held: Demand("Threat indices", _texts(held)),
    "machine_learning_job_id": _jobs,
    "correlation": _correlation,
}


def _texts(held: Any) -> tuple[str, ...]:
    members = held if isinstance(held, list) else [] if held in (None, "") else [held]
    return tuple(str(member) for member in members if not isinstance(member, dict | list | None))


def _tables(held: Any) -> list[Mapping[str, Any]]:
    return [row for row in held if isinstance(row, dict)] if isinstance(held, list) else []
