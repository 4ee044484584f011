"""What holds for every query of KQL and EQL, whatever stands in it (`properties.py`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.languages.eql.printer import printed as print_eql
from detections.languages.eql.reader import read as read_eql
from detections.languages.kql.printer import printed as print_kql
from detections.languages.kql.reader import read as read_kql
from tests.languages.properties import BOUNDS, FIELDS, PROPERTIES, TEXTS, WORDS, Draw, Language, combined, quoted

_KQL_PATTERNS = st.lists(
    st.one_of(WORDS.map("k{}".format), st.just("*"), st.sampled_from([r"\*", r"\\", r"\:", "?", r"\and", r"\t"])),
    min_size=1, max_size=5,
).map("".join)  # fmt: skip
_KQL_VALUES = st.one_of(_KQL_PATTERNS, TEXTS.map(quoted))
_KQL_TESTS = st.one_of(
    st.builds("{}: {}".format, FIELDS, _KQL_VALUES),
    st.builds("{}:{}".format, FIELDS, combined(_KQL_VALUES).map("({})".format)),
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["<", "<=", ">", ">="]), _KQL_VALUES),
    st.builds("{}:{{{}:{}}}".format, FIELDS, FIELDS, _KQL_VALUES),
    TEXTS.map(quoted),
)
KQL = Language(
    read=read_kql,
    printed=print_kql,
    start="",
    condition='a: "1"',
    conditions=combined(_KQL_TESTS),
    signs='():{}<>"\\* \n',
    words=("where", "in", "null"),
    broken="a{} : \\q{{110000}}",
)


def _one_line(text: str) -> str:
    return quoted(text).replace("\n", "\\n")


_EQL_VALUES = st.one_of(TEXTS.map(_one_line), st.integers(-9, 9).map(str), st.sampled_from(["true", "1.50", "user"]))
_EQL_PATTERNS = st.lists(st.one_of(WORDS, st.sampled_from(["*", "?", "\\\\"])), max_size=5).map("".join)
_EQL_LISTS = st.lists(_EQL_PATTERNS.map('"{}"'.format), min_size=1, max_size=4).map(", ".join)
_EQL_TESTS = st.one_of(
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["==", "!=", "<", ">="]), _EQL_VALUES),
    st.builds("{} {} ({})".format, FIELDS, st.sampled_from([":", "like~", "regex", "in", "not in"]), _EQL_LISTS),
    st.builds("{}({}, {})".format, st.sampled_from(["endsWith~", "wildcard", "cidrMatch"]), FIELDS, _EQL_VALUES),
    st.builds("length({}) > {} + length({})".format, FIELDS, st.integers(0, 9), FIELDS),
    st.builds("{} {} null".format, FIELDS, st.sampled_from(["==", "!="])),
    FIELDS.map("`a-{}`".format),
)
EQL = Language(
    read=read_eql,
    printed=print_eql,
    start="any where ",
    condition="a == 1",
    conditions=combined(_EQL_TESTS),
    signs="()[]:=!<>\"'`\\*?$|~,./ \n",
    words=("where", "in", "like", "sequence", "by", "with", "until", "null", "of", "/*", "//"),
    broken='a{} : "\\q{{110000}}"',
)

languages = pytest.mark.parametrize("language", [pytest.param(KQL, id="kql"), pytest.param(EQL, id="eql")])


@languages
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda function: function.__name__)
@given(data=st.data())
def test_property(language: Language, holds: Callable[[Language, Draw], None], data: st.DataObject) -> None:
    holds(language, data.draw)


@languages
@pytest.mark.parametrize("holds", BOUNDS, ids=lambda function: function.__name__)
def test_bound(language: Language, holds: Callable[[Language], None]) -> None:
    holds(language)
