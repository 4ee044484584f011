"""An indicator's profile is what a slow count says, for every reader; combinations count the rules that check all."""

from __future__ import annotations

from collections import Counter

import pytest

from detections.guide.indicator import reach_of
from detections.guide.profile import MOST_TOGETHER, build_profile, checked_together
from detections.models import Indicator, Reader, Rule
from tests.guide.random_catalog import SlowCount, write_catalog
from tests.pages import rows

READERS = [Reader.ANONYMOUS, Reader.MEMBER]


class Slow(SlowCount):
    def users(self, key: str, excluded: bool) -> set[int]:
        return {pk for pk in self.rules if any(use[:2] == (excluded, key) for use in self.uses[pk])}

    def stated(self, pk: int) -> set[str]:
        return {tag.technique.attack_id for tag in self.rules[pk].techniques.all() if not tag.structural}

    def beside(self, rules: set[int], without: set[str]) -> list[tuple[str, str, str, int]]:
        """(field, operator, value, rules) of what these rules check besides, ranked."""
        counts = Counter(key for pk in rules for key in {use[1] for use in self.uses[pk] if not use[0]})
        known = Indicator.objects.in_bulk(counts)
        found = [
            (-number, row.field, row.value, row.operator, row.key)
            for key, number in counts.items()
            if key not in without and (row := known[key]).role != "scope"
        ]
        return [
            (field, operator, self.spelling(key), -number)
            for number, field, _, operator, key in sorted(found)[:MOST_TOGETHER]
        ]


def told(found: tuple[object, ...]) -> list[tuple[str, str, str, int]]:
    return [(row.field, row.operator, row.value, row.rules) for row in found]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_profile_equals_a_slow_count(db: None, reader: Reader) -> None:
    write_catalog(5)
    slow = Slow(reader)
    indicators = Indicator.objects.in_use(reader)
    reaches = reach_of([row.key for row in indicators], reader)
    for indicator in indicators:
        key = indicator.key
        profile = build_profile(indicator, reader)
        checks, excludes = slow.users(key, False), slow.users(key, True)
        assert (profile.reach, profile.excluded, profile.value) == (len(checks), len(excludes), slow.spelling(key))
        assert (profile.reach, profile.equivalents.rules) == (reaches[key].exact, reaches[key].equivalent)
        for said, of in (
            (profile.vendors, lambda pk: {slow.rules[pk].source.slug}),
            (profile.techniques, slow.stated),
        ):
            checked, excluded = (Counter(word for pk in found for word in of(pk)) for found in (checks, excludes))
            assert [(row.id, row.checks, row.excludes) for row in said] == sorted(
                ((word, checked[word], excluded[word]) for word in checked | excluded),
                key=lambda row: (-row[1], -row[2], row[0]),
            )
        assert told(profile.together) == slow.beside(checks, {key})


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_rules_that_check_several_check_all_of_them(db: None, reader: Reader) -> None:
    write_catalog(6)
    slow = Slow(reader)
    pairs = 0
    for row in Indicator.objects.in_use(reader):
        for other in build_profile(row, reader).together:
            rules = Rule.objects.visible_to(reader).live().checking(row.key).checking(other.id)
            both = slow.users(row.key, False) & slow.users(other.id, False)
            assert set(rules.values_list("pk", flat=True)) == both and len(both) == other.rules
            assert told(checked_together(rules, [row.key, other.id], reader)) == slow.beside(both, {row.key, other.id})
            pairs += len(both) > 1
    assert pairs > 5


def test_many_that_tie_for_the_last_place_are_told_by_name(db: None) -> None:
    values = [f"v{number:02}" for number in range(40)]
    rows.rule("Many", [], [("CommandLine", "contains", values[::-1], False), ("Image", "eq", ["a"], False)])
    rows.counted()
    found = build_profile(Indicator.objects.get(field="Image"), Reader.ANONYMOUS).together
    assert [row.value for row in found] == values[:MOST_TOGETHER]


def test_queries_do_not_grow(db: None, django_assert_max_num_queries) -> None:
    write_catalog(5)
    with django_assert_max_num_queries(9):
        build_profile(Indicator.objects.in_use(Reader.ANONYMOUS).order_by("-reach")[0:1].get(), Reader.ANONYMOUS)
