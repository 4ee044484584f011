"""What the search box understands, and what it says of what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.normalization.words import Phrase
from detections.searching.grammar import KEYS, LONGEST, MOST_TERMS, OPERATORS, Predicate, parse


def said(text: str) -> list[tuple[str, str | None, tuple[str, ...] | None, bool | None, bool]]:
    """The tests of a search: field, operator, value, excluded, negated."""
    search = parse(text)
    assert not search.problems, search.problems
    return [(one.field.text if one.field else "", one.operator, one.value, one.excluded, one.negated)
            for one in search.predicates]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tests"),
    [
        (
            "field:Image op:endswith value:*rundll32* excluded:yes",
            [("Image", "endswith", ("", "rundll32", ""), True, False)],
        ),
        ("value:a field:Image", [("Image", None, ("a",), None, False)]),
        ("field:A value:a field:B value:b", [("A", None, ("a",), None, False), ("B", None, ("b",), None, False)]),
        ("field:A value:a value:b", [("A", None, ("a",), None, False), ("", None, ("b",), None, False)]),
        ("field:A vendor:elastic value:a", [("A", None, None, None, False), ("", None, ("a",), None, False)]),
        ("field:A word value:a", [("A", None, None, None, False), ("", None, ("a",), None, False)]),
        ("-field:A value:a", [("A", None, ("a",), None, True)]),
        ("field:A -value:a", [("A", None, None, None, False), ("", None, ("a",), None, True)]),
        ("FIELD:A OP:EQ EXCLUDED:No", [("A", "eq", None, False, False)]),
        (r"value:\rundll32.exe", [("", None, ("\\rundll32.exe",), None, False)]),
        (r'value:"C:\Program Files\"', [("", None, ("C:\\Program Files\\",), None, False)]),
        ('value:"say ""hi"" *"', [("", None, ('say "hi" ', ""), None, False)]),
        ('value:""', [("", None, ("",), None, False)]),
        ("value:*", [("", None, ("", ""), None, False)]),
        ("value:a**b", [("", None, ("a", "b"), None, False)]),
        ("value:a[*]*", [("", None, ("a*", ""), None, False)]),
        ("value:https://x:8", [("", None, ("https://x:8",), None, False)]),
    ],
)
def test_adjacent_terms_are_one_test(text: str, tests: list[object]) -> None:
    assert said(text) == tests


@pytest.mark.parametrize(
    ("text", "phrases", "unwanted"),
    [
        ("Encoded command", [Phrase(("encoded",), True), Phrase(("command",), True)], []),
        ('"Encoded command"', [Phrase(("encoded", "command"))], []),
        ("rundll32.exe", [Phrase(("rundll32", "exe"), True)], []),
        ("go", [Phrase(("go",))], []),
        ("a a", [Phrase(("a",))], []),
        (r"C:\Windows\System32", [Phrase(("c", "windows", "system32"), True)], []),
        ("http://evil.example", [Phrase(("http", "evil", "example"), True)], []),
        ("Std::String HKLM:\\Software", [Phrase(("std", "string"), True), Phrase(("hklm", "software"), True)], []),
        ("10:30 note:", [Phrase(("10", "30")), Phrase(("note",), True)], []),
        ("shell -mimikatz", [Phrase(("shell",), True)], [Phrase(("mimikatz",), True)]),
        ('shell "-enc"', [Phrase(("shell",), True), Phrase(("enc",))], []),
        ("a - b", [Phrase(("a",)), Phrase(("b",))], []),
        ('"attack:t1059"', [Phrase(("attack", "t1059"))], []),
        ("*** ←", [], []),
        ("snake_case", [Phrase(("snake", "case"), True)], []),
        ("x" * 70, [Phrase(("x" * 64,), True)], []),
    ],
)
def test_words_are_looked_for(text: str, phrases: list[Phrase], unwanted: list[Phrase]) -> None:
    search = parse(text)
    assert (search.problems, list(search.phrases), list(search.unwanted)) == ((), phrases, unwanted)


def test_terms_about_the_rule_are_kept_with_their_places() -> None:
    terms = parse('vendor:elastic -technique:T1218 level:"very high"').facets
    assert [(term.key, term.text, term.negated, term.start, term.end) for term in terms] == [
        ("vendor", "elastic", False, 0, 14),
        ("technique", "T1218", True, 15, 31),
        ("level", "very high", False, 32, 49),
    ]


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("a feild:Image", 2, 13, "At 3, feild:Image: there is no key 'feild'. Did you mean field?"),
        ("zz:q", 0, 4, f"Known: {', '.join(KEYS)}. To look for the text itself, put it into quotes."),
        ("op:endwith", 0, 10, "there is no operator 'endwith'. Did you mean endswith"),
        ("op:zz", 0, 5, f"Known: {', '.join(OPERATORS)}."),
        ("excluded:maybe", 0, 14, "write excluded:yes for what rules exclude"),
        ("field: Image", 0, 6, "nothing stands behind field:"),
        ('a "b c', 2, 6, "the quote is not closed"),
        ('value:"b', 0, 8, "the quote is not closed"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, start: int, end: int, message: str) -> None:
    (problem,) = parse(text).problems
    assert (problem.start, problem.end, problem.column) == (start, end, start + 1)
    assert message in problem.message


def test_a_search_is_bounded() -> None:
    assert "400 are read" in parse("x" * (LONGEST + 1)).problems[0].message
    assert not parse("x " * MOST_TERMS).problems
    assert f"At most {MOST_TERMS} terms" in parse("x " * (MOST_TERMS + 1)).problems[0].message


PIECES = st.sampled_from([*(f"{key}:" for key in KEYS), "-", '"', "*", " ", "\\", "[*]", "a", "É", ":", "yes", "\x00"])


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
def test_anything_is_read_and_every_problem_stands_in_the_text(text: str) -> None:
    search = parse(text)
    for problem in search.problems:
        assert problem.start is not None and problem.end is not None
        assert 0 <= problem.start < problem.end <= len(text)
    for phrase in (*search.phrases, *search.unwanted):
        assert phrase.words and all(word.isalnum() for word in phrase.words)
    assert all(isinstance(one, Predicate) for one in search.predicates)
