"""ES|QL where case files cannot show it: every word of a WHERE, trees that are printed, real rules and their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lark import Token

from detections.analysis.analysis import analyse
from detections.analysis.draft import draft
from detections.documents.toml import load_toml
from detections.languages.esql.functions import EMBEDDED
from detections.languages.esql.pipeline import Splitter
from detections.languages.esql.printer import printed
from detections.languages.esql.reader import grammar, read
from detections.languages.kql.reader import read as read_kql
from detections.languages.lucene.reader import read as read_lucene
from detections.languages.parsing import Findings, span
from detections.languages.tree import KEYWORDS, Branch, Condition, Reading, walk
from detections.languages.tree import Test as Value
from tests.languages.properties import bare
from tests.languages.test_cases import _cases

_EMBEDDED = {"kql": read_kql, "lucene": read_lucene}
# Between tests: connectives, brackets, the ends of a command, and `true IN (..., ...)`, which is an OR.
_OPERATORS = frozenset({"AND", "OR", "NOT", "LPAR", "RPAR", "WHERE", "PIPE", "SEMICOLON", "BOOLEAN", "IN", "COMMA"})


def _left_over(query: str, reading: Reading) -> list[str]:
    """The tokens of WHERE commands that no condition, operator or problem accounts for."""
    places = [(condition.start, condition.end) for condition, _ in walk(reading.tree)]
    places += [(problem.start or 0, problem.end or 0) for problem in reading.problems]
    findings = Findings(query)
    stack = list(Splitter(grammar().scan(query, findings) or [], findings).pipeline())
    lost: list[str] = []
    while stack:
        command = stack.pop()
        stack.extend(inner for search in command.searches for inner in search)
        if command.terminal == "WHERE":
            lost += [str(token) for token in command.tokens if not _told(token, places)]
    return lost


def _told(token: Token, places: list[tuple[int, int]]) -> bool:
    first, last = span(token)
    connective = token.type in _OPERATORS or (token.type == "NAME" and token.lower() in EMBEDDED)
    return connective or any(start < last and first < end for start, end in places)


@pytest.mark.parametrize(
    "query",
    [
        'from a | where not (x == 1 or y like ("a*", "b")) and starts_with(z, "c")',
        'from a | where true in (w : "d", v is null)',
        'from a | where kql("x : 1 and y : 2") and qstr("z:[1 TO 2]") or u::long + 1 > 2 * 3',
        'from a | where x == 1 y == 2 | where z in and w = 3 | where "v" or (u == 4',
        "from a | fork (where x == 1 | where y) (where not z) | where date_diff(\"hour\", x, y) <= 3 and w == 'q'",
    ],
)
def test_every_token_of_a_where_is_told(query: str) -> None:
    assert _left_over(query, read(query, _EMBEDDED)) == []


def test_the_count_of_lost_tokens_sees_a_loss() -> None:
    query = "from a | where x == 1 and y == 2"
    assert _left_over(query, read("from a | where x == 1")) == ["y", "==", "2"]


def test_without_readers_an_embedded_query_is_one_test_of_its_text() -> None:
    reading = read('from a | where kql("x : 1") and y == 2')
    assert [(c.field, test.value) for c, _ in walk(reading.tree) for test in c.tests] == [
        (KEYWORDS, "x : 1"),
        ("y", "2"),
    ]
    assert reading.parse == "partial"
    assert "cannot be read here" in reading.problems[0].message


# A branch that lets every row pass is no condition of a tree.
_UNPRINTED = {"from a | fork (where y == 2) (sort z) | where x == 1": "another branch"}


@pytest.mark.parametrize("query", [case.values[1]["query"] for case in _cases() if case.values[0] == "esql"])
def test_the_tree_of_a_case_is_printed_and_reads_back(query: str) -> None:
    tree = read(query, _EMBEDDED).tree
    if query in _UNPRINTED:
        with pytest.raises(ValueError, match=_UNPRINTED[query]):
            printed(tree)
    else:
        again = read(printed(tree), _EMBEDDED)
        assert bare(again.tree) == bare(tree), printed(tree)
        assert again.parse == "full", (printed(tree), again.problems)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("from a | keep x", "FROM *"),
        ('from a | where x == "1" | where y.z != "007"', 'FROM * | WHERE x == 1 AND NOT y.z == "007"'),
        ("from a | where x is null or not `y z` is null", "FROM * | WHERE x IS NULL OR NOT `y z` IS NULL"),
        (
            'from a | where starts_with(x, "C:\\\\a*") and length( y ) > 5',
            'FROM * | WHERE x LIKE "C:\\\\\\\\a\\\\**" AND (length(y)) > 5',
        ),
        (
            "from a | where x == 1 | stats n = count(*), m = max(y) by x | where n > 1 and m == z and n < 9",
            "FROM * | WHERE x == 1 | INLINE STATS n = VALUES(NOW()) | INLINE STATS m = VALUES(CONCAT(y))"
            " | WHERE n > 1 AND m == z AND n < 9",
        ),
    ],
)
def test_what_is_printed(query: str, text: str) -> None:
    assert printed(read(query).tree) == text


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (Condition("x", (Value("wildcard", "C:\\a*b"),)), "backslash alone"),
        (Condition("x", (Value("in", "a"), Value("regex_match", "b"))), "no list of in and regex_match"),
        (Condition("x\ny", (Value("eq", "a"),)), "cannot name a column"),
        (Condition("f" * 1000, (Value("eq", "a"),), derived="function"), "longer than"),
        (Condition("x", (Value("eq", "a"),), derived="rex"), "cannot compute the column x"),
        (Condition("a}b", (Value("eq", "a"),), derived="grok"), "cannot compute the column a}b"),
        (
            Branch("and", (
                Condition("x", (Value("eq", "a"),), derived="eval", base_fields=("y",)),
                Condition("x", (Value("eq", "a"),)),
            )),
            "a field again",
        ),
        (
            Branch("and", (
                Condition("x", (Value("eq", "a"),), derived="eval", base_fields=("y",)),
                Condition("z", (Value("eq", "a"),), derived="eval", base_fields=("x",)),
            )),
            "cannot compute the column z",
        ),
        (Branch("sequence", ()), "A sequence cannot"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_refused(tree: Branch | Condition, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        printed(tree)


def test_conditions_of_computed_columns_are_shown_and_not_counted() -> None:
    case = 'case(process.name == "x", true, not user.name in ("y"), false)'
    query = f'from a | eval odd = {case} | where odd and host.id == "z"'
    found = analyse(draft("esql", query)).predicates
    assert [(row.place, row.condition.field, row.value, row.negated, row.counted) for row in found] == [
        ("", "odd", "true", False, False),
        ("", "host.id", "z", False, True),
        ("computed", "process.name", "x", False, False),
        ("computed", "user.name", "y", True, False),
    ]


def _rules(corpora: Path) -> Iterator[tuple[str, str]]:
    folder = corpora / "corpora" / "elastic"
    for file in sorted(folder.glob("rules*/**/*.toml")):
        rule = load_toml(file.read_text(encoding="utf-8")).get("rule", {})
        if rule.get("type") == "esql":
            yield file.relative_to(folder).as_posix(), rule["query"]


@pytest.mark.corpora
def test_real_queries_are_read_in_full_and_lose_no_token(corpora: Path) -> None:
    count = 0
    for name, query in _rules(corpora):
        reading = read(query, _EMBEDDED)
        assert reading.parse == "full", (name, reading.problems)
        assert _left_over(query, reading) == [], name
        for condition, _ in walk(reading.tree):
            for test in condition.tests:
                assert condition.start <= test.start < test.end <= condition.end, (name, test)
        count += 1
    assert count >= 209


@pytest.mark.corpora
def test_real_queries_are_printed_and_read_back(corpora: Path) -> None:
    """Places and spellings aside, and the fields behind an expression that reads computed columns."""
    count = 0
    for name, query in _rules(corpora):
        tree = read(query, _EMBEDDED).tree
        again = read(printed(tree), _EMBEDDED).tree
        assert bare(again, ("base_fields",)) == bare(tree, ("base_fields",)), (name, printed(tree))
        count += 1
    assert count >= 209


@pytest.mark.corpora
def test_real_queries_match_their_labels(corpora: Path) -> None:
    """Predicates, whether they are derived and why; embedded KQL is no reason to be derived."""
    queries = dict(_rules(corpora))
    with (corpora / "labels" / "elastic_esql_sample.jsonl").open(encoding="utf-8") as lines:
        rules = [json.loads(line) for line in lines]
    assert rules
    for rule in rules:
        assert _found(queries[rule["path"]]) == {_labelled(row) for row in rule["predicates"]}, rule["path"]


def _labelled(row: dict[str, Any]) -> tuple[str, str, str, bool, str]:
    return row["field"], row["op"], row["value"], row["negated"], row["via"] if row.get("derived") else ""


def _found(query: str) -> set[tuple[str, str, str, bool, str]]:
    return {
        (condition.field, test.operator, test.value, negated, condition.derived)
        for condition, negated in walk(read(query, _EMBEDDED).tree)
        for test in condition.tests
    }
