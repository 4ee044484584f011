"""The small catalog that pages, API and guide are tested on."""

from __future__ import annotations

import pytest

from detections.models import Technique
from tests.pages import rows


@pytest.fixture
def snapshot(db: None) -> Technique:
    """T1578.001 as on the reference page, with rules of three vendors around it."""
    return rows.snapshot_catalog()
