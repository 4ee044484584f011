"""What a rule asks for beyond its query: first appearances, thresholds, threat mappings, jobs, other rules.

The facts stand in `RuleText.extra` under the vendors' own names and in whatever shape a rule gave them; what has
another shape than the vendor's is left out here and stays in the rule's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalog.pages.correlating import correlation_note, filter_note
from catalog.pages.shapes import tables, texts
from detections.models import Reader, Rule
from detections.models.rule import RuleQuerySet

MOST_RULES = 100  # that are looked up and named; a rule that lists more keeps them in its text
_WITHIN = re.compile(r"now-(\d{1,6})([smhdw])")
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True, slots=True)
class Named:
    """One name. `rule` is the rule that it means; `missing` says that it should mean one and none is there."""

    text: str
    rule: Rule | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that has to hold beside the query. `values` are names of fields, jobs or rules; `note` explains.

    `refers` says that the values are what the rule calls other rules.
    """

    name: str
    values: tuple[str, ...]
    note: str = ""
    refers: bool = False
    named: tuple[Named, ...] = ()


def beyond(rule: Rule, reader: Reader) -> tuple[Demand, ...]:
    """All that the rule asks for, the rules that it refers to found, and the rules that refer to it.

    At most two queries. References are resolved within the rule's own source, which the reader sees with the rule.
    """
    found = demands(rule.text.extra)
    visible = Rule.objects.visible_to(reader)
    if any(demand.refers for demand in found):
        called = _called(visible.filter(source=rule.source_id), found)
        found = tuple(_resolved(demand, called) for demand in found)
    if rule.language == "sigma":
        users = visible.referring_to(rule).in_order().select_related("source")
        found += _used(tuple(users[: MOST_RULES + 1]))
    return found


def demands(extra: Mapping[str, Any]) -> tuple[Demand, ...]:
    """Everything that `extra` says beyond the query, in the order of the table below."""
    found = (read(extra[key]) for key, read in _READERS.items() if key in extra)
    told = (demand for demand in found if demand is not None and (demand.values or demand.note))
    return tuple(replace(demand, named=tuple(map(Named, demand.values))) for demand in told)


def _called(rules: RuleQuerySet, found: tuple[Demand, ...]) -> dict[str, Rule]:
    """The rules by what the demands call them; an id before a name, a live rule before others of its name."""
    names = {name for demand in found if demand.refers for name in demand.values[:MOST_RULES]}
    rows = rules.named(names).select_related("source", "text").order_by("live", "pk")
    by_name = {rule.text.extra.get("name"): rule for rule in rows if isinstance(rule.text.extra.get("name"), str)}
    return by_name | {rule.own_id: rule for rule in rows}


def _resolved(demand: Demand, called: Mapping[str, Rule]) -> Demand:
    if not demand.refers:
        return demand
    named = tuple(Named(name, called.get(name), name not in called) for name in demand.values[:MOST_RULES])
    return replace(demand, named=named, note=_cut(demand.note, len(demand.values) > MOST_RULES))


def _used(users: tuple[Rule, ...]) -> tuple[Demand, ...]:
    told = []
    for kind, name in (("correlation", "Used by the correlations"), ("filter", "Narrowed by the filters")):
        rules = [rule for rule in users[:MOST_RULES] if rule.type == kind]
        if rules:
            note = _cut("", len(users) > MOST_RULES)
            named = tuple(Named(rule.title, rule) for rule in rules)
            told.append(Demand(name, tuple(rule.title for rule in rules), note, refers=True, named=named))
    return tuple(told)


def _cut(note: str, more: bool) -> str:
    return f"{note} There are more than these {MOST_RULES}.".strip() if more else note


def _new_terms(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    fields = texts(held.get("value"))
    what = "this combination" if len(fields) > 1 else "this value"
    window = next((str(row.get("value")) for row in tables(held.get("history_window_start")) if row.get("value")), "")
    note = f"Fires when {what} was not seen before, {_since(window)}." if window else "Fires on first sight."
    return Demand("New terms", fields, note)


def _since(window: str) -> str:
    """`now-14d` as "in the last 14 days"; any other time as it is written."""
    found = _WITHIN.fullmatch(window)
    return f"in the last {_duration(found[1], found[2])}" if found else f"since {window}"


def _duration(number: Any, unit: Any) -> str:
    word = _UNITS.get(str(unit))
    return f"{number}{unit}" if word is None else f"{number} {word}{'' if str(number) == '1' else 's'}"


def _threshold(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    fields = texts(held.get("field"))
    least = str(held.get("value", "?"))
    several = " and ".join(
        f"at least {row.get('value')} different values of {row.get('field')}" for row in tables(held.get("cardinality"))
    )
    events = "matching event" if least == "1" else "matching events"
    alike = " that are alike in these fields" if fields and least != "1" else ""
    note = f"Fires from {least} {events}{alike}" + (f", with {several}." if several else ".")
    return Demand("Threshold by" if fields else "Threshold", fields, note)


def _threat_mapping(held: Any) -> Demand | None:
    """Each value is a group of pairs that have to match together; one matching group is enough."""
    groups = []
    for group in tables(held):
        pairs = [
            f"{entry.get('field')} {'≠' if entry.get('negate') is True else '='} {entry.get('value')}"
            for entry in tables(group.get("entries"))
        ]
        groups.append(" and ".join(pairs))
    values = tuple(dict.fromkeys(filter(None, groups)))
    return Demand("Matched with threat indicators by", values, "Any one of these." if len(values) > 1 else "")


def _suppression(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    span = held.get("duration")
    within = f" for {_duration(span.get('value', '?'), span.get('unit', ''))}" if isinstance(span, dict) else ""
    return Demand("Alerts joined by", texts(held.get("group_by")), f"One alert stands for those alike{within}.")


def _correlation(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    return Demand("Correlates the rules", texts(held.get("rules")), correlation_note(held), refers=True)


def _filter(held: Any) -> Demand | None:
    if not isinstance(held, dict):
        return None
    rules = texts(held.get("rules"))
    named = () if rules == ("any",) else rules
    return Demand("Narrows the rules", named, filter_note(rules), refers=True)


_READERS: dict[str, Callable[[Any], Demand | None]] = {
    "new_terms": _new_terms,
    "threshold": _threshold,
    "threat_mapping": _threat_mapping,
    "threat_index": lambda held: Demand("Threat indices", texts(held)),
    "machine_learning_job_id": lambda held: Demand(
        "Machine-learning jobs", texts(held), "Fires on what these jobs find unusual."
    ),
    "anomaly_threshold": lambda held: Demand("Least anomaly score", texts(held)),
    "correlation": _correlation,
    "filter": _filter,
    "alert_suppression": _suppression,
}
