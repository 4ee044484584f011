"""What holds for every query of KQL and EQL, whatever stands in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.languages.eql.printer import printed as print_eql
from detections.languages.eql.reader import read as read_eql
from detections.languages.kql.printer import printed as print_kql
from detections.languages.kql.reader import read as read_kql
from detections.languages.parsing import MAX_LENGTH, MAX_PROBLEMS
from detections.languages.tree import MAX_DEPTH, Branch, Condition, Node, Reading, walk


@dataclass(frozen=True, repr=False)  # the strategies' own texts are long
class Language:
    """What the properties need to know of a language: its functions, and where a condition goes in a query."""

    read: Callable[[str], Reading]
    printed: Callable[[Node | None], str]
    start: str
    condition: str
    conditions: st.SearchStrategy[str]
    signs: str


_FIELDS = st.sampled_from(["host.name", "user", "process.pid", "file.Ext.size"])
_WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


def _kql_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _eql_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _combined(tests: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            inner.map("not {}".format),
            inner.map("({})".format),
            st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' and '.join(parts)})"),
            st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' or '.join(parts)})"),
        ),
        max_leaves=8,
    )


_KQL_PATTERNS = st.lists(
    st.one_of(_WORDS.map("k{}".format), st.just("*"), st.sampled_from([r"\*", r"\\", r"\:", "?", r"\and", r"\t"])),
    min_size=1, max_size=5,
).map("".join)  # fmt: skip
_KQL_VALUES = st.one_of(_KQL_PATTERNS, _TEXTS.map(_kql_quoted))
_KQL_TESTS = st.one_of(
    st.builds("{}: {}".format, _FIELDS, _KQL_VALUES),
    st.builds("{}:{}".format, _FIELDS, _combined(_KQL_VALUES).map("({})".format)),
    st.builds("{} {} {}".format, _FIELDS, st.sampled_from(["<", "<=", ">", ">="]), _KQL_VALUES),
    st.builds("{}:{{{}:{}}}".format, _FIELDS, _FIELDS, _KQL_VALUES),
    _TEXTS.map(_kql_quoted),
)

_EQL_VALUES = st.one_of(_TEXTS.map(_eql_quoted), st.integers(-9, 9).map(str), st.sampled_from(["true", "1.50", "user"]))
_EQL_PATTERNS = st.lists(st.one_of(_WORDS, st.sampled_from(["*", "?", "\\\\"])), max_size=5).map("".join)
_EQL_LISTS = st.lists(_EQL_PATTERNS.map('"{}"'.format), min_size=1, max_size=4).map(", ".join)
_EQL_TESTS = st.one_of(
    st.builds("{} {} {}".format, _FIELDS, st.sampled_from(["==", "!=", "<", ">="]), _EQL_VALUES),
    st.builds("{} {} ({})".format, _FIELDS, st.sampled_from([":", "like~", "regex", "in", "not in"]), _EQL_LISTS),
    st.builds("{}({}, {})".format, st.sampled_from(["endsWith~", "wildcard", "cidrMatch"]), _FIELDS, _EQL_VALUES),
    st.builds("length({}) > {} + length({})".format, _FIELDS, st.integers(0, 9), _FIELDS),
    st.builds("{} {} null".format, _FIELDS, st.sampled_from(["==", "!="])),
    _FIELDS.map("`a-{}`".format),
)

KQL = Language(read_kql, print_kql, "", 'a: "1"', _combined(_KQL_TESTS), '():{}<>"\\* \n')
EQL = Language(read_eql, print_eql, "any where ", "a == 1", _combined(_EQL_TESTS), "()[]:=!<>\"'`\\*?$|~,./ \n")
_WORDS_OF_BOTH = [
    "and",
    "or",
    "not",
    "where",
    "in",
    "like",
    "sequence",
    "by",
    "with",
    "until",
    "null",
    "of",
    "/*",
    "//",
]
languages = pytest.mark.parametrize("language", [pytest.param(KQL, id="kql"), pytest.param(EQL, id="eql")])


def _bare(node: Node | None) -> Node | None:
    """A tree without places and spellings."""
    if isinstance(node, Condition):
        tests = tuple(replace(test, start=0, end=0, raw=None) for test in node.tests)
        return replace(node, tests=tests, start=0, end=0, path="")
    if isinstance(node, Branch):
        return replace(node, children=tuple(_bare(child) for child in node.children), start=0, end=0)
    return None


def _predicates(reading: Reading, flipped: bool = False) -> Counter[tuple[str, str, str, bool]]:
    return Counter(
        (condition.field, test.operator, test.value, negated)
        for condition, negated in walk(reading.tree, flipped)
        for test in condition.tests
    )


def _assert_sound(text: str, reading: Reading) -> None:
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert len(reading.problems) <= MAX_PROBLEMS
    assert (reading.parse == "full") == (not errors)
    for problem in reading.problems:
        assert problem.start is not None and problem.end is not None
        assert 0 <= problem.start <= problem.end <= len(text)
    for condition, _ in walk(reading.tree):
        assert condition.tests and text[condition.start : condition.end].strip()
        for test in condition.tests:
            assert condition.start <= test.start < test.end <= condition.end


@languages
@given(text=st.text(max_size=60))
def test_no_text_raises(language: Language, text: str) -> None:
    _assert_sound(text, language.read(text))
    whole = language.start + text
    _assert_sound(whole, language.read(whole))


@languages
@given(data=st.data())
def test_no_mixture_of_the_languages_own_signs_raises(language: Language, data: st.DataObject) -> None:
    signs = st.sampled_from([*language.signs, *_WORDS_OF_BOTH, "a", "b.c", "1", " ", language.condition])
    text = language.start + " ".join(data.draw(st.lists(signs, max_size=25)))
    _assert_sound(text, language.read(text))


@languages
@given(data=st.data())
def test_no_damage_to_a_query_raises(language: Language, data: st.DataObject) -> None:
    text = language.start + data.draw(language.conditions)
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(text)))
        last = data.draw(st.integers(first, min(len(text), first + 5)))
        text = text[:first] + data.draw(st.text(language.signs, max_size=3)) + text[last:]
    _assert_sound(text, language.read(text))


@languages
@given(data=st.data())
def test_a_valid_query_is_read_in_full(language: Language, data: st.DataObject) -> None:
    text = language.start + data.draw(language.conditions)
    reading = language.read(text)
    assert reading.parse == "full", reading.problems
    _assert_sound(text, reading)


@languages
@given(data=st.data())
def test_a_negation_flips_every_polarity(language: Language, data: st.DataObject) -> None:
    condition = data.draw(language.conditions)
    plain = language.read(language.start + condition)
    assert _predicates(language.read(f"{language.start}not ({condition})")) == _predicates(plain, flipped=True)


@languages
@given(data=st.data())
def test_the_order_of_alternatives_changes_nothing(language: Language, data: st.DataObject) -> None:
    parts = data.draw(st.lists(language.conditions, min_size=2, max_size=5))
    shuffled = data.draw(st.permutations(parts))
    one, other = (language.read(language.start + " or ".join(f"({part})" for part in p)) for p in (parts, shuffled))
    assert _predicates(one) == _predicates(other)


@languages
@given(data=st.data())
def test_a_printed_tree_reads_back_to_itself(language: Language, data: st.DataObject) -> None:
    tree = language.read(language.start + data.draw(language.conditions)).tree
    again = language.read(language.printed(tree))
    assert _bare(again.tree) == _bare(tree), language.printed(tree)


@languages
@pytest.mark.parametrize("shape", ["({})", "not {}", "not ({})"])
def test_depth_is_bounded(language: Language, shape: str) -> None:
    before, after = shape.split("{}")
    fits = language.read(f"{language.start}{before * 240}{language.condition}{after * 240}")
    assert fits.parse == "full" and _predicates(fits)
    deep = language.read(f"{language.start}{before * 30_000}{language.condition}{after * 30_000}")
    assert deep.parse == "none"
    assert f"more than {MAX_DEPTH} deep" in deep.problems[0].message


@languages
def test_a_tree_as_deep_as_allowed_is_printed(language: Language) -> None:
    depth = MAX_DEPTH - 1
    nested = f"{f'({language.condition} or not ' * depth}{language.condition}{')' * depth}"
    tree = language.read(language.start + nested).tree
    assert sum(1 for _ in walk(tree)) == depth + 1
    assert list(walk(language.read(language.printed(tree)).tree))[-1][1] == bool(depth % 2)


@languages
def test_length_is_bounded(language: Language) -> None:
    reading = language.read(language.start + " or ".join([language.condition] * (MAX_LENGTH // 8)))
    assert reading.parse == "none"
    assert "Split it" in reading.problems[0].message


@languages
def test_many_problems_are_cut_short(language: Language) -> None:
    broken = " or ".join(f'a{number} : "\\u{{110000}}"' for number in range(300)).replace("\\u{", "\\q{")
    reading = language.read(language.start + (broken if language is EQL else broken.replace('"', "")))
    assert len(reading.problems) <= MAX_PROBLEMS
    assert reading.parse in ("partial", "none")
