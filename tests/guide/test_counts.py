"""The guide's tables are what a slow count says, for every reader, filter and window."""

from __future__ import annotations

import pytest

from detections.guide.guide import Tables, build_guide, more_indicators
from detections.guide.indicator import reach_of
from detections.models import Reader, Rule
from tests.guide.random_catalog import SlowCount, write_catalog

READERS = [Reader.ANONYMOUS, Reader.MEMBER]


def indicators(tables: Tables) -> list[tuple[object, ...]]:
    return [(row.field, row.operator, row.value, row.rules, row.reach) for row in tables.indicators]


def fields(tables: Tables) -> list[tuple[object, ...]]:
    return [(row.field, row.rules, list(row.operators.items()), row.samples) for row in tables.fields]


@pytest.mark.parametrize("seed", range(4))
def test_tables_equal_a_slow_count(db: None, seed: int) -> None:
    parent, child = write_catalog(seed)
    for reader in READERS:
        slow = SlowCount(reader)
        for technique, rollup in ((parent, False), (parent, True), (child, False)):
            page = slow.under(technique, rollup)
            filters = {
                "all": (Rule.objects.all(), page),
                "windows": (
                    Rule.objects.filter(platforms="Windows"),
                    {pk for pk in page if any(one.name == "Windows" for one in slow.rules[pk].platforms.all())},
                ),
                "sigma": (
                    Rule.objects.filter(source__slug="sigma"),
                    {pk for pk in page if slow.rules[pk].source.slug == "sigma"},
                ),
            }
            for rules, here in filters.values():
                guide = build_guide(technique, reader, rules, rollup=rollup)
                assert guide.rules == len(here)
                for tables, excluded in ((guide.checks, False), (guide.exclusions, True)):
                    assert indicators(tables) == slow.indicators(here, page, excluded)
                    assert tables.indicators_count == len(tables.indicators)
                    assert fields(tables) == slow.fields(here, excluded)


def test_windows_cut_the_same_order(db: None) -> None:
    """Rows that tie are ordered by the spelling shown, across the edges of a window too."""
    parent, _ = write_catalog(7)
    rules = Rule.objects.all()
    whole = build_guide(parent, Reader.MEMBER, rules, rollup=True)
    for limit in (1, 3, 7, 50):
        guide = build_guide(parent, Reader.MEMBER, rules, rollup=True, limit=limit)
        for tables, full, excluded in (
            (guide.checks, whole.checks, False),
            (guide.exclusions, whole.exclusions, True),
        ):
            assert tables.indicators == full.indicators[:limit]
            assert tables.indicators_count == full.indicators_count > limit or limit == 50
            found = []
            for offset in range(0, full.indicators_count + limit, limit):
                found += more_indicators(
                    parent, Reader.MEMBER, rules, rollup=True, excluded=excluded, offset=offset, limit=limit
                )
            assert tuple(found) == full.indicators


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_reach_equals_a_slow_count(db: None, reader: Reader) -> None:
    write_catalog(11)
    slow = SlowCount(reader)
    keys = {use[1] for uses in slow.uses.values() for use in uses}
    found = reach_of(keys, reader)
    for key in keys:
        checking = {pk for pk in slow.rules if any(use[:2] == (False, key) for use in slow.uses[pk])}
        excluding = {pk for pk in slow.rules if any(use[:2] == (True, key) for use in slow.uses[pk])}
        assert (found[key].exact, found[key].excluded) == (len(checking), len(excluding))
        assert sum(found[key].by_vendor.values()) == len(checking)
        assert found[key].equivalent == slow.equivalent(key)


def test_the_number_of_queries_does_not_grow(db: None, django_assert_max_num_queries) -> None:
    parent, _ = write_catalog(3)
    with django_assert_max_num_queries(8):
        build_guide(parent, Reader.ANONYMOUS, Rule.objects.all(), rollup=True)
    with django_assert_max_num_queries(2):
        more_indicators(parent, Reader.ANONYMOUS, Rule.objects.all(), rollup=True, excluded=False, offset=2, limit=5)
