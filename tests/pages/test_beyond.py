"""What a rule asks for beyond its query, in words; odd shapes are left out and never an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.pages.beyond import _READERS, MOST_RULES, Demand, demands
from detections.models import Rule
from tests.api.test_guide import answer
from tests.importing.checkouts import Checkout, sigma_rule
from tests.pages.test_techniques import page, text

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
            "New terms", ("user.name", "host.id"), "not seen before, in the last 14 days.",
        ),
        (
            {"new_terms": {"value": "user.name", "history_window_start": [{"value": "2024-01-01"}]}},
            "New terms", ("user.name",), "Fires when this value was not seen before, since 2024-01-01.",
        ),
        (
            {"threshold": {"field": ["source.ip"], "value": 25, "cardinality": [{"field": "user.name", "value": 5}]}},
            "Threshold by", ("source.ip",),
            "Fires from 25 matching events that are alike in these fields, "
            "with at least 5 different values of user.name.",
        ),
        ({"threshold": {"field": [], "value": 1}}, "Threshold", (), "Fires from 1 matching event."),
        (
            {"threat_mapping": [{"entries": [{"field": "file.hash.md5", "type": "mapping", "value": "threat.md5"}]}]},
            "Matched with threat indicators by", ("file.hash.md5 = threat.md5",), "",
        ),
        (
            {"threat_mapping": [{"entries": [{"field": "a", "value": "x"},
                                             {"field": "b", "value": "y", "negate": True}]},
                                {"entries": [{"field": "c", "value": "z"}]}]},
            "Matched with threat indicators by", ("a = x and b ≠ y", "c = z"), "Any one of these.",
        ),
        (
            {"machine_learning_job_id": "our_job"},
            "Machine-learning jobs", ("our_job",), "Fires on what these jobs find unusual.",
        ),
        ({"anomaly_threshold": 50}, "Least anomaly score", ("50",), ""),
        (
            {"alert_suppression": {"group_by": ["host.name"], "duration": {"value": 1, "unit": "h"}}},
            "Alerts joined by", ("host.name",), "One alert stands for those alike for 1 hour.",
        ),
        (
            {"correlation": {"type": "event_count", "rules": ["one", "two"], "group-by": ["User"], "timespan": "5m",
                             "condition": {"gte": 20, "lt": 99}}},
            "Correlates the rules", ("one", "two"),
            "Fires when there are at least 20 and fewer than 99 matching events within 5m, with the same User.",
        ),
        (
            {"correlation": {"type": "value_count", "rules": "one", "condition": {"gt": 3, "field": "Host"}}},
            "Correlates the rules", ("one",), "Fires when there are more than 3 different values of Host.",
        ),
        (
            {"correlation": {"type": "temporal_ordered", "rules": ["one", "two"], "timespan": "1h", "group-by": "who",
                             "aliases": {"who": {"one": "User", "two": "Name"}}}},
            "Correlates the rules", ("one", "two"),
            "Fires when all of these rules match in this order within 1h, with the same who. "
            "who stands for User in one, Name in two.",
        ),
        (
            {"correlation": {"type": "temporal", "rules": ["one", "two"], "condition": "one and not two"}},
            "Correlates the rules", ("one", "two"), "Fires when one and not two holds.",
        ),
        ({"correlation": {"type": "a_new_one"}}, "Correlates the rules", (), "Fires when they match as a new one."),
        ({"filter": {"rules": ["one"]}}, "Narrows the rules", ("one",), "added to that of these rules"),
        ({"filter": {"rules": "any"}}, "Narrows the rules", (), "added to that of every rule of its log source"),
    ],
)  # fmt: skip
def test_a_demand_is_told(extra: dict[str, Any], name: str, values: tuple[str, ...], note: str) -> None:
    (found,) = demands(extra)
    assert (found.name, found.values) == (name, values)
    assert note in found.note and bool(note) == bool(found.note)
    assert [named.text for named in found.named] == list(values)


ODD = [
    None, 3, "x", [], {}, [[]], {"value": {}}, {"entries": 1}, [{"entries": [1]}], {"duration": {}}, {"type": ["x"]},
    {"type": "value_count", "condition": {"gte": {}, "field": [{}]}},
    {"type": "temporal", "aliases": {"a": 1, "b": {}}},
    {"type": {}, "rules": {"x": 1}, "condition": [], "timespan": {}, "group-by": 5, "aliases": []},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("key", _READERS)
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


def test_a_correlation_leads_to_its_rules_and_says_which_is_not_there(client: Client, ours: Checkout) -> None:
    html = page(client, "/rules/ours/ordered/")
    assert '<a class="value named" href="/rules/ours/first/">First</a><span class="reach mono">our_start</span>' in html
    assert '<a class="value named" href="/rules/ours/second/">Second</a></li>' in html
    assert "our_start* no such rule in ours" in text(html)
    assert "No query of its own" in text(html) and "Not parsed" not in text(html)
    assert "match in this order within 10m" in text(page(client, "/rules/ours/ordered/reading/"))


def test_the_api_says_the_same(client: Client, ours: Checkout) -> None:
    (ordered,) = answer(client, "/api/v1/rules/ours/ordered/")["demands"]
    assert (ordered["name"], [(one["text"], one["missing"]) for one in ordered["named"]]) == (
        "Correlates the rules", [("our_start", False), ("second", False), ("our_start*", True)],
    )  # fmt: skip
    assert ordered["note"].startswith("Fires when all of these rules match in this order within 10m")
    assert [one["rule"] for one in ordered["named"]] == [
        {"id": "first", "vendor": "ours", "title": "First", "live": True, "url": "/rules/ours/first/"},
        {"id": "second", "vendor": "ours", "title": "Second", "live": True, "url": "/rules/ours/second/"},
        None,
    ]
    used, narrowed = answer(client, "/api/v1/rules/ours/first/")["demands"]
    assert [one["rule"]["id"] for one in used["named"]] == ["many", "ordered"] and used["note"] == ""
    assert [one["text"] for one in narrowed["named"]] == ["All but ours"]


def test_a_rule_says_what_correlates_and_narrows_it(client: Client, ours: Checkout) -> None:
    said = text(page(client, "/rules/ours/first/"))
    assert "Used by the correlations Many starts One start after the other" in said
    assert "Narrowed by the filters All but ours" in said
    assert "Used by" not in text(page(client, "/rules/ours/odd/"))


def test_rules_that_do_not_count_are_told_beside_their_link(client: Client, ours: Checkout) -> None:
    ours.remove("rules/second.yml")
    ours.sync()
    assert "Second retired" in text(page(client, "/rules/ours/ordered/"))


def test_a_name_of_two_rules_leads_to_the_live_one(client: Client, ours: Checkout) -> None:
    ours.write("deprecated/zz.yml", f"name: our_start\n{sigma_rule('zz', title='Gone')}")
    ours.sync()
    said = text(page(client, "/rules/ours/many/"))
    assert "First our_start" in said and "Gone" not in said


@pytest.mark.parametrize("public", [True, False])
def test_references_stay_within_their_source(client: Client, ours: Checkout, tmp_path: Path, public: bool) -> None:
    hidden = Checkout(tmp_path / "other", slug="other", public=public)
    hidden.write("rules/locked.yml", f"name: locked\n{sigma_rule('locked', title='Locked-word')}")
    hidden.write("rules/all.yml", "title: Hidden-word\nid: hidden\ncorrelation: {type: temporal, rules: [first]}\n")
    hidden.sync()
    ours.write("rules/reach.yml", "title: Reaching\nid: reach\ncorrelation: {type: temporal, rules: [locked]}\n")
    ours.sync()
    assert "locked no such rule in ours" in text(page(client, "/rules/ours/reach/"))
    assert "Locked-word" not in page(client, "/rules/ours/reach/")
    assert "Hidden-word" not in page(client, "/rules/ours/first/")


def test_queries_do_not_grow_with_what_is_correlated(
    client: Client, ours: Checkout, django_assert_max_num_queries
) -> None:
    many = MOST_RULES + 5
    for number in range(many):
        ours.write(f"rules/r{number}.yml", f"name: n{number}\n{sigma_rule(f'r{number}', title=f'Numbered {number}')}")
    listed = ", ".join(f"n{number}" for number in range(many))
    ours.write("rules/big.yml", f"title: Big\nid: big\ncorrelation: {{type: temporal, rules: [our_start, {listed}]}}\n")
    users = (f"title: User {n}\nid: u{n}\ncorrelation: {{type: temporal, rules: [first]}}\n" for n in range(many))
    ours.write("rules/users.yml", "---\n".join(users))
    ours.sync()
    for address in ("/rules/ours/big/", "/rules/ours/first/", "/rules/ours/first/reading/"):
        with django_assert_max_num_queries(15):
            said = text(page(client, address))
        assert f"There are more than these {MOST_RULES}." in said
