"""An answer of every operation, out of our own starter corpus: `examples.json`, which `make schema` writes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")


@cache
def _examples() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def example_of(operation: str) -> Any:
    """The example of an operation; None where it has none."""
    return _examples().get(operation)
