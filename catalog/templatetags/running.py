"""How runs are said: their name, how long they took, what they did in one line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

register = template.Library()

NAMES = {
    "sync_source": "Sync", "sync_attack": "Sync of ATT&CK", "recompute": "Recomputation",
    "renormalize": "Renormalization", "purge": "Purge", "refresh_search": "Refresh of the search index",
}  # fmt: skip
# The counts worth a place in a line: what changed. Those that are 0 are left out.
TOLD = (
    "added", "changed", "retired", "unreadable", "techniques", "retagged", "mended", "drift", "purged", "rules",
    "skipped", "runs", "lost",
)  # fmt: skip
NOTHING = "nothing to do"


@register.filter
def run_name(run: Any) -> str:
    return NAMES.get(run.kind, run.get_kind_display())


@register.filter
def lasting(duration: timedelta | None) -> str:
    """A duration as "0.4 s", "12 s", "3 min 5 s", "2 h 4 min"; nothing for none."""
    if duration is None:
        return ""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def outcome(run: Any) -> str:
    """What a run did: "12 added, 1 retired"."""
    said = [f"{intcomma(run.counts[name])} {name}" for name in TOLD if run.counts.get(name)]
    return ", ".join(said) or (NOTHING if run.state == "succeeded" else "")
