"""Fields over the catalog are what a slow count says, for every reader and filter."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random
from typing import Any

import pytest

from detections.guide.field import (
    FieldRow,
    field_detail,
    field_rows,
    rules_testing,
    techniques_of,
    value_counts,
    value_rows,
)
from detections.guide.field_names import names_of
from detections.models import Reader, Rule, RuleField, RuleIndicator, RuleName
from detections.normalization.catalogue import Alias, Catalogue, Field
from tests.guide.random_catalog import FIELDS, SlowCount, write_catalog

READERS = [Reader.ANONYMOUS, Reader.MEMBER]
NAMES = ("process.name", "?process.name", "Process.Name", "name{}", "name", "exe")
CATALOGUE = Catalogue(
    {name: Field(name) for name in FIELDS},
    (Alias("Image", "ecs", "process.name", form="base"), Alias("Image", "cim", "Processes.nobody")),
)


def figures(row: FieldRow) -> tuple[Any, ...]:
    maps = (row.vendors, row.operators, row.exclusion_operators)
    return (row.name, row.rules, row.checked, row.excluded, *(list(one.items()) for one in maps))


def slow_figures(name: str, rules: dict[int, Rule]) -> tuple[Any, ...]:
    tests = {pk: [test for test in rule.fields.all() if test.field == name] for pk, rule in rules.items()}
    tests = {pk: found for pk, found in tests.items() if found}

    def ranked(words: Counter[str]) -> list[tuple[str, int]]:
        return sorted(words.items(), key=lambda item: (-item[1], item[0]))

    def of(excluded: bool) -> int:
        return sum(any(test.excluded == excluded for test in found) for found in tests.values())

    def operators(excluded: bool) -> list[tuple[str, int]]:
        found = [{test.operator for test in tests[pk] if test.excluded == excluded} for pk in tests]
        return ranked(Counter(operator for operators in found for operator in operators))

    vendors = ranked(Counter(rules[pk].source.slug for pk in tests))
    return name, len(tests), of(False), of(True), vendors, operators(False), operators(True)


def filters(slow: SlowCount) -> list[dict[int, Rule]]:
    """All rules that the reader sees, those of one platform, and none."""
    windows = {
        pk: rule for pk, rule in slow.rules.items() if any(one.name == "Windows" for one in rule.platforms.all())
    }
    return [slow.rules, windows, {}]


@pytest.mark.parametrize("seed", range(4))
def test_fields_and_their_values_equal_a_slow_count(db: None, seed: int) -> None:
    write_catalog(seed)
    for reader in READERS:
        slow = SlowCount(reader)
        for rules in filters(slow):
            tests = RuleField.objects.filter(rule__in=list(rules))
            rows = field_rows(tests, CATALOGUE)
            counted = [slow_figures(name, rules) for name in FIELDS]
            expected = sorted((one for one in counted if one[1]), key=lambda one: (-one[1], one[0]))
            assert [figures(row) for row in rows] == expected
            for name in FIELDS:
                assert figures(field_detail(name, tests, CATALOGUE)) == slow_figures(name, rules)
                uses = RuleIndicator.objects.filter(indicator__field=name, rule__in=list(rules))
                found = value_rows(value_counts(uses, reader), reader)
                assert {tuple(getattr(row, part) for part in row.__slots__) for row in found} == _values(
                    name, slow, rules
                )
                assert [(-row.checked, -row.excluded) for row in found] == sorted(
                    (-row.checked, -row.excluded) for row in found
                )
                window = value_rows(value_counts(uses, reader)[1:3], reader)
                assert window == found[1:3]


def _values(name: str, slow: SlowCount, rules: dict[int, Rule]) -> set[tuple[Any, ...]]:
    """Every value of the field, as a row of them has it."""

    def users(among: Any, key: str, excluded: bool) -> int:
        return sum(any(use[:2] == (excluded, key) for use in slow.uses[pk]) for pk in among)

    keys = {(use[1], use[3]) for pk in rules for use in slow.uses[pk] if use[2] == name}
    role = "scope" if name == "event.dataset" else "filter"
    return {
        (
            key, operator, slow.spelling(key), role,
            *(users(among, key, excluded) for among in (rules, slow.rules) for excluded in (False, True)),
        )
        for key, operator in keys
    }  # fmt: skip


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_techniques_of_a_field_equal_a_slow_count(db: None, reader: Reader) -> None:
    write_catalog(5)
    slow = SlowCount(reader)
    for name in FIELDS:
        tests = RuleField.objects.filter(field=name, rule__in=list(slow.rules))
        users = {test.rule_id for test in tests}
        stated: Counter[str] = Counter()
        for pk in users:
            stated.update({tag.technique.attack_id for tag in slow.rules[pk].techniques.all() if not tag.structural})
        found = [(use.technique.attack_id, use.rules) for use in techniques_of(rules_testing(tests))]
        assert found == sorted(stated.items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_names_of_a_field_equal_a_slow_count(db: None, reader: Reader) -> None:
    write_catalog(6)
    random = Random(6)  # noqa: S311 no secret
    for rule in Rule.objects.all():
        for name in random.sample(NAMES, random.randint(0, 4)):
            RuleName.objects.create(rule=rule, name=name, canonical=random.choice(["Image", "User"]))
    slow = SlowCount(reader)
    groups = {"process.name": NAMES[:3], "name": NAMES[3:5], "exe": NAMES[5:]}
    expected: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for pk, rule in slow.rules.items():
        for row in rule.names.filter(canonical="Image"):
            own = next(key for key, names in groups.items() if row.name in names)
            expected[own][rule.source.vendor].add(pk)
    rules = Rule.objects.filter(pk__in=list(slow.rules))
    found = {row.name.lower(): row for row in names_of("Image", rules, CATALOGUE)}
    nobody = found.pop("processes.nobody")
    assert (nobody.rules, nobody.formats, [alias.vendor for alias in nobody.aliases]) == (0, {}, ["cim"])
    assert set(found) == set(expected) == set(groups)
    for name, users in expected.items():
        assert found[name].formats == {rule_format: len(found_in) for rule_format, found_in in users.items()}
        assert found[name].rules == len(set().union(*users.values()))
    assert [alias.vendor for alias in found["process.name"].aliases] == ["ecs"] and not found["exe"].aliases


def test_the_number_of_queries_does_not_grow(db: None, django_assert_num_queries: Any) -> None:
    write_catalog(3)
    reader = Reader.MEMBER
    with django_assert_num_queries(1):
        field_rows(RuleField.objects.all(), CATALOGUE)
    with django_assert_num_queries(2):
        value_rows(value_counts(RuleIndicator.objects.filter(indicator__field="Image"), reader)[:5], reader)
    with django_assert_num_queries(1):
        names_of("Image", Rule.objects.all(), CATALOGUE)
