"""The mark of exclusions that an attacker can satisfy, with its reason."""

from __future__ import annotations

from django import template

from detections.normalization.satisfiable import Reason, reasons

register = template.Library()


@register.inclusion_tag("_satisfiable.html")
def satisfiable(slug: str) -> dict[str, Reason | None]:
    """The mark for a reason's slug; nothing for ""."""
    return {"reason": reasons().get(slug)}


@register.filter
def reason(slug: str) -> Reason | None:
    """A reason by its slug."""
    return reasons().get(slug)
