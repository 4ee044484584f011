"""The reference page's catalog."""

from __future__ import annotations

import pytest

from detections.models import Technique
from tests.pages import rows


@pytest.fixture
def snapshot(db: None) -> Technique:
    return rows.snapshot_catalog()
