"""SPL against its case files, by properties, and over the public detections.

A case has the shape of `test_cases.py`, with `macros` (name: definition), and `tree`: the connectives above the fields
as {and: [...]}, {or: [...]} and {not: [...]}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from detections.documents.yaml import load_mapping
from detections.languages.parsing import MAX_LENGTH, Findings
from detections.languages.spl.commands import TESTING
from detections.languages.spl.lowering import Lowering
from detections.languages.spl.macros import Expander
from detections.languages.spl.nodes import Command, Search
from detections.languages.spl.pipeline import split
from detections.languages.spl.printer import printed
from detections.languages.spl.reader import read
from detections.languages.tree import Condition, Node, Reading, walk
from detections.vendors.splunk import read_with
from tests.languages.test_cases import _labels, _predicates

_FOLDER = Path(__file__).with_name("cases") / "spl"


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{number}")
        for file in sorted(_FOLDER.glob("*.yaml"))
        for number, case in enumerate(yaml.safe_load(file.read_text(encoding="utf-8")), 1)
    ]


def _shape(node: Node) -> Any:
    return node.field if isinstance(node, Condition) else {node.kind: [_shape(child) for child in node.children]}


def _told(case: dict[str, Any], reading: Reading) -> dict[str, Any]:
    conditions = [condition for condition, _ in walk(reading.tree)]
    told: dict[str, Any] = {
        "predicates": _predicates(reading.tree),
        "parse": reading.parse,
        "beside": [[beside.place, *row] for beside in reading.beside for row in _predicates(beside.tree)],
        "labels": _labels(reading.tree),
        "paths": [condition.path for condition in conditions],
        "derived": [[condition.derived, *condition.base_fields] for condition in conditions],
        "comparators": [test.comparator for condition in conditions for test in condition.tests],
        "raw": [test.raw for condition in conditions for test in condition.tests],
        "written": [case["query"][condition.start : condition.end] for condition in conditions],
        "marked": [case["query"][test.start : test.end] for condition in conditions for test in condition.tests],
        "tree": _shape(reading.tree) if reading.tree is not None else None,
    }
    return {key: value for key, value in told.items() if key in case}


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any]) -> None:
    reading = read(case["query"], case.get("macros"))
    case = {"parse": "full", "problems": [], **case}
    expected = {key: value for key, value in case.items() if key not in ("query", "problems", "why", "macros")}

    assert _told(case, reading) == expected
    assert len(reading.problems) == len(case["problems"]), reading.problems
    for problem, said in zip(reading.problems, case["problems"], strict=True):
        severity, line, column, part = said if isinstance(said, list) else ("error", problem.line, problem.column, said)
        assert (problem.severity, problem.line, problem.column) == (severity, line, column), problem
        assert part in problem.message


# Every word of a test belongs to a condition, an operator, or a leftover with a name. The words are found here with an
# expression of its own, so that what the scanner overlooks is seen.

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_HIDDEN = re.compile(rf"{_QUOTED}|\\.", re.DOTALL)
_SEARCH_WORD = re.compile(rf"{_QUOTED}|`[^`]*`|(?:\\\S|\\(?=\s|$)|![^=\s]|[^\s()=<>!,\"\\`])+", re.DOTALL)
_EVAL_WORD = re.compile(rf"{_QUOTED}|'[^']*'|`[^`]*`|[\w.{{}}@$]+", re.DOTALL)
_OPERATORS = {"search": {"AND", "OR", "NOT", "IN"}, "where": {"and", "or", "xor", "not", "in", "like"}}
_FUNCTIONS = {"match", "like", "cidrmatch", "isnull", "isnotnull", "lower", "upper", "in", "searchmatch", "true"}


def _commands(search: Search) -> Iterator[Command]:
    for command in search.commands:
        yield command
        for inner in command.searches:
            yield from _commands(inner)


def _region(text: str, command: Command) -> tuple[int, int]:
    """Where the tests of a command stand: all of it, or what is between `where` and `by`."""
    if command.name not in ("tstats", "mstats"):
        return command.begin, command.end
    masked = _HIDDEN.sub(lambda match: "~" * len(match.group()), text[: command.end])
    for search in command.searches:
        masked = masked[: search.start] + "~" * (search.end - search.start) + masked[search.end :]
    begin = re.compile(r"\bwhere\b", re.IGNORECASE).search(masked, command.begin)
    if begin is None:
        return command.end, command.end
    ends = [match.start() for match in re.compile(r"\bby\b", re.IGNORECASE).finditer(masked, begin.end())]
    return begin.end(), ends[-1] if ends else command.end


def _unaccounted(text: str) -> list[str]:
    """The words of an expanded search that belong to nothing."""
    findings = Findings(text)
    lowering = Lowering(text, lambda start, end: (start, end), findings, Expander({}, Findings(text)))
    conditions = [condition for condition, _ in walk(lowering.lower())]
    named = [(start, end) for start, end, _ in lowering.context.passed]
    named += [(problem.start, problem.end) for problem in findings.problems if problem.severity == "error"]
    begun: set[int] = set()
    missing = []
    for command in _commands(split(text, Findings(text))):
        if command.name and command.name not in TESTING:
            continue
        kind = "where" if command.name == "where" else "search"
        begin, end = _region(text, command)
        pattern = _EVAL_WORD if kind == "where" else _SEARCH_WORD
        holes = [(search.start - 1, search.end + 1) for search in command.searches]
        for match in pattern.finditer(text, begin, end):
            start, stop = match.span()
            word = match.group() if kind == "search" else match.group().lower()
            if any(first <= start < last for first, last in (*holes, *named)):
                continue
            owners = [condition for condition in conditions if condition.start <= start and stop <= condition.end]
            if not owners:
                if word not in _OPERATORS[kind]:
                    missing.append(match.group())
            elif not any(test.start <= start and stop <= test.end for owner in owners for test in owner.tests):
                if word in _OPERATORS[kind] or (kind == "where" and word in _FUNCTIONS):
                    continue
                first = owners[0].start not in begun  # the field as written, which a rename may have followed back
                begun.add(owners[0].start)
                names = {name for owner in owners for name in _EVAL_WORD.findall(owner.field.lower())}
                if not first and not names & set(_EVAL_WORD.findall(word.strip("\"'").lower())):
                    missing.append(match.group())
    return missing


@pytest.mark.parametrize("case", [case for case in _cases() if "parse" not in case.values[0]])
def test_every_word_of_a_test_is_accounted_for(case: dict[str, Any]) -> None:
    findings = Findings(case["query"])
    assert _unaccounted(Expander(case.get("macros") or {}, findings).expand(case["query"]).text) == []


def test_a_word_that_nothing_accounts_for_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: when lists lose a member or a term is not lowered, it says so."""
    from detections.languages.spl.search import SearchLowering

    monkeypatch.setattr(SearchLowering, "_keyword", lambda self, token: None)
    assert _unaccounted("a=1 lost") == ["lost"]
    one = SearchLowering._one
    monkeypatch.setattr(
        SearchLowering, "_one", lambda self, value, plain: None if value == "y" else one(self, value, plain)
    )
    assert _unaccounted("a IN (x, y)") == ["y"]


@pytest.fixture(scope="module")
def detections(corpora: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The searches of the public detections by path, and their macros."""
    root = corpora / "corpora" / "splunk"
    found = {}
    for file in sorted((root / "detections").rglob("*.yml")):
        name = str(file.relative_to(root))
        found[name] = str(load_mapping(file.read_text(encoding="utf-8"), name).value["search"])
    return found, dict(read_with(root).texts)


@pytest.mark.corpora
def test_every_public_search_is_read(detections: tuple[dict[str, str], dict[str, str]]) -> None:
    searches, macros = detections
    assert len(searches) == 1711
    different = {path: reading for path, text in searches.items() if (reading := read(text, macros)).parse != "full"}
    assert different == {}


@pytest.mark.corpora
def test_every_word_of_every_public_test_is_accounted_for(detections: tuple[dict[str, str], dict[str, str]]) -> None:
    searches, macros = detections
    lost = {}
    for path, text in searches.items():
        missing = _unaccounted(Expander(macros, Findings(text)).expand(text).text)
        if missing:
            lost[path] = missing
    assert lost == {}


@pytest.mark.corpora
def test_places_are_inside_the_query_as_written(detections: tuple[dict[str, str], dict[str, str]]) -> None:
    searches, macros = detections
    for path, text in searches.items():
        for condition, _ in walk(read(text, macros).tree):
            assert 0 <= condition.start < condition.end <= len(text), (path, condition)
            for test in condition.tests:
                assert condition.start <= test.start < test.end <= condition.end, (path, condition)
                written = text[test.start : test.end]
                if test.operator == "eq" and "`" not in written and " IN " not in written and "map" not in text:
                    assert test.value.replace("\\", "") in written.replace("\\", ""), (path, condition)


# Properties

_NAMES = st.sampled_from(["a", "user", "b.c", "d{}.e", '"f.g"'])
_VALUES = st.text(st.characters(codec="utf-8", exclude_characters='"\\|', exclude_categories=["C"]), max_size=8)
_MACROS = {"m": "a=1 OR b=2", "n": "`m` c=3", "p(1)": '{"definition": "$x$=4 | search d=5", "arguments": ["x"]}'}
_FRAGMENTS = st.lists(
    st.sampled_from([
        "a", "=", "!=", ">", "(", ")", "[", "]", "|", '"', "'", "`", "`m`", "`n`", "`p(q)`", "```", "\\", ",", " ", "*",
        "AND", " OR ", " NOT ", " IN ", "| where ", "| search ", "| eval x=", "| stats count by ", "| join ", "%", "é",
        "| map search=", "| tstats count where ", " by ", "like(", "if(", "case(", "[search ", "| append ", "| rex ",
        "| lookup ", "| rename ", " as ", "<<FIELD>>", "$t$", "1.5", "10.0.0.0/8", "\n",
    ]),
    max_size=60,
)  # fmt: skip


@given(_FRAGMENTS)
@settings(max_examples=400, deadline=None)
def test_nothing_makes_it_raise(fragments: list[str]) -> None:
    text = "".join(fragments)
    reading = read(text, _MACROS)
    assert reading.parse == "full" or reading.problems
    for problem in reading.problems:
        assert 0 <= (problem.start or 0) <= (problem.end or 0) <= len(text)
    for condition, _ in walk(reading.tree):
        assert 0 <= condition.start <= condition.end <= len(text)
        assert all(condition.start <= test.start <= test.end <= condition.end for test in condition.tests)


@pytest.mark.parametrize("fragment", ["(", "[", "NOT ", "a=b ", '"', "| x", "`p(", "\\", "| eval a=b,", "a IN ("])
def test_a_fragment_repeated_to_the_bound_is_read_or_refused(fragment: str) -> None:
    text = (fragment * MAX_LENGTH)[:MAX_LENGTH]
    reading = read(text, {})
    assert reading.parse == "full" or reading.problems


def test_a_longer_text_is_refused() -> None:
    reading = read("a" * (MAX_LENGTH + 1))
    assert reading.parse == "none"
    assert "at most" in reading.problems[0].message


@pytest.mark.parametrize("begin", ["", "| where ", "| eval x=", "| tstats count where "])
@pytest.mark.parametrize("opening", ["(", "NOT ", "[search "])
def test_depth_is_bounded(begin: str, opening: str) -> None:
    closing = "]" if "[" in opening else ")" if "(" in opening else ""
    reading = read(f"{begin}{opening * 600}a=1{closing * 600}")
    assert reading.parse == "none"
    assert any("deep" in problem.message for problem in reading.problems)


def test_searches_inside_maps_inside_searches_are_read_to_the_bound() -> None:
    text = "a=1"
    for _ in range(3):
        text = "search " + "[search " * 19 + text + "]" * 19
        text = '| map search="' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    reading = read(text)
    assert any("deep in itself" in problem.message for problem in reading.problems)


@given(_NAMES, _VALUES)
@settings(max_examples=200, deadline=None)
def test_negating_a_search_flips_every_polarity(name: str, value: str) -> None:
    text = f'{name}="{value}" (x>1 OR NOT y IN (p, "q*")) z!=2'
    plain = _predicates(read(text).tree)
    assert plain
    assert _predicates(read(f"NOT ({text})").tree) == [[*row[:3], not row[3]] for row in plain]


@given(st.permutations(["a=1", 'b="x y"', "NOT c=*z", "(d>2 e<3)", "f IN (g, h)"]))
@settings(max_examples=50, deadline=None)
def test_the_order_of_an_or_changes_nothing(members: list[str]) -> None:
    def said(text: str) -> set[tuple[Any, ...]]:
        return {tuple(row) for row in _predicates(read(text).tree)}

    assert said(" OR ".join(members)) == said(" OR ".join(sorted(members)))


@given(st.lists(_VALUES.filter(lambda value: "`" not in value and "*" not in value), min_size=2, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_macro_says_what_its_text_says(values: list[str]) -> None:
    held = " OR ".join(f'a="{value}"' for value in values)
    plain = _predicates(read(f"({held}) b=1").tree)
    assert _predicates(read("(`held`) b=1", {"held": held}).tree) == plain
    assert (
        _predicates(
            read("`wrap(held)` b=1", {"held": held, "wrap(1)": '{"definition": "(`$x$`)", "arguments": ["x"]}'}).tree
        )
        == plain
    )


_TESTS = st.one_of(
    st.builds("{}{}{}".format, _NAMES, st.sampled_from(["=", "!=", ">", "<="]), _VALUES.map('"{}"'.format)),
    st.builds('{}="{}*"'.format, _NAMES, _VALUES),
    st.builds('{} IN ("{}", "x*", 10.0.0.0/8)'.format, _NAMES, _VALUES),
    st.sampled_from(["word", '"two words"', "`odd(x)`", "a=*", "b!=p*q", "c=fd00::/8", r'"*\\a"', r"d=*\x\*"]),
)
_WHERE_TESTS = st.one_of(
    st.builds("x{}{}".format, st.sampled_from(["=", "!=", ">", "<="]), _VALUES.map('"{}"'.format)),
    st.builds('like(x, "%{}")'.format, _VALUES.filter(lambda value: "%" not in value)),
    st.sampled_from([
        'match(x, "^a\\d(b|c)$")', "isnull('y.z')", "a=b", "c>'d.e'", "match(a, b)", "cidrmatch(a, b)", "a LIKE b",
        'cidrmatch("10.0.0.0/8", a)', 'x IN ("p*", "q")', 'x="a*"', 'x="1.2.3.4/8"', "`odd`", "x=1",
        'searchmatch("p q")',
    ]),
)  # fmt: skip


def _combined(tests: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            inner.map("NOT ({})".format),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        ),
        max_leaves=8,
    )


def _bare(node: Node | None) -> Node | None:
    """A tree without places, spellings, and what columns were made of."""
    if isinstance(node, Condition):
        tests = tuple(replace(test, start=0, end=0, raw=None) for test in node.tests)
        return replace(node, tests=tests, start=0, end=0, path="", base_fields=())
    if node is None:
        return None
    return replace(node, children=tuple(_bare(child) for child in node.children), start=0, end=0)


@given(_combined(_TESTS), st.lists(_combined(_WHERE_TESTS), max_size=2))
@settings(max_examples=300, deadline=None)
def test_a_printed_tree_reads_back_to_itself(search: str, conditions: list[str]) -> None:
    tree = read(" | where ".join([search, *conditions])).tree
    assert _bare(read(printed(tree)).tree) == _bare(tree), printed(tree)


@pytest.mark.parametrize("text", ["| stats count as n | where n>1", "a=1 | join b [search c=2]", "| where len(a)>2"])
def test_what_cannot_be_printed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"computed|cannot be written"):
        printed(read(text).tree)


@pytest.mark.corpora
def test_public_searches_read_back(detections: tuple[dict[str, str], dict[str, str]]) -> None:
    """All that can be printed; the rest has computed columns, or searches in brackets."""
    searches, macros = detections
    printable = 0
    for path, text in searches.items():
        tree = read(text, macros).tree
        try:
            again = printed(tree)
        except ValueError:
            continue
        printable += 1
        assert _bare(read(again).tree) == _bare(tree), (path, again)
    assert printable > 1000
