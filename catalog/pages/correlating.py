"""A Sigma correlation in words: what has to come together, within which time, alike in which fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.pages.shapes import texts

_LEAST = {
    "gt": "more than", "gte": "at least", "lt": "fewer than", "lte": "at most", "eq": "exactly", "neq": "other than",
}  # fmt: skip
_COUNTED = {
    "event_count": "{} matching events",
    "value_count": "{} different values of {field}",
    "value_sum": "values of {field} with a sum of {}",
    "value_avg": "values of {field} with a mean of {}",
    "value_median": "values of {field} with a median of {}",
    "value_percentile": "values of {field} in the percentile {}",
}
_TOGETHER = {
    "temporal": "all of these rules match",
    "temporal_ordered": "all of these rules match in this order",
}


def correlation_note(held: Mapping[str, Any]) -> str:
    """A sentence for the correlation's type, condition, time and fields; a type that is not known by its name."""
    kind, condition = str(held.get("type") or ""), held.get("condition")
    if kind in _COUNTED:
        what = f"there are {_counted(kind, condition)}"
    elif kind.removesuffix("_extended") in _TOGETHER and isinstance(condition, str) and condition.strip():
        what = f"{condition.strip()} holds" + (", in this order" if "ordered" in kind else "")
    elif kind in _TOGETHER:
        what = _TOGETHER[kind]
    else:
        what = f"they match as {kind.replace('_', ' ')}" if kind else "they match"
    within = "".join(f" within {span}" for span in texts(held.get("timespan"))[:1])
    by = ", ".join(texts(held.get("group-by")))
    return f"Fires when {what}{within}{f', with the same {by}' if by else ''}.{_aliases(held.get('aliases'))}"


def filter_note(rules: tuple[str, ...]) -> str:
    """What a Sigma filter does to the rules that it lists."""
    listed = "every rule of its log source" if rules in ((), ("any",)) else "these rules"
    return f"Its condition is added to that of {listed}."


def _counted(kind: str, condition: Any) -> str:
    bounds = condition if isinstance(condition, dict) else {}
    limits = [f"{_LEAST[name]} {bounds[name]}" for name in _LEAST if isinstance(bounds.get(name), str | int)]
    field = ", ".join(texts(bounds.get("field"))) or "a field"
    return _COUNTED[kind].format(" and ".join(limits) or "many", field=field)


def _aliases(held: Any) -> str:
    """` account stands for User in one, Name in two.` for each alias."""
    if not isinstance(held, dict):
        return ""
    told = []
    for alias, fields in held.items():
        places = [f"{field} in {rule}" for rule, field in fields.items()] if isinstance(fields, dict) else []
        if places:
            told.append(f" {alias} stands for {', '.join(places)}.")
    return "".join(told)
