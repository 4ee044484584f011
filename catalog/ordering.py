"""The orders of lists, shared by pages and API: `ordering` names one, with "-" before it for descending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from detections.models.collation import code_point

LEVELS = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; None where its view sorts by figures that it has counted.

    Rows that `blank` finds have no such value and come last, up or down. `falls` says that the largest come first
    for somebody who asks for it without a direction in mind (a click on a column).
    """

    by: Any = None
    blank: Q | None = None
    falls: bool = False


def _severity() -> Case:
    """From informational to critical; words of no scale between low and medium, told apart by `level` itself."""
    places = {level: 2 * place for place, level in enumerate(LEVELS)}
    return Case(
        *(When(level=level, then=Value(place)) for level, place in places.items()),
        default=Value(3),
        output_field=IntegerField(),
    )


RULE_ORDERS: Mapping[str, Order] = {
    "title": Order(code_point("title")),
    "vendor": Order(code_point("source__slug")),
    "level": Order(_severity(), Q(level=""), falls=True),
    "status": Order(code_point("status"), Q(status="")),
    "modified": Order(code_point("modified"), Q(modified=""), falls=True),
    "created": Order(code_point("created"), Q(created=""), falls=True),
}
INDICATOR_ORDERS: Mapping[str, Order] = {
    "reach": Order(F("seen"), falls=True),
    "excluded": Order(F("seen_excluded"), falls=True),
    "field": Order(code_point("field")),
    "operator": Order(code_point("operator")),
    "value": Order(code_point("value")),
}
EXCLUSION_ORDERS: Mapping[str, Order] = {
    "rules": Order(F("rules"), falls=True),
    "field": Order(code_point("field")),
    "operator": Order(code_point("operator")),
    "value": Order(code_point("value")),
    "program": Order(code_point("program"), Q(program="")),
    "checked": Order(F("seen"), falls=True),
}
TECHNIQUE_ORDERS: Mapping[str, Order] = {
    "attack_id": Order(code_point("attack_id")),
    "name": Order(code_point("name")),
    "rules": Order(falls=True),
}
FIELD_ORDERS: Mapping[str, Order] = {
    "rules": Order(falls=True), "name": Order(), "checked": Order(falls=True), "excluded": Order(falls=True),
}  # fmt: skip
VALUE_ORDERS: Mapping[str, Order] = {
    "checked": Order(F("checked"), falls=True),
    "excluded": Order(F("excluding"), falls=True),
    "reach": Order(F("reach"), falls=True),
    "value": Order(code_point("folded")),
}


def parted(written: str) -> tuple[str, bool]:
    """`-title` as ("title", True): the name of an order, and whether it falls."""
    return written.removeprefix("-"), written.startswith("-")


def ordering_errors(written: str, orders: Mapping[str, Order]) -> list[str]:
    if not written or parted(written)[0] in orders:
        return []
    return [f"Write one of {', '.join(orders)}, with - before it for descending."]


def in_order(rows: QuerySet[Any], orders: Mapping[str, Order], written: str, ties: Sequence[str] = ()) -> QuerySet[Any]:
    """`rows` by a known order of the database; ties by `ties` (else the first of `orders`), then by key."""
    name, falls = parted(written)
    order = orders[name]
    behind = [orders[tie].by.asc() for tie in ties or (next(iter(orders)),)]
    keys = [order.by.desc() if falls else order.by.asc(), *behind, "pk"]
    if order.blank is not None:
        keys.insert(0, Case(When(order.blank, then=Value(1)), default=Value(0), output_field=IntegerField()))
    return rows.order_by(*keys)
