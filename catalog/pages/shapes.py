"""Values of a rule whose shape its author chose, as the shapes that a page can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def texts(held: Any) -> tuple[str, ...]:
    """The texts and numbers of a list; one alone is a list of one, and what is neither is left out."""
    members = held if isinstance(held, list) else [] if held in (None, "") else [held]
    return tuple(str(member) for member in members if not isinstance(member, dict | list | None))


def tables(held: Any) -> list[Mapping[str, Any]]:
    """The maps of a list of them."""
    return [row for row in held if isinstance(row, dict)] if isinstance(held, list) else []
