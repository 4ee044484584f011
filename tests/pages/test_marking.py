"""A rule's text with its conditions marked: nothing is lost, nothing escapes, overlaps are well-formed HTML."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.pages.marking import Mark, conditions, marked_lines, marks
from catalog.pages.tree import tree_list


class Balance(HTMLParser):
    """Fails on a tag that is closed without having been opened, and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Balance:
    parser = Balance()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def condition(field: str, start: int, end: int, *values: tuple[str, int, int], role: str = "filter") -> dict[str, Any]:
    return {
        "kind": "condition", "field": field, "canonical": field, "role": role, "derived": "",
        "start": start, "end": end,
        "tests": [{"operator": "eq", "value": value, "start": a, "end": b, "indicator": ""} for value, a, b in values],
    }  # fmt: skip


def branch(kind: str, *children: dict[str, Any], label: str = "") -> dict[str, Any]:
    return {"kind": kind, "label": label, "start": 0, "end": 0, "children": list(children)}


def test_a_value_is_marked_within_its_condition_and_a_negated_one_as_excluded() -> None:
    text = 'a: "x" and not b: "y"'
    tree = branch("and", condition("a", 0, 6, ("x", 3, 6)), branch("not", condition("b", 15, 21, ("y", 18, 21))))
    ((number, line),) = marked_lines(text, marks(tree, []), first_line=7)
    assert number == 7
    assert '<mark class="check" data-condition="1" id="c1">a: </mark>' in line
    assert '<mark class="check value" data-condition="1">&quot;x&quot;</mark>' in line
    assert '<mark class="excluded" data-condition="2" id="c2">b: </mark>' in line
    assert unescape(re.sub("<[^>]+>", "", line)) == text


def test_the_indent_of_a_marked_line_is_not_marked() -> None:
    tree = condition("a", 0, 13, ("x", 10, 13))
    lines = [line for _, line in marked_lines('a: (\n\n    "x")', marks(tree, []))]
    assert lines[1:] == ["", '    <mark class="check value" data-condition="1">&quot;x&quot;</mark>)']
    tree = condition("a", 0, 9)
    assert marked_lines("a: in\n  b", marks(tree, []))[1] == (2, '  <mark class="check" data-condition="1">b</mark>')


def test_polarity_is_the_parity_of_the_nots_above() -> None:
    tree = branch("not", branch("or", condition("a", 0, 1), branch("not", condition("b", 1, 2))))
    assert [(node["field"], negated) for node, negated in conditions(tree)] == [("a", True), ("b", False)]


def test_only_what_stands_in_the_same_text_is_marked_beside_it() -> None:
    inside = {"place": "category", "tree": condition("event.category", 0, 4)}
    elsewhere = {"place": "threat_query", "tree": condition("x", 0, 4)}
    assert marks(None, [inside, elsewhere]) == [Mark(0, 4, "beside", 0)]


def test_a_mark_over_several_lines_is_closed_on_each() -> None:
    lines = marked_lines("one\ntwo\nthree", [Mark(2, 10, "check", 1)])
    assert [number for number, _ in lines] == [1, 2, 3]
    for _, line in lines:
        read(line)
    assert lines[1][1] == '<mark class="check" data-condition="1">two</mark>'


@given(
    st.text(alphabet="ab<>&\"' \n\U0001f980é", max_size=40),
    st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45), st.booleans()), max_size=8),
)
def test_any_overlap_keeps_the_text_and_is_well_formed(text: str, spans: list[tuple[int, int, bool]]) -> None:
    found = [Mark(start, end, "check", index + 1, value) for index, (start, end, value) in enumerate(spans)]
    lines = [read(line) for _, line in marked_lines(text, found)]
    assert "\n".join(line.text for line in lines) == text
    assert {tag for line in lines for tag in line.tags} <= {"mark"}


def test_markup_in_a_rule_is_text() -> None:
    text = '<script>alert("1")</script>'
    ((_, line),) = marked_lines(text, [Mark(0, len(text), "check", 1)])
    assert read(line).tags == {"mark"}
    tree = tree_list(branch("and", condition("<b>", 0, 1, ("<script>", 0, 1)), label="<img src=x>"))
    assert read(tree).tags <= {"ul", "li", "span", "a", "details", "summary"}
    assert "<script>" in read(tree).text


def test_a_deep_tree_is_drawn_without_recursion() -> None:
    tree = condition("deep", 0, 1, ("v", 0, 1))
    for _ in range(5000):
        tree = branch("not", tree)
    assert tree_list(tree).count("<ul>") == 5000


def test_a_long_list_of_values_is_cut_in_the_tree() -> None:
    tree = condition("f", 0, 1, *[(f"v{number}", 0, 1) for number in range(40)])
    assert "and 28 more" in read(tree_list(tree)).text
