"""What holds for every query of KQL, EQL, ES|QL and SPL, whatever stands in it (`properties.py`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detections.languages.eql.printer import printed as print_eql
from detections.languages.eql.reader import read as read_eql
from detections.languages.esql.printer import printed as print_esql
from detections.languages.esql.reader import read as read_esql
from detections.languages.kql.printer import printed as print_kql
from detections.languages.kql.reader import read as read_kql
from detections.languages.lucene.reader import read as read_lucene
from detections.languages.spl.printer import printed as print_spl
from detections.languages.spl.reader import read as read_spl
from detections.languages.tree import Reading
from tests.languages.properties import BOUNDS, FIELDS, PROPERTIES, TEXTS, UPPER, WORDS, Draw, Language, combined, quoted

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

# The columns that the commands before the condition compute, and the fields of the index.
_COLUMNS = st.one_of(FIELDS, st.sampled_from(["e", "s", "n", "`g h`", "l", "`a-b`", "source.`as`.number", "user::ip"]))
_ESQL_TEXTS = st.one_of(
    TEXTS.map(_one_line),
    TEXTS.filter(lambda text: '"' not in text).map('"""{}"""'.format),
)
_ESQL_VALUES = st.one_of(_ESQL_TEXTS, st.integers(-9, 9).map(str), st.sampled_from(["TRUE", "1.50", "user", "l"]))
_ESQL_LISTS = st.lists(st.one_of(_ESQL_VALUES, st.just("null")), min_size=1, max_size=4).map(", ".join)
_ESQL_PATTERNS = st.lists(st.one_of(WORDS, st.sampled_from(["*", "?", r"\\*", r"\\\\", "%", "é"])), max_size=5)
_ESQL_PATTERN = st.one_of(
    _ESQL_PATTERNS.map("".join).map('"{}"'.format),
    _ESQL_PATTERNS.map(lambda parts: '"""{}"""'.format("".join(parts).replace("\\\\", "\\"))),
)
_ESQL_TESTS = st.one_of(
    st.builds("{} {} {}".format, _COLUMNS, st.sampled_from(["==", "!=", "<", ">="]), _ESQL_VALUES),
    st.builds("{} {} {}".format, _ESQL_VALUES, st.sampled_from(["==", "!=", ">", "<="]), _COLUMNS),
    st.builds("{} {} ({})".format, _COLUMNS, st.sampled_from(["in", "NOT IN"]), _ESQL_LISTS),
    st.builds("{} {} {}".format, _COLUMNS, st.sampled_from(["LIKE", "not rlike"]), _ESQL_PATTERN),
    st.builds(
        "{} {} ({}, {}, user)".format, _COLUMNS, st.sampled_from(["not LIKE", "rlike"]), _ESQL_PATTERN, _ESQL_PATTERN
    ),
    st.builds("{} is {}".format, _COLUMNS, st.sampled_from(["null", "not null"])),
    st.builds("{} : {}".format, _COLUMNS, _ESQL_VALUES),
    st.builds(
        "{}({}, {})".format,
        st.sampled_from(["starts_with", "Ends_With", "CONTAINS", "cidr_match", "match", "mv_contains"]),
        _COLUMNS,
        _ESQL_VALUES,
    ),
    st.builds("mv_intersects({}, [{}])".format, _COLUMNS, _ESQL_LISTS),
    st.builds("true in (starts_with({}, {}), {} == 1)".format, _COLUMNS, _ESQL_TEXTS, _COLUMNS),
    st.builds("length({} ) > {} + length(user)".format, FIELDS, st.integers(0, 9)),
    st.builds("(user == {}) is not null".format, _ESQL_TEXTS),
    st.builds('kql("""{}: (a or not b*) and "c d" """)'.format, FIELDS),
    st.builds('qstr("{}:[1 TO 2] OR NOT user:(c d?)")'.format, FIELDS),
    _COLUMNS,
)


def _read_esql(text: str) -> Reading:
    return read_esql(text, {"kql": read_kql, "lucene": read_lucene})


ESQL = Language(
    read=_read_esql,
    printed=print_esql,
    start=(
        "from a | eval e = length(host.name) | inline stats s = max(user), n = count(*) by process.pid"
        ' | dissect user "%{g h}" | enrich policy on user with l | where '
    ),
    condition="a == 1",
    conditions=combined(_ESQL_TESTS),
    signs="()[]{}:=!<>\"'`\\*?|~,./+-% \n",
    words=(
        "where", "eval", "stats", "by", "from", "fork", "(", "| where", "kql(", "qstr(", "case(", "like", "rlike", "in",
        "is", "null", "grok", "dissect", '"""', "inline stats", "rename", "as", "enrich", "on", "with", "/*", "//",
    ),
    broken='a{} == "\\q"',
)  # fmt: skip

_SPL_TEXTS = TEXTS.map(quoted)
_SPL_TESTS = st.one_of(
    st.builds("{}{}{}".format, FIELDS, st.sampled_from(["=", "!=", ">", "<="]), _SPL_TEXTS),
    st.builds("{}=*{}*".format, FIELDS, WORDS),
    st.builds('{} IN ({}, "x*", 10.0.0.0/8)'.format, FIELDS, _SPL_TEXTS),
    st.sampled_from(["word", '"two words"', "`odd(x)`", "a=*", "b!=p*q", "c=fd00::/8", r'"*\\a"', r"d=*\x\*"]),
)
SPL = Language(
    read=read_spl,
    printed=print_spl,
    start="search ",
    condition="a=1",
    conditions=combined(_SPL_TESTS, UPPER),
    signs="()[]=!<>\"'`\\*|,.$% \n",
    words=(
        "IN",
        "| where",
        "| eval x=",
        "| stats count by",
        "[search",
        "like(",
        "if(",
        "| rex",
        "| lookup",
        "as",
        "```",
    ),
    broken="a{}=(",
    connectives=UPPER,
    unprinted=("base_fields",),
)

_LANGUAGES = {"kql": KQL, "eql": EQL, "esql": ESQL, "spl": SPL}
languages = pytest.mark.parametrize("language", _LANGUAGES.values(), ids=_LANGUAGES)


@languages
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda function: function.__name__)
@given(data=st.data())
@settings(deadline=None)
def test_property(language: Language, holds: Callable[[Language, Draw], None], data: st.DataObject) -> None:
    holds(language, data.draw)


@languages
@pytest.mark.parametrize("holds", BOUNDS, ids=lambda function: function.__name__)
def test_bound(language: Language, holds: Callable[[Language], None]) -> None:
    holds(language)
