"""What a rule asks for beyond its query, in words; odd shapes are left out and never an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.pages.beyond import Demand, demands
from detections.models import Rule
from tests.importing.checkouts import Checkout, sigma_rule

CORRELATIONS = """
title: Many starts
id: many
correlation: {type: event_count, rules: our_start, group-by: [User], timespan: 5m, condition: {gte: 20}}
---
title: One start after the other
id: ordered
correlation: {type: temporal_ordered, rules: [our_start, second, "our_start*"], timespan: 10m}
---
title: All but ours
id: filter
logsource: {product: windows}
filter: {rules: [first], selection: {User: ours}, condition: not selection}
"""


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


@pytest.fixture
def ours(db: None, tmp_path: Path) -> Checkout:
    """Two rules, one with a name of its own, and what correlates and narrows them."""
    checkout = Checkout(tmp_path / "ours", slug="ours")
    checkout.write("rules/first.yml", f"name: our_start\n{sigma_rule('first', title='First')}")
    checkout.write("rules/second.yml", sigma_rule("second", title="Second"))
    checkout.write("rules/odd.yml", f"name: [our_start]\n{sigma_rule('odd', title='Odd')}")
    checkout.write("rules/all.yml", CORRELATIONS)
    checkout.sync()
    return checkout


def test_rules_are_found_by_what_others_call_them(ours: Checkout) -> None:
    def called(*names: str) -> set[str]:
        return set(Rule.objects.named(names).values_list("own_id", flat=True))

    assert called("our_start", "second", "our_start*") == {"first", "second"}
    assert called("first") == {"first"} and called("Odd") == set()


@pytest.mark.parametrize(
    ("own_id", "referring"),
    [("first", {"many", "ordered", "filter"}), ("second", {"ordered"}), ("odd", set()), ("many", set())],
)
def test_what_refers_to_a_rule_is_found(ours: Checkout, own_id: str, referring: set[str]) -> None:
    rule = Rule.objects.select_related("text").get(own_id=own_id)
    assert set(Rule.objects.referring_to(rule).values_list("own_id", flat=True)) == referring
