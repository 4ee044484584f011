"""What holds for every query of every language, whatever stands in it.

`PROPERTIES` are functions of a language and of a `draw`, `BOUNDS` of a language alone; each asserts one thing. A test
module makes a `Language` of its strategies and runs both (`test_properties.py` shows how).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from detections.languages.parsing import MAX_LENGTH, MAX_PROBLEMS
from detections.languages.tree import MAX_DEPTH, Branch, Condition, Node, Reading, walk

FIELDS = st.sampled_from(["host.name", "user", "process.pid", "file.Ext.size"])
WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
LOWER = ("and", "or", "not")
UPPER = ("AND", "OR", "NOT")


@dataclass(frozen=True, repr=False)
class Language:
    """What the properties need to know of a language.

    Its functions; what stands before a condition in a query; one condition, and a strategy of valid ones; the
    language's signs and words; a condition with a mistake (`{}` is a number); its connectives; and what `bare` must
    forget beside places and spellings, because it cannot be printed.
    """

    read: Callable[[str], Reading]
    printed: Callable[[Node | None], str]
    start: str
    condition: str
    conditions: st.SearchStrategy[str]
    signs: str
    words: tuple[str, ...]
    broken: str
    connectives: tuple[str, str, str] = LOWER
    unprinted: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.printed.__module__}>"  # the strategies' own texts are long

    def joined(self, connective: int, parts: list[str]) -> str:
        return f" {self.connectives[connective]} ".join(f"({part})" for part in parts)


Draw = Callable[[st.SearchStrategy[Any]], Any]


def combined(tests: st.SearchStrategy[str], connectives: tuple[str, str, str] = LOWER) -> st.SearchStrategy[str]:
    """Tests under the connectives of a language, with the brackets that its authors write."""
    both, either, negation = connectives
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            inner.map(f"{negation} {{}}".format),
            inner.map("({})".format),
            st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({f' {both} '.join(parts)})"),
            st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({f' {either} '.join(parts)})"),
        ),
        max_leaves=8,
    )


def quoted(text: str) -> str:
    """A text in double quotes, in which a backslash stands before a quote and itself only."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bare(node: Node | None, unprinted: tuple[str, ...] = ()) -> Node | None:
    """A tree without places and spellings, and without the attributes of conditions that are named."""
    if isinstance(node, Condition):
        tests = tuple(replace(test, start=0, end=0, raw=None) for test in node.tests)
        empty = {name: type(getattr(node, name))() for name in unprinted}
        return replace(node, tests=tests, start=0, end=0, path="", **empty)
    if isinstance(node, Branch):
        return replace(node, children=tuple(bare(child, unprinted) for child in node.children), start=0, end=0)
    return None


def predicates(reading: Reading, flipped: bool = False) -> Counter[tuple[str, str, str, bool]]:
    return Counter(
        (condition.field, test.operator, test.value, negated)
        for condition, negated in walk(reading.tree, flipped)
        for test in condition.tests
    )


def assert_sound(text: str, reading: Reading) -> None:
    """What a reading promises of any text: problems within bounds, and every place inside the text and its whole."""
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert len(reading.problems) <= MAX_PROBLEMS
    assert (reading.parse == "full") == (not errors), reading.problems
    for problem in reading.problems:
        assert problem.start is not None and problem.end is not None
        assert 0 <= problem.start <= problem.end <= len(text), problem
    for condition, _ in walk(reading.tree):
        assert condition.tests and text[condition.start : condition.end].strip(), condition
        for test in condition.tests:
            assert condition.start <= test.start < test.end <= condition.end, condition


def no_text_raises(language: Language, draw: Draw) -> None:
    text = draw(st.text(max_size=60))
    assert_sound(text, language.read(text))
    whole = language.start + text
    assert_sound(whole, language.read(whole))


def no_mixture_of_its_own_signs_raises(language: Language, draw: Draw) -> None:
    pieces = [*language.signs, *language.words, *language.connectives, "a", "b.c", "1", " ", language.condition]
    text = language.start + " ".join(draw(st.lists(st.sampled_from(pieces), max_size=25)))
    assert_sound(text, language.read(text))


def no_damage_to_a_query_raises(language: Language, draw: Draw) -> None:
    text = language.start + draw(language.conditions)
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(text)))
        last = draw(st.integers(first, min(len(text), first + 5)))
        text = text[:first] + draw(st.text(language.signs, max_size=3)) + text[last:]
    assert_sound(text, language.read(text))


def a_valid_query_is_read_in_full(language: Language, draw: Draw) -> None:
    text = language.start + draw(language.conditions)
    reading = language.read(text)
    assert reading.parse == "full", reading.problems
    assert_sound(text, reading)


def a_negation_flips_every_polarity(language: Language, draw: Draw) -> None:
    condition = draw(language.conditions)
    plain = language.read(language.start + condition)
    negated = language.read(f"{language.start}{language.connectives[2]} ({condition})")
    assert predicates(negated) == predicates(plain, flipped=True), (negated.tree, plain.tree)


def the_order_of_alternatives_changes_nothing(language: Language, draw: Draw) -> None:
    parts = draw(st.lists(language.conditions, min_size=2, max_size=5))
    shuffled = draw(st.permutations(parts))
    one, other = (language.read(language.start + language.joined(1, order)) for order in (parts, shuffled))
    assert predicates(one) == predicates(other), (one.tree, other.tree)


def a_printed_tree_reads_back_to_itself(language: Language, draw: Draw) -> None:
    tree = language.read(language.start + draw(language.conditions)).tree
    printed = language.printed(tree)
    again = language.read(printed).tree
    assert bare(again, language.unprinted) == bare(tree, language.unprinted), (printed, tree, again)


PROPERTIES = (
    no_text_raises,
    no_mixture_of_its_own_signs_raises,
    no_damage_to_a_query_raises,
    a_valid_query_is_read_in_full,
    a_negation_flips_every_polarity,
    the_order_of_alternatives_changes_nothing,
    a_printed_tree_reads_back_to_itself,
)


def depth_is_bounded(language: Language) -> None:
    negation = language.connectives[2]
    for before, after in (("(", ")"), (f"{negation} ", ""), (f"{negation} (", ")")):
        fits = language.read(f"{language.start}{before * 240}{language.condition}{after * 240}")
        assert fits.parse == "full" and predicates(fits), (before, fits.problems)
        deep = language.read(f"{language.start}{before * 30_000}{language.condition}{after * 30_000}")
        assert deep.parse == "none", before
        assert f"more than {MAX_DEPTH} deep" in deep.problems[0].message, deep.problems[0]


def a_tree_as_deep_as_allowed_is_printed(language: Language) -> None:
    depth = MAX_DEPTH - 1
    _, either, negation = language.connectives
    nested = f"{f'({language.condition} {either} {negation} ' * depth}{language.condition}{')' * depth}"
    tree = language.read(language.start + nested).tree
    assert sum(1 for _ in walk(tree)) == depth + 1
    assert list(walk(language.read(language.printed(tree)).tree))[-1][1] == bool(depth % 2)


def length_is_bounded(language: Language) -> None:
    parts = [language.condition] * (MAX_LENGTH // 8)
    reading = language.read(language.start + language.joined(1, parts))
    assert reading.parse == "none"
    assert "Split it" in reading.problems[0].message, reading.problems[0]


def a_piece_repeated_to_the_bound_is_read_or_refused(language: Language) -> None:
    for piece in ("(", '"', "\\", f"{language.condition} {language.connectives[0]}"):
        text = (language.start + f"{piece} " * MAX_LENGTH)[:MAX_LENGTH]
        assert_sound(text, language.read(text))


def many_problems_are_cut_short(language: Language) -> None:
    parts = [language.broken.format(number) for number in range(300)]
    reading = language.read(language.start + f" {language.connectives[1]} ".join(parts))
    assert 1 < len(reading.problems) <= MAX_PROBLEMS
    assert reading.parse in ("partial", "none")


BOUNDS = (
    depth_is_bounded,
    a_tree_as_deep_as_allowed_is_printed,
    length_is_bounded,
    a_piece_repeated_to_the_bound_is_read_or_refused,
    many_problems_are_cut_short,
)
