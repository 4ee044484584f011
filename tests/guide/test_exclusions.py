"""Exclusions are counted as a slow count counts them, for every reader and filter; private rules stay unseen."""

from __future__ import annotations

from collections import defaultdict

import pytest
from django.db.models import F

from detections.guide.exclusions import GROUPS, exclusion_rows, group_rows, rules_excluding
from detections.models import Indicator, Reader, Rule
from tests.guide.random_catalog import SlowCount, write_catalog
from tests.pages import rows

READERS = [Reader.ANONYMOUS, Reader.MEMBER]


def users(slow: SlowCount, here: set[int], excluded: bool = True) -> dict[str, set[int]]:
    """The rules of `here` that exclude (or check) each indicator, by its key."""
    found: dict[str, set[int]] = defaultdict(set)
    for pk in here:
        for use in slow.uses[pk]:
            if use[0] == excluded:
                found[use[1]].add(pk)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_rows_equal_a_slow_count(db: None, seed: int) -> None:
    write_catalog(seed)
    for reader in READERS:
        slow = SlowCount(reader)
        every = users(slow, set(slow.rules))
        checks = users(slow, set(slow.rules), excluded=False)
        asked = {
            "all": (Rule.objects.all(), set(slow.rules)),
            "sigma": (
                Rule.objects.filter(source__slug="sigma"),
                {pk for pk, rule in slow.rules.items() if rule.source.slug == "sigma"},
            ),
            "windows": (
                Rule.objects.filter(platforms="Windows"),
                {pk for pk, rule in slow.rules.items() if any(one.name == "Windows" for one in rule.platforms.all())},
            ),
        }
        for queryset, here in asked.values():
            rules, mine = queryset.visible_to(reader).live(), users(slow, here)
            seen = Indicator.objects.exclusions(reader).with_reach(reader)
            found = exclusion_rows(seen.excluded_by(rules).with_rules(rules).order_by("key"), rules, reader)
            assert [row.id for row in found] == sorted(mine)
            for row in found:
                assert (row.rules, row.excluded, row.checked) == (
                    len(mine[row.id]), len(every[row.id]), len(checks.get(row.id, ())),
                )  # fmt: skip
                assert row.value == slow.spelling(row.id)
                slugs = [slow.rules[pk].source.slug for pk in mine[row.id]]
                assert row.vendors == {slug: slugs.count(slug) for slug in slugs}
                assert list(row.vendors) == sorted(row.vendors, key=lambda slug: (-slugs.count(slug), slug))
                shared = rules_excluding(rules, row.id)
                assert {rule.pk for rule in shared} == mine[row.id]


def words(slow: SlowCount, by: str, key: str, pk: int) -> list[str]:
    """The words of a rule's exclusion in one of the groups."""
    if by in ("field", "program", "reason"):
        row = Indicator.objects.get(key=key)
        return [{"field": row.field, "program": row.program, "reason": row.satisfiable}[by]]
    rule = slow.rules[pk]
    if by == "vendor":
        return [rule.source.slug]
    if by == "platform":
        return [one.name for one in rule.platforms.all()]
    return [tag.technique.attack_id for tag in rule.techniques.all() if not tag.structural]


@pytest.mark.parametrize("seed", range(4))
def test_groups_equal_a_slow_count(db: None, seed: int) -> None:
    write_catalog(seed)
    for reader in READERS:
        slow = SlowCount(reader)
        pairs = [(key, pk) for key, found in users(slow, set(slow.rules)).items() for pk in found]
        can = set(Indicator.objects.exclude(satisfiable="").values_list("key", flat=True))
        rules = Rule.objects.visible_to(reader).live()
        for by in GROUPS:
            slowly: dict[str, set[tuple[str, int]]] = defaultdict(set)
            for key, pk in pairs:
                for word in words(slow, by, key, pk):
                    slowly[word].add((key, pk))
            slowly.pop("", None)
            expected = [
                (
                    word, len({key for key, _ in found}), len({pk for _, pk in found}),
                    len({key for key, _ in found if key in can}),
                )
                for word, found in slowly.items()
            ]  # fmt: skip
            found = group_rows(Indicator.objects.exclusions(reader), rules, by)
            assert [(row.word, row.exclusions, row.rules, row.satisfiable) for row in found] == sorted(
                expected, key=lambda row: (-row[1], row[0])
            ), by


def test_what_only_private_rules_exclude_is_no_exclusion_for_everybody(db: None) -> None:
    secret = [("Image", "eq", ["secret.exe"], True)]
    rows.rule("Ours", [], secret, at=rows.source("team", public=False))
    rows.rule("Theirs", [], [("Image", "eq", ["known.exe"], True)], at=rows.source("sigma"))
    rows.counted()
    for reader, programs in ((Reader.ANONYMOUS, ["known.exe"]), (Reader.MEMBER, ["known.exe", "secret.exe"])):
        rules = Rule.objects.visible_to(reader).live()
        seen = Indicator.objects.exclusions(reader).with_reach(reader).annotate(rules=F("seen_excluded"))
        assert sorted(row.program for row in exclusion_rows(seen, rules, reader)) == programs
        assert [group.word for group in group_rows(seen, rules, "program")] == programs
