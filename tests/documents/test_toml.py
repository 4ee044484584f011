"""TOML at the edge."""

from __future__ import annotations

import pytest

from detections.documents.problem import Problem, UnreadableError, locate, problem_at
from detections.documents.toml import load_toml


def test_a_table_is_read() -> None:
    assert load_toml('[lamp]\ncolour = "red"\n') == {"lamp": {"colour": "red"}}


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("[lamp\ncolour = 1", 1, 6, "Expected ']'"),
        ("a = 1\nb = ", 2, None, "Invalid value"),
        ("a = 1\nb = 2024-13-45", 2, 9, "Expected newline"),
        ('a = 1\nb = "\\ud800"', 2, 12, "Unicode scalar"),
        ("a = " + "[" * 30_000, None, None, "nested too deep"),
        ("a = 1\n# \ud800", 2, 3, "half of a surrogate pair"),
        ("a = 1\nb = '\x00'", 2, 6, "NUL character"),
        ('a = "x\\u0000"', None, None, "NUL character"),
        ("a = " + "9" * 5000, None, None, "cannot be read"),
        ("a = 0x" + "f" * 5000, None, None, "number is too long"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_toml_is_refused(text: str, line: int | None, column: int | None, message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        load_toml(text, "lamps.toml")
    problem = caught.value.problem
    assert problem.path == "lamps.toml"
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)


def test_a_place_is_line_column_and_the_line_itself() -> None:
    text = "one\ntwo lamps\nthree"
    assert locate(text, 8) == (2, 5, "two lamps")
    assert locate(text, 9_999) == (3, 6, "three")
    assert locate("", 0) == (1, 1, "")


def test_the_line_of_a_problem_is_cut_around_its_column() -> None:
    _, column, snippet = locate("a" * 500 + "!" + "b" * 500, 500)
    assert column == 501
    assert len(snippet) == 160
    assert snippet[79] == "!"


def test_a_problem_says_its_place_in_its_file() -> None:
    problem = problem_at("one\ntwo", 4, "Wrong.").at("lamps.yml", first_line=10)
    assert str(problem) == "lamps.yml:11:1: Wrong."
    assert str(Problem("Wrong.", "lamps.yml")) == "lamps.yml: Wrong."
