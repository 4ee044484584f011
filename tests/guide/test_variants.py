"""Wider and narrower variants: the stated rule, told once more in plain Python over random values."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from detections.guide.indicator import spellings
from detections.guide.variants import variants_of
from detections.models import Indicator, Reader
from tests.pages import rows

READERS = [Reader.ANONYMOUS, Reader.MEMBER]
LOOSENESS = ["eq in", "startswith endswith", "contains", "wildcard"]
OPERATORS = ["eq", "in", "startswith", "endswith", "contains", "wildcard", "regex_match", "match"]
PIECES = ["a", "b", "ab", "%", "_", "\\", "É", "é", "*", "?", "\U0001f512", "'"]


def looks(operator: str, value: str, wild: bool) -> tuple[bool, bool, str]:
    """Whether other text may stand before and behind what is looked for, and that text."""
    before, behind = operator in ("endswith", "contains"), operator in ("startswith", "contains")
    if wild or operator == "wildcard":
        before, behind, value = before or value[:1] == "*", behind or value[-1:] == "*", value.strip("*")
    return before, behind, value


def stands_in(wide: Indicator, narrow: Indicator) -> bool:
    """The rule: the text stands where it is looked for, and the operator is no stricter."""
    ranks = [[one.operator in names.split() for names in LOOSENESS].index(True) for one in (wide, narrow)]
    before, behind, text = looks(wide.operator, wide.value, wide.wild)
    other_before, other_behind, other = looks(narrow.operator, narrow.value, narrow.wild)
    places = [place for place in range(len(other) + 1) if other[place : place + len(text)] == text and text]
    return ranks[0] >= ranks[1] and any(
        (before or (place == 0 and not other_before))
        and (behind or (place + len(text) == len(other) and not other_behind))
        for place in places
    )


def write(seed: int) -> None:
    """Indicators of two fields with few letters, so that many stand in each other; some wild, some private."""
    random = Random(seed)  # noqa: S311 no secret
    sources = [rows.source("sigma"), rows.source("team", public=False)]
    for number in range(90):
        values = {"".join(random.choices(PIECES, k=random.randint(1, 4))).lower() for _ in range(4)}
        condition = (random.choice(["Image", "User"]), random.choice(OPERATORS), sorted(values), random.random() < 0.2)
        rows.rule(f"Rule {number}", [], [condition], at=random.choice(sources))
    for indicator in Indicator.objects.all():
        indicator.wild = not set(indicator.value).isdisjoint("*?") and random.random() < 0.7
        indicator.save()
    rows.counted()


@pytest.mark.parametrize(("seed", "reader"), list(product(range(3), READERS)))
def test_variants_are_what_the_rule_says(db: None, seed: int, reader: Reader) -> None:
    write(seed)
    known = [one for one in Indicator.objects.all() if one.operator in " ".join(LOOSENESS).split()]
    reach = {one.key: getattr(one, reader.reach_column()) for one in known}
    found = 0
    for one in known:
        expected: list[list[Indicator]] = [[], []]
        for other in known:
            if other == one or other.field != one.field or not reach[other.key]:
                continue
            wider, narrower = stands_in(other, one), stands_in(one, other)
            if wider != narrower:
                expected[narrower].append(other)
        variants = variants_of(one, reader, most=7)
        for rows_found, rows_expected in zip((variants.wider, variants.narrower), expected, strict=True):
            rows_expected.sort(key=lambda row: (-reach[row.key], row.value, row.operator, row.key))
            assert list(rows_found) == rows_expected[:7], one
            assert [row.seen for row in rows_found] == [reach[row.key] for row in rows_found]
            found += len(rows_found)
    assert found > 100


def variants(operator: str, value: str) -> dict[str, list[str]]:
    """The variants of an indicator of Image, as `operator value`."""
    both = variants_of(Indicator.objects.get(key=rows.key("Image", operator, value)), Reader.ANONYMOUS)
    return {
        name: [f"{row.operator} {spellings(row.key, Reader.ANONYMOUS)[row.key]}" for row in getattr(both, name)]
        for name in ("wider", "narrower")
    }


def test_a_text_is_looked_for_where_its_operator_says(db: None) -> None:
    tests = [
        ("endswith", "\\PowerShell.exe"), ("contains", "powershell"), ("endswith", ".exe"), ("startswith", "\\power"),
        ("eq", "C:\\powershell.exe"), ("in", "C:\\powershell.exe"), ("eq", "powershell"), ("regex_match", "powershell"),
        ("startswith", "C:\\"), ("contains", "\\powershell.exe"), ("match", "powershell"),
    ]  # fmt: skip
    for operator, value in tests:
        rows.rule(f"{operator} {value}", [], [("Image", operator, [value], False)])
    rows.rule("Another field", [], [("ParentImage", "contains", ["power"], False)])
    rows.counted()
    assert variants("endswith", "\\powershell.exe") == {
        "wider": ["endswith .exe", "contains \\powershell.exe", "contains powershell"],
        "narrower": ["eq C:\\powershell.exe", "in C:\\powershell.exe"],
    }
    assert variants("contains", "powershell")["narrower"] == [
        "contains \\powershell.exe", "endswith \\PowerShell.exe", "eq C:\\powershell.exe", "in C:\\powershell.exe",
        "eq powershell",
    ]  # fmt: skip
    assert variants("eq", "c:\\powershell.exe")["wider"] == [
        "endswith .exe", "contains \\powershell.exe", "endswith \\PowerShell.exe", "startswith C:\\",
        "contains powershell",
    ]  # fmt: skip
    assert variants("regex_match", "powershell") == {"wider": [], "narrower": []}


def test_queries_are_two_and_the_rows_are_the_first_twenty_by_reach(db: None, django_assert_num_queries) -> None:
    for number in range(30):
        for times in range(1 + (number == 29)):
            rows.rule(f"{number} {times}", [], [("Image", "endswith", [f"\\tool{number:02}.exe"], False)])
    rows.rule("Wide", [], [("Image", "contains", ["TOOL"], False)])
    rows.counted()
    one = Indicator.objects.get(operator="contains")
    with django_assert_num_queries(2):
        found = variants_of(one, Reader.ANONYMOUS).narrower
    assert [row.value for row in found] == ["\\tool29.exe", *(f"\\tool{number:02}.exe" for number in range(19))]
