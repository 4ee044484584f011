"""The queries that the growth of time is measured on; the time itself is no test's business."""

from __future__ import annotations

import pytest

from detections.languages import READERS
from detections.languages.parsing import MAX_LENGTH
from tests.benchmarks.growth import _WRITERS, LANGUAGES, SHORTEST, _queries, _seconds


@pytest.mark.parametrize("language", READERS)
def test_queries_double_up_to_the_bound_and_are_read_in_full(language: str) -> None:
    queries = list(_queries(_WRITERS[language]))
    for step, (text, _) in enumerate(queries):
        assert 0.97 * (SHORTEST << step) <= len(text) <= SHORTEST << step
    assert SHORTEST << len(queries) > MAX_LENGTH
    assert language in LANGUAGES
    _seconds(language, *queries[0])  # raises when a condition is lost
