"""What a machine lacks: skipped with the reason at home, a failure where everything is required (CI)."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip the test, or fail it when the environment says CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} It is required here, since CI is set.", pytrace=False)
    pytest.skip(reason)
