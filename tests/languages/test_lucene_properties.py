"""What holds for every query of Lucene, whatever stands in it (`properties.py`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detections.languages.lucene.printer import printed
from detections.languages.lucene.reader import read
from detections.languages.tree import walk
from tests.languages.properties import (
    BOUNDS,
    FIELDS,
    PROPERTIES,
    TEXTS,
    UPPER,
    WORDS,
    Draw,
    Language,
    combined,
    quoted,
)

_PATTERNS = st.lists(
    st.one_of(
        WORDS.map("k{}".format), st.sampled_from(["*", "?", r"\*", r"\?", r"\\", r"\:", r"\ ", r"\u002a", r"\AND", "-"])
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: "".join(parts).lstrip("-") or "k")
_VALUES = st.one_of(
    _PATTERNS,
    TEXTS.map(quoted),
    st.builds("{}~{}".format, WORDS.map("k{}".format), st.sampled_from(["", "0.5", "^2"])),
    st.sampled_from([r"/a[b]\/c/", r"/\\\//", "//", '"10.0.0.0/8"', r"10.0.0.0\/8", "TO"]),
)
_BOUNDS = st.one_of(TEXTS.map(quoted), st.sampled_from(["*", "-5", "2021-03-04T05:06:07", "a*"]))
_RANGES = st.one_of(
    st.builds("{}{} TO {}{}".format, st.sampled_from("[{"), _BOUNDS, _BOUNDS, st.sampled_from("]}")),
    st.builds("{}{}".format, st.sampled_from([">", ">=", "<", "<="]), st.one_of(TEXTS.map(quoted), st.just("-1"))),
)


def _mixed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Members in brackets, with signs before them and any connective, or none, between two."""
    signed = st.builds("{}{}".format, st.sampled_from(["", "", "+", "-", "NOT ", "!"]), inner)
    joined = st.builds("{}{}".format, st.sampled_from([" ", " OR ", " AND ", " && ", " || "]), signed)
    return st.builds("({}{})".format, signed, st.lists(joined, max_size=3).map("".join))


_LISTS = _mixed(st.recursive(st.one_of(_VALUES, _RANGES, st.just("user:x")), _mixed, max_leaves=6))
_TESTS = st.one_of(
    st.builds("{}:{}".format, FIELDS, st.one_of(_VALUES, _RANGES)),
    st.builds("{}:{}".format, st.one_of(FIELDS, st.sampled_from(["*", r"\AND", "a*", r"x\-\ y"])), _LISTS),
    st.builds("_exists_:{}".format, FIELDS),
    _VALUES,
)
LUCENE = Language(
    read=read,
    printed=printed,
    start="",
    condition="a:1",
    conditions=combined(st.one_of(_TESTS, _mixed(_TESTS)), UPPER),
    signs='():[]{}<>="\\*?/+-!&|^~ \n',
    words=("TO", "and", "_exists_:", "&&", "||"),
    broken="a{}:b:c",
    connectives=UPPER,
)


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda function: function.__name__)
@settings(deadline=None)
@given(data=st.data())
def test_property(holds: Callable[[Language, Draw], None], data: st.DataObject) -> None:
    holds(LUCENE, data.draw)


@pytest.mark.parametrize("holds", BOUNDS, ids=lambda function: function.__name__)
def test_bound(holds: Callable[[Language], None]) -> None:
    holds(LUCENE)


def test_a_list_of_addresses_as_long_as_a_text_may_be_is_read() -> None:
    query = "ip:(" + " OR ".join(f"10.1.{number // 256}.{number % 256}" for number in range(18_000)) + ")"
    (condition, _), *others = walk(read(query).tree)
    assert (len(condition.tests), others) == (18_000, [])
