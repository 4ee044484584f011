"""What holds for every filter in Elasticsearch's query DSL, whatever stands in it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detections.documents.decoding import unstorable
from detections.languages.dsl.reader import MAX_LENGTH, MAX_PROBLEMS, read
from detections.languages.lucene.reader import read as read_lucene
from detections.languages.tree import MAX_DEPTH, Reading, depth, walk
from tests.languages.properties import FIELDS, WORDS

_EMBEDDED = {"lucene": read_lucene}
_OF_FIELDS = ("term", "terms", "match", "match_phrase", "prefix", "regexp", "wildcard", "range")
_WRONG = ("bool", "exists", "query_string", "match_all", "geo_shape", "meta", "query", "")
_TEXTS = st.text(st.characters(exclude_categories=[]), max_size=6)
_SCALARS = st.one_of(
    _TEXTS, st.integers(), st.floats(), st.booleans(), st.none(), st.sampled_from(["*", "a\\*b?", "[1 TO"])
)
_KEYS = st.one_of(
    st.sampled_from([
        *_OF_FIELDS, *_WRONG, "must", "must_not", "should", "filter", "value", "field", "gte", "negate", "disabled",
        "minimum_should_match", "default_field", "default_operator", "fields",
    ]),
    _TEXTS,
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4))
)
_VALUES = st.one_of(WORDS, st.integers(0, 9), st.booleans())


def _of_field(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda field, value: {name: {field: value}}, FIELDS, values)


_LEAVES = st.one_of(
    *(_of_field(name, _VALUES) for name in ("term", "match", "match_phrase", "prefix", "regexp")),
    _of_field("wildcard", st.one_of(WORDS, st.just("*a?"), st.just({"value": "?:\\\\x*", "case_insensitive": True}))),
    _of_field("terms", st.lists(_VALUES, min_size=1, max_size=4)),
    _of_field("range", st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), _VALUES, min_size=1)),
    FIELDS.map(lambda field: {"exists": {"field": field}}),
    st.builds("{}:({} OR k{}*)".format, FIELDS, WORDS.map("k{}".format), WORDS).map(
        lambda query: {"query_string": {"query": query}}
    ),
)
_QUERIES = st.recursive(
    _LEAVES,
    lambda inner: st.dictionaries(
        st.sampled_from(["must", "filter", "should", "must_not"]),
        st.one_of(inner, st.lists(inner, max_size=3)),
        max_size=3,
    ).map(lambda groups: {"bool": {**groups, "minimum_should_match": 1}}),
    max_leaves=8,
)


def _read(value: Any) -> Reading:
    return read(json.dumps(value), _EMBEDDED)


def _predicates(reading: Reading, flipped: bool = False) -> Counter[tuple[str, str, str, bool]]:
    return Counter(
        (condition.field, test.operator, test.value, negated)
        for condition, negated in walk(reading.tree, flipped)
        for test in condition.tests
    )


def _assert_sound(reading: Reading) -> None:
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert (reading.parse == "full") == (not errors)
    assert reading.parse != "partial" or reading.tree is not None
    assert len(reading.problems) <= MAX_PROBLEMS
    for problem in reading.problems:
        assert not unstorable(problem.message) and not unstorable(problem.snippet)
    for condition, _ in walk(reading.tree):
        assert condition.tests and not unstorable(condition.field + condition.path)
        assert (condition.start, condition.end) == (0, 0)
        for test in condition.tests:
            assert not unstorable(test.value + (test.raw or "")) and (test.start, test.end) == (0, 0)


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    _assert_sound(read(text, _EMBEDDED))


@settings(deadline=None)
@given(value=_JSON)
def test_no_json_raises(value: Any) -> None:
    for whole in (value, {"query": value}, [{"meta": value, "query": {"bool": value}}], {"query": {"range": value}}):
        _assert_sound(_read(whole))


@settings(deadline=None)
@given(name=st.sampled_from([*_OF_FIELDS, *_WRONG]), body=_JSON, field=st.one_of(FIELDS, _TEXTS))
def test_no_body_of_a_clause_raises(name: str, body: Any, field: str) -> None:
    for held in (body, {field: body}, {field: {"value": body}}, {"query": body, "fields": body}):
        _assert_sound(_read({"query": {name: held}}))


@settings(deadline=None)
@given(query=_QUERIES, data=st.data())
def test_no_damage_to_a_filter_raises(query: Any, data: st.DataObject) -> None:
    text = json.dumps({"query": query})
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, min(len(text), first + 5)))
    _assert_sound(read(text[:first] + data.draw(st.text('{}[]:,"\\u0*', max_size=3)) + text[last:], _EMBEDDED))


@settings(deadline=None)
@given(query=_QUERIES)
def test_a_valid_filter_is_read_in_full(query: Any) -> None:
    reading = _read({"meta": {"negate": False}, "query": query})
    assert reading.parse == "full", reading.problems
    _assert_sound(reading)


@settings(deadline=None)
@given(query=_QUERIES)
def test_a_negation_flips_every_polarity(query: Any) -> None:
    plain = _read({"query": query})
    assert _predicates(_read({"meta": {"negate": True}, "query": query})) == _predicates(plain, flipped=True)
    assert _predicates(_read({"query": {"bool": {"must_not": query}}})) == _predicates(plain, flipped=True)


@settings(deadline=None)
@given(queries=st.lists(_QUERIES, min_size=2, max_size=5), data=st.data())
def test_the_order_of_alternatives_changes_nothing(queries: list[Any], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(queries))
    one, other = (_read({"query": {"bool": {"should": order}}}) for order in (queries, shuffled))
    assert _predicates(one) == _predicates(other)
    whole = Counter[tuple[str, str, str, bool]]()
    for query in queries:
        whole += _predicates(_read({"query": query}))
    assert _predicates(one) == whole


@pytest.mark.parametrize("times", [1, 40, 60, 300, 900, 20_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [('{"bool": {"must_not": ', "}}"), ('{"bool": {"must": [', "]}}"), ('{"x": ', "}"), ('{"term": ', "}"), ("[", "]")],
)
def test_depth_is_bounded(before: str, after: str, times: int) -> None:
    leaf = '{"term": {"a": "b"}}'
    for whole in ("{}", '{{"query": {}}}', '[{{"query": {}}}]'):
        reading = read(whole.format(before * times + leaf + after * times), _EMBEDDED)
        _assert_sound(reading)
        assert depth(reading.tree) <= 60


def test_a_query_string_as_deep_as_lucene_allows_is_read() -> None:
    query = "NOT (a:1 AND " * (MAX_DEPTH - 2) + "b:2" + ")" * (MAX_DEPTH - 2)
    reading = _read({"query": {"query_string": {"query": query}}})
    assert reading.parse == "full"
    _assert_sound(reading)


@pytest.mark.parametrize("piece", ["[", "{", '{"query":', '"', "\\", "[1],", '{"a":{"b":1}},', "-", "1", "1.", "true,"])
def test_a_piece_repeated_to_the_bound_is_read_or_refused(piece: str) -> None:
    for text in (piece * (MAX_LENGTH // len(piece)), "[" + (piece * (MAX_LENGTH // len(piece) - 2)).rstrip(",") + "]"):
        _assert_sound(read(text, _EMBEDDED))


def test_many_problems_are_cut_short() -> None:
    reading = _read([{"query": {"geo_shape": {}}}] * 500)
    assert (len(reading.problems), reading.parse) == (MAX_PROBLEMS, "none")
    assert "more findings" in reading.problems[-1].message


def test_length_is_bounded() -> None:
    reading = _read([{"query": {"term": {"a": "b" * MAX_LENGTH}}}])
    assert (reading.parse, len(reading.problems)) == ("none", 1)
