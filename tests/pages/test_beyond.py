"""What a rule asks for beyond its query, in words; odd shapes are left out and never an error."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.pages.beyond import Demand, demands


@pytest.mark.parametrize(
    ("extra", "name", "values", "note"),
    [
        (
            {"new_terms": {"field": "new_terms_fields", "value": ["user.name", "host.id"],
                           "history_window_start": [{"field": "history_window_start", "value": "now-14d"}]}},
            "New terms", ("user.name", "host.id"), "since now-14d",
        ),
        (
            {"threshold": {"field": ["source.ip"], "value": 25, "cardinality": [{"field": "user.name", "value": 5}]}},
            "Threshold by", ("source.ip",), "from 25 matching events on, at least 5 different user.name",
        ),
        (
            {"threat_mapping": [{"entries": [{"field": "file.hash.md5", "type": "mapping", "value": "threat.md5"}]}]},
            "Matched with threat indicators by", ("file.hash.md5 = threat.md5",), "",
        ),
        ({"machine_learning_job_id": "our_job"}, "Machine-learning jobs", ("our_job",), "no query"),
        (
            {"correlation": {"type": "event_count", "rules": ["one", "two"], "group-by": ["User"], "timespan": "5m"}},
            "Correlates the rules", ("one", "two"), "grouped by User",
        ),
    ],
)  # fmt: skip
def test_a_demand_is_told(extra: dict[str, Any], name: str, values: tuple[str, ...], note: str) -> None:
    (found,) = demands(extra)
    assert (found.name, found.values) == (name, values)
    assert note in found.note


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, [[]], {"value": {}}, {"entries": 1}, [{"entries": [1]}]])
@pytest.mark.parametrize(
    "key", ["new_terms", "threshold", "threat_mapping", "threat_index", "machine_learning_job_id", "correlation"]
)
def test_an_odd_shape_is_never_an_error(key: str, odd: Any) -> None:
    assert all(isinstance(found, Demand) for found in demands({key: odd}))
