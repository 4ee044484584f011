"""Searches over rules, against a slow look at every rule of a random catalog."""

from __future__ import annotations

import re
from random import Random
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from catalog.facets import rule_counts
from catalog.filters.rules import RuleListFilterSet
from detections.models import Reader, Rule, RuleField, RuleIndicator, RuleName, Technique
from tests.guide.random_catalog import FIELDS, OPERATORS, VALUES, write_catalog
from tests.pages import rows

PATTERNS = (*VALUES, "*n*", "T*", "*E", "*", "t*n", "_*", "%", "*ü*", "?*")


def asked(search: str, reader: Reader = Reader.ANONYMOUS, **more: str) -> RuleListFilterSet:
    request = SimpleNamespace(reader=reader, generation=SimpleNamespace(number=1))
    data = QueryDict(urlencode({"q": search, **more}))
    return RuleListFilterSet(data, queryset=Rule.objects.visible_to(reader), request=request)


def found(search: str, reader: Reader = Reader.ANONYMOUS, **more: str) -> list[str]:
    filterset = asked(search, reader, **more)
    assert filterset.errors == {}
    return [rule.own_id for rule in filterset.in_order]


class SlowSearch:
    """Every test of every rule in memory."""

    def __init__(self, reader: Reader) -> None:
        rules = Rule.objects.filter(live=True).select_related("source")
        self.rules = {rule.pk: rule for rule in rules if reader.sees_everything or rule.source.public}
        self.tests = [
            (use.rule_id, use.indicator.field, use.indicator.operator, use.excluded, use.indicator.value)
            for use in RuleIndicator.objects.select_related("indicator")
        ]
        # A test for existence has no value.
        self.fields = [(row.rule_id, row.field, row.operator, row.excluded, None) for row in RuleField.objects.all()]

    def making(self, field: str, operator: str, value: str, excluded: str) -> set[str]:
        pattern = ".*".join(map(re.escape, value.lower().split("*")))
        return {
            self.rules[rule].own_id
            for rule, name, how, polarity, written in (self.tests if value else self.fields)
            if rule in self.rules
            and (not field or name == field)
            and (not operator or how == operator)
            and (not excluded or polarity == (excluded == "yes"))
            and (not value or re.fullmatch(pattern, (written or "").lower(), re.DOTALL))
        }


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reader", [Reader.ANONYMOUS, Reader.MEMBER], ids=lambda reader: reader.name)
def test_tests_are_found_as_a_slow_search_finds_them(seed: int, reader: Reader) -> None:
    write_catalog(seed)
    random, slow = Random(seed), SlowSearch(reader)  # noqa: S311 no secret
    hits = 0
    for _ in range(60):
        field, operator, value, excluded = (
            random.choice(("", *choices)) for choices in (FIELDS, OPERATORS, PATTERNS, ("yes", "no"))
        )
        if not (field or operator or value or excluded):
            continue
        if field and not RuleField.objects.filter(reader.sources("rule__source"), field=field).exists():
            continue
        terms = {"field": field, "op": operator, "value": value, "excluded": excluded}
        search = " ".join(f"{key}:{text}" for key, text in terms.items() if text)
        expected = slow.making(field, operator, value, excluded)
        assert set(found(search, reader)) == expected, search
        everybody = {rule.own_id for rule in slow.rules.values()}
        assert set(found(f"-{search}", reader)) == everybody - expected, search
        hits += bool(expected)
    assert hits > 20


def test_a_name_of_any_vendor_is_the_field_that_it_means(snapshot: Technique) -> None:
    RuleName.objects.create(rule=Rule.objects.get(title="A tool starts"), name="Image", canonical="Image")
    for name in ("Image", "process.name", "process_name", "process.executable", "image"):
        assert found(f"field:{name} value:*tool.exe") == [Rule.objects.get(title="A tool starts").own_id], name


def test_terms_combine(snapshot: Technique) -> None:
    tool = Rule.objects.get(title="A tool starts").own_id
    assert found("field:event.outcome value:success") == [tool, "snapshot"]
    assert found("field:event.outcome value:SUCCESS vendor:elastic") == ["snapshot"]
    assert found("field:event.outcome value:success vendor:elastic vendor:sigma") == [tool, "snapshot"]
    assert found("field:event.outcome value:success -vendor:Elastic") == [tool]
    assert found("value:success value:*tool.exe") == [tool]
    assert found("technique:t1578.001 language:kql platform:aws level:MEDIUM") == ["snapshot"]
    assert found("field:User") == found("excluded:yes value:backup*") == ["snapshot"]
    assert found("field:User excluded:no") == []
    assert found("tactic:execution parse:none")
    assert found("database -value:success") == []


def test_words_find_title_description_tags_and_query_and_the_title_counts_most(snapshot: Technique) -> None:
    rows.rule("Plain", [snapshot], own_id="described", description="A snapshot, and nothing else.")
    rows.rule("Also plain", [snapshot], own_id="tagged", tags=["Use Case: Snapshot"])
    rows.rule("Too plain", [snapshot], [("EventType", "eq", ["snapshot"], False)], own_id="queried")
    rows.rule("Taking of a snapshot", [snapshot], own_id="old", lifecycle="retired")
    assert found("snapshot") == ["snapshot", "tagged", "described", "queried"]
    assert found("snapshot", ordering="title") == ["tagged", "described", "snapshot", "queried"]
    assert found("snapshot", live="no") == ["old"]
    assert found("SNAP database") == ["snapshot"]
    assert found('"database snapshot"') == [] and found('"a database cluster"') == ["snapshot"]
    assert found('"database cl"') == [], "in quotes words are whole"
    assert found("snapshot -case") == ["snapshot", "described", "queried"]
    assert found("-snapshot -database -tool") == [Rule.objects.get(title="A search nobody reads").own_id]
    assert found("*** ←") == []


def test_facets_count_what_a_search_leaves(snapshot: Technique) -> None:
    counts = rule_counts(asked("value:success"))
    assert counts["vendor"] == {"elastic": 1, "sigma": 1} and counts["language"] == {"kql": 1, "sigma": 1}
    assert rule_counts(asked("vendor:splunk"))["vendor"] == {"splunk": 1}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("vendor:elastik", "At 1, vendor:elastik: 'elastik' is no value that the catalog has. Did you mean elastic?"),
        ("a technique:T9999", "At 3, technique:T9999: ATT&CK knows no technique 'T9999'."),
        ("field:EventTyp", "no rule tests a field 'EventTyp', and no vendor has such a name. Did you mean EventType"),
        ("platform:Amiga", "'Amiga' is no value that the catalog has. Known: AWS, Linux, Windows."),
    ],
)
def test_names_that_nothing_has_are_told(snapshot: Technique, search: str, message: str) -> None:
    (told,) = asked(search).errors["q"]
    assert message in told
    assert list(asked(search).qs) == []


def test_who_may_not_see_a_source_finds_neither_its_rules_nor_its_names(snapshot: Technique) -> None:
    team = rows.source("team", public=False)
    rows.rule("Ours", [snapshot], [("OurField", "eq", ["ours"], False)], at=team, own_id="ours", status="ourstatus")
    rows.counted()
    for search in ("ours", "value:ours", "field:OurField", "status:ourstatus", "vendor:team"):
        assert found(search, Reader.MEMBER) == ["ours"]
    assert found("ours") == found("value:ours") == found("-database -tool value:ours") == []
    for search in ("field:OurField", "status:ourstatus", "vendor:team"):
        (told,) = asked(search).errors["q"]
        assert told.replace(search, "").lower().count("our") <= 1 and "team" not in told.split(".", 1)[1]
