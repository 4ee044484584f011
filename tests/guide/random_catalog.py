"""A catalog at random, and the guide over it as a slow count in plain Python would have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from random import Random
from typing import Any

from detections.models import Reader, Rule, RuleIndicator, Technique
from tests.pages import rows

FIELDS = ("Image", "CommandLine", "event.dataset", "É", "a_field")
OPERATORS = ("eq", "contains", "in")
VALUES = ("one", "Two", "THREE", "zü", "Ζ", "_under", "\U0001f512", "\uff21", "ten")
LIFECYCLES = ("live", "live", "live", "live", "retired", "deprecated")


def write_catalog(seed: int) -> tuple[Technique, Technique]:
    """Sixty rules of two public sources and a private one; a parent and its sub-technique."""
    random = Random(seed)  # noqa: S311 no secret
    parent = rows.technique("T1000", "Parent")
    child = rows.technique("T1000.001", "Child", parent=parent)
    other = rows.technique("T2000", "Elsewhere")
    sources = [rows.source("elastic"), rows.source("sigma"), rows.source("team", public=False)]
    for number in range(60):
        stated = random.sample([parent, child, other], random.randint(1, 3))
        structural = [parent] if child in stated and parent in stated and random.random() < 0.5 else []
        rule = rows.rule(
            f"Rule {number}",
            [one for one in stated if one not in structural],
            list(_conditions(random)),
            at=random.choice(sources),
            platforms=random.sample(["AWS", "Windows", "Linux"], random.randint(0, 2)),
            structural=structural,
            lifecycle=random.choice(LIFECYCLES),
            parse=random.choice(["full", "partial", "none"]),
        )
        _respell(rule, random)
    rows.counted()
    return parent, child


def _conditions(random: Random) -> Iterable[rows.Condition]:
    taken = set()
    for _ in range(random.randint(0, 5)):
        field, operator, excluded = random.choice(FIELDS), random.choice(OPERATORS), random.random() < 0.3
        if (field, operator, excluded) in taken:
            continue
        taken.add((field, operator, excluded))
        if random.random() < 0.15:
            yield field, "exists", [""], excluded
            continue
        values = random.sample(VALUES, random.randint(1, 3))
        yield field, operator, [value if random.random() < 0.6 else value.swapcase() for value in values], excluded


def _respell(rule: Rule, random: Random) -> None:
    """Now and then a second spelling of a value in the same rule, which must not count again."""
    for use in RuleIndicator.objects.filter(rule=rule):
        if random.random() < 0.2:
            RuleIndicator.objects.create(
                rule=rule, indicator=use.indicator, excluded=use.excluded, counted=False,
                value=use.value.upper(), equivalence=use.equivalence,
            )  # fmt: skip


class SlowCount:
    """Every row in memory, counted by loops."""

    def __init__(self, reader: Reader) -> None:
        live = Rule.objects.filter(lifecycle="live").select_related("source")
        seen = [rule for rule in live if reader.sees_everything or rule.source.public]
        self.uses: dict[int, list[tuple[bool, str, str, str, str]]] = defaultdict(list)
        self.same: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for use in RuleIndicator.objects.select_related("indicator"):
            row = (use.excluded, use.indicator_id, use.indicator.field, use.indicator.operator, use.value)
            self.uses[use.rule_id].append(row)
            if use.equivalence and not use.excluded and use.indicator.role != "scope":
                self.same[use.equivalence].add((use.rule_id, use.indicator_id))
        self.rules = {rule.pk: rule for rule in seen}

    def under(self, technique: Technique, rollup: bool) -> set[int]:
        found = set()
        for pk, rule in self.rules.items():
            stated = {tag.technique for tag in rule.techniques.all() if not tag.structural}
            if technique in stated or (rollup and any(one.parent == technique for one in stated)):
                found.add(pk)
        return found

    def spelling(self, key: str) -> str:
        rules: dict[str, set[int]] = defaultdict(set)
        for pk in self.rules:
            for _, used, _, _, value in self.uses[pk]:
                if used == key:
                    rules[value].add(pk)
        return min(rules, key=lambda value: (-len(rules[value]), value))

    def equivalent(self, key: str) -> int:
        """Rules that check one of the equivalence keys that rules which check the indicator itself hold."""
        seen = [{(pk, used) for pk, used in pairs if pk in self.rules} for pairs in self.same.values()]
        return len({pk for pairs in seen if any(used == key for _, used in pairs) for pk, _ in pairs})

    def indicators(self, here: set[int], page: set[int], excluded: bool) -> list[tuple[Any, ...]]:
        """(field, operator, value, rules, reach) of the rules `here`, on a page whose rules are `page`."""
        found = []
        for key, field, operator in {use[1:4] for pk in here for use in self.uses[pk] if use[0] == excluded}:
            users = {pk for pk in self.rules if any(use[:2] == (excluded, key) for use in self.uses[pk])}
            reach = None if users <= page else len(users)
            found.append((field, operator, self.spelling(key), len(users & here), reach))
        return sorted(found, key=lambda row: (-row[3], row[0], row[2], row[1]))

    def fields(self, here: set[int], excluded: bool) -> list[tuple[Any, ...]]:
        """(field, rules, operators, samples) of the rules `here`."""
        rules: dict[str, set[int]] = defaultdict(set)
        operators: dict[str, Counter[str]] = defaultdict(Counter)
        spelled: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for pk in here:
            for test in self.rules[pk].fields.filter(excluded=excluded):
                rules[test.field].add(pk)
                operators[test.field][test.operator] += 1
            for negated, _, field, _, value in self.uses[pk]:
                if negated == excluded:
                    spelled[field][value].add(pk)
        return sorted(
            (
                (
                    field, len(found), sorted(operators[field].items(), key=lambda item: (-item[1], item[0])),
                    tuple(sorted(spelled[field], key=lambda value: (-len(spelled[field][value]), value))[:5]),
                )
                for field, found in rules.items()
            ),
            key=lambda row: (-row[1], row[0]),
        )  # fmt: skip
