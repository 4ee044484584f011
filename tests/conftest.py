"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.lacking import lacking


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora and labels that FIELDGUIDE_CORPORA names; without it the test is skipped.

    It is required only where it is named: a machine without the corpora is no fault.
    """
    named = os.environ.get("FIELDGUIDE_CORPORA")
    if not named:
        pytest.skip("FIELDGUIDE_CORPORA names no folder of corpora and labels.")
    folder = Path(named)
    if not folder.is_dir():
        lacking(f"FIELDGUIDE_CORPORA={named} is no folder.")
    return folder


@pytest.fixture(autouse=True)
def _nothing_kept(settings: Any) -> None:
    """Tests change rows without a new generation, so no answer of one may serve another."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
