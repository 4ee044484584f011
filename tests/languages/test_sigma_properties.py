"""What holds for every Sigma rule, whatever stands in its detection."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.modifiers import modifier_mapping

from detections.documents.problem import Problem
from detections.languages.parsing import MAX_LENGTH
from detections.languages.sigma.conditions import MAX_NESTING
from detections.languages.sigma.reader import MAX_TESTS, read
from detections.languages.sigma.spans import MAX_PROBLEMS
from detections.languages.tree import Reading, depth, walk
from tests.languages.properties import combined
from tests.languages.test_sigma import misplaced

_NAMES = ("lamp", "filter_a", "filter_b", "_spare", "words")
_PIECES = (
    "*",
    "?",
    "\\",
    r"\*",
    r"\\",
    r"\\*",
    " ",
    "a",
    "B",
    "%name%",
    "-x",
    "/x",
    "é",
    '"',
    "'",
    "\n",
    ":",
    "#",
    "0x1",
)
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
_WORDS = st.lists(st.sampled_from([piece for piece in _PIECES if piece.strip()]), min_size=1, max_size=5).map(
    lambda parts: "w" + "".join(parts)
)
_SCALARS = st.one_of(_TEXTS, st.integers(-9, 70_000), st.floats(allow_nan=False), st.booleans(), st.none())
_GOOD_KEYS = st.sampled_from(
    ["Colour", "Shade", "Shade|contains", "Colour|startswith", "Shade|endswith", "Colour|contains|all", "Shade|windash",
     "Shade|contains|windash", "Colour|cased", "Shade|expand",
     "Colour|neq"]
)  # fmt: skip
_ANY_KEYS = st.one_of(
    _GOOD_KEYS,
    st.lists(st.sampled_from([*modifier_mapping, "glows", ""]), max_size=3).map(lambda names: "|".join(["F", *names])),
    st.lists(st.sampled_from([*modifier_mapping]), max_size=2).map(lambda names: "|".join(["", *names])),
    st.integers(0, 3),
)


def _selections(keys: st.SearchStrategy[Any], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A selection as its authors write it: a map, a list of maps, a list of keywords."""
    maps = st.dictionaries(keys, st.one_of(values, st.lists(values, min_size=1, max_size=4)), min_size=1, max_size=3)
    return st.one_of(maps, st.lists(maps, min_size=1, max_size=3), st.lists(_WORDS, min_size=1, max_size=3))


_VALID = st.fixed_dictionaries({name: _selections(_GOOD_KEYS, _WORDS) for name in _NAMES})
_QUANTIFIED = ("1 of filter_*", "all of filter_*", "1 of them", "all of them", "any of lamp*")
_CONDITIONS = combined(st.sampled_from([*_NAMES, *_QUANTIFIED]))
_ANY_CONDITIONS = st.one_of(
    _CONDITIONS,
    st.lists(
        st.sampled_from([*_NAMES, *_QUANTIFIED, "(", ")", "not", "AND", "or", "of", "1", "|", "count()", "by", "*"]),
        max_size=12,
    ).map(" ".join),
    st.text(max_size=20),
    _SCALARS,
    st.lists(_SCALARS, max_size=2),
)  # fmt: skip
_JUNK = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_ANY_KEYS, inner, max_size=3))
)
_ANY = st.dictionaries(
    st.one_of(st.sampled_from(_NAMES), st.integers(0, 2)),
    st.one_of(_selections(_ANY_KEYS, _SCALARS), _JUNK),
    max_size=4,
)


def _rule(detection: Any, condition: Any) -> str:
    flow = None if len(str(condition)) % 2 else True
    text: str = yaml.safe_dump(
        {"detection": {**detection, "condition": condition}},
        sort_keys=False,
        allow_unicode=True,
        width=100_000,
        default_flow_style=flow,
    )
    return text


def _predicates(reading: Reading, flipped: bool = False) -> Counter[tuple[str, str, str, bool]]:
    return Counter(
        (condition.field, test.operator, test.value, negated)
        for condition, negated in walk(reading.tree, flipped)
        for test in condition.tests
    )


def _errors(reading: Reading) -> list[Problem]:
    return [problem for problem in reading.problems if problem.severity == "error"]


def _assert_sound(text: str, reading: Reading) -> None:
    assert (reading.parse == "none") == (reading.tree is None)
    assert reading.parse != "full" or not _errors(reading)
    assert reading.parse != "partial" or _errors(reading)
    assert len(reading.problems) <= MAX_PROBLEMS + 2
    for problem in reading.problems:
        assert problem.start is None or (problem.end is not None and 0 <= problem.start <= problem.end <= len(text))
    assert sum(len(condition.tests) for condition, _ in walk(reading.tree)) <= MAX_TESTS
    for condition, _ in walk(reading.tree):
        assert condition.tests
        for test in condition.tests:
            assert 0 <= condition.start <= test.start <= test.end <= condition.end <= len(text)


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    for whole in (
        text,
        f"detection:\n  lamp: {text}\n  condition: lamp",
        f"detection: {{lamp: {{A: 1}}, condition: {text}}}",
    ):
        _assert_sound(whole, read(whole))


@settings(deadline=None)
@given(detection=_ANY, condition=_ANY_CONDITIONS)
def test_no_detection_raises(detection: Any, condition: Any) -> None:
    text = _rule(detection, condition)
    _assert_sound(text, read(text))


@settings(deadline=None)
@given(detection=_VALID, condition=_CONDITIONS, data=st.data())
def test_no_damage_to_a_rule_raises(detection: Any, condition: str, data: st.DataObject) -> None:
    text = _rule(detection, condition)
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(text)))
        last = data.draw(st.integers(first, min(len(text), first + 5)))
        text = text[:first] + data.draw(st.text("{}[]:-?&*!|>#%@`,'\"\n a1", max_size=3)) + text[last:]
    _assert_sound(text, read(text))


@settings(deadline=None)
@given(detection=_VALID, condition=_CONDITIONS)
def test_a_valid_rule_is_read_in_full_and_its_places_hold_what_was_written(detection: Any, condition: str) -> None:
    text = _rule(detection, condition)
    reading = read(text)
    assert reading.parse == "full", reading.problems
    _assert_sound(text, reading)
    assert misplaced(text, reading) == []


@settings(deadline=None)
@given(detection=_VALID, condition=_CONDITIONS)
def test_a_negation_flips_every_polarity(detection: Any, condition: str) -> None:
    plain, negated = read(_rule(detection, condition)), read(_rule(detection, f"not ({condition})"))
    assert _predicates(negated) == _predicates(plain, flipped=True)


@settings(deadline=None)
@given(detection=_VALID, parts=st.lists(_CONDITIONS, min_size=2, max_size=5), data=st.data())
def test_the_order_of_alternatives_changes_nothing(detection: Any, parts: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(parts))
    one, other, listed = (
        read(_rule(detection, condition))
        for condition in (" or ".join(f"({part})" for part in parts), " or ".join(f"({p})" for p in shuffled), shuffled)
    )
    assert _predicates(one) == _predicates(other) == _predicates(listed)


@settings(deadline=None)
@given(key=_GOOD_KEYS, values=st.lists(_WORDS, min_size=2, max_size=5), data=st.data())
def test_the_order_of_values_changes_nothing(key: str, values: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(values))
    one, other = (read(_rule({"lamp": {key: order}}, "lamp")) for order in (values, shuffled))
    assert _predicates(one) == _predicates(other)
    assert sum(_predicates(one).values()) == len(values)


@settings(deadline=None)
@given(names=st.lists(st.text("abx_", min_size=1, max_size=4), min_size=1, max_size=6, unique=True), data=st.data())
def test_a_quantifier_says_what_the_names_say_that_it_matches(names: list[str], data: st.DataObject) -> None:
    detection = {name: {"F": name} for name in names}
    head = data.draw(st.text("abx_", min_size=1, max_size=2))
    matched = [name for name in names if name.startswith(head) and (head[0] == "_" or not name.startswith("_"))]
    found = read(_rule(detection, f"not 1 of {head}*"))
    assert [(test.value, negated) for c, negated in walk(found.tree) for test in c.tests] == [
        (name, True) for name in matched
    ]


@settings(deadline=None)
@given(
    detection=_VALID,
    condition=_CONDITIONS,
    aggregation=st.sampled_from(
        ["| count() > 5", "| count(Owner) by Colour >= 10", "|near lamp", "| max(A) by B < 0.5 "]
    ),
)
def test_an_old_aggregation_is_told_at_its_place_and_changes_no_test(
    detection: Any, condition: str, aggregation: str
) -> None:
    text = _rule(detection, f"{condition} {aggregation}")
    reading = read(text)
    assert reading.parse == "full"
    assert _predicates(reading) == _predicates(read(_rule(detection, condition)))
    (told,) = [problem for problem in reading.problems if "old syntax" in problem.message]
    assert told.severity == "note" and told.line
    assert text[told.start : told.end].strip() == aggregation.strip()


@pytest.mark.parametrize(
    "piece",
    ["(", "not ", "not (", "x or ", "x and not (", "1 of x* or ", "|", "x | ", "*", "1 of ", "- ", "[", "{", "{a: ",
     '"', "&a ", "*a ", "? ", "!!", "- - ", "a: ", "a:\n  ", "\\", "%", "#", "---\n", "- x\n", "x: *\n", "\t"],
)  # fmt: skip
def test_a_piece_repeated_to_the_bound_is_read_or_refused(piece: str) -> None:
    repeated = (piece * MAX_LENGTH)[:MAX_LENGTH]
    for head, tail in (
        ("detection:\n  x: {A: 1}\n  condition: ", ""),
        ("detection:\n  condition: x\n  x: ", ""),
        ("detection:\n  condition: x\n  x:\n    F|contains: '", "'"),
        ("", ""),
    ):
        text = head + repeated + tail
        reading = read(text)
        _assert_sound(text, reading)
        assert depth(reading.tree) <= 4 * MAX_NESTING


@pytest.mark.parametrize(("before", "after"), [("[", "]"), ("{F: ", "}"), ("[{F|contains: [", "]}]")])
def test_selections_nested_without_end_are_refused(before: str, after: str) -> None:
    for times in (1, 10, 60, 200, 20_000):
        text = f"detection:\n  condition: x\n  x: {before * times}a{after * times}\n"
        _assert_sound(text, read(text))
    assert read(text).parse == "none"
