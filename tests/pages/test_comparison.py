"""Texts beside each other: what stands in which row."""

from __future__ import annotations

import pytest

from catalog.pages.comparison import Line, side_by_side, three_columns
from detections.editing.versions import differences


def said(line: Line | None) -> str:
    return "" if line is None else "".join(piece for piece, _ in line.pieces)


def rows(old: str, new: str) -> list[tuple[str, str, str]]:
    found = side_by_side(differences(old, new))
    return [(row.kind, said(row.left), said(row.right)) for row in found]


def three(base: str, ours: str, theirs: str) -> list[tuple[str, str, str, str]]:
    return [(row.origin, said(row.base), said(row.ours), said(row.theirs)) for row in three_columns(base, ours, theirs)]


def test_what_went_stands_beside_what_came_in_its_place() -> None:
    assert rows("a\nb\nc\n", "a\nB\nc\nd\n") == [
        ("same", "a", "a"), ("changed", "b", "B"), ("same", "c", "c"), ("came", "", "d"),
    ]  # fmt: skip
    assert rows("a\nb\nc\n", "a\n") == [("same", "a", "a"), ("went", "b", ""), ("went", "c", "")]


def test_equal_texts_have_no_rows() -> None:
    assert rows("a\nb\n", "a\nb\n") == []


def test_a_changed_line_is_cut_at_the_words_that_differ() -> None:
    row = side_by_side(differences("Image: '\\tool.exe'\n", "Image: '\\ours.exe'\n"))[0]
    assert row.left is not None and row.right is not None
    assert [piece for piece, differs in row.left.pieces if differs] == ["tool"]
    assert [piece for piece, differs in row.right.pieces if differs] == ["ours"]
    other = side_by_side(differences("status: test\n", "    - one two three\n"))[0]
    assert other.left is not None and other.left.pieces == (("status: test", True),)


def test_lines_keep_their_numbers() -> None:
    found = [row for row in side_by_side(differences("a\n" * 20 + "b\n", "a\n" * 20 + "c\n")) if row.kind != "same"]
    assert [(row.kind, row.said) for row in found[:1]] == [("gap", "17 unchanged lines")]
    assert found[1].left is not None and found[1].right is not None
    assert (found[1].left.number, found[1].right.number) == (21, 21)


def test_three_texts_say_who_changed_what() -> None:
    base, ours, theirs = "a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE\nf\n", "a\nb\nc\nX\nd\nEE\n"
    assert three(base, ours, theirs) == [
        ("same", "a", "a", "a"),
        ("ours", "b", "B", "b"),
        ("same", "c", "c", "c"),
        ("theirs", "", "", "X"),
        ("same", "d", "d", "d"),
        ("conflict", "e", "E", "EE"),
        ("conflict", "", "f", ""),
    ]


def test_both_alike_is_no_conflict() -> None:
    assert three("a\nb\n", "a\nc\n", "a\nc\n") == [("same", "a", "a", "a"), ("both", "b", "c", "c")]


@pytest.mark.parametrize("texts", [("", "a\n", "b\n"), ("a\n", "", ""), ("", "", ""), ("a\nb\n", "b\n", "a\n")])
def test_every_line_stands_in_its_column_once(texts: tuple[str, str, str]) -> None:
    found = three(*texts)
    for column, text in enumerate(texts, start=1):
        assert [row[column] for row in found if row[column]] == text.split()


def test_far_from_every_change_lines_are_left_out() -> None:
    same = "".join(f"{number}\n" for number in range(30))
    found = three_columns(same, f"{same}ours\n", same)
    assert (found[0].origin, found[0].hidden) == ("gap", 27)
    assert [row.origin for row in found[1:]] == ["same", "same", "same", "ours"]
