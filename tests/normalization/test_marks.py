"""What a test's row keeps of it: the program that it names, and why an attacker can satisfy it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.normalization.catalogue import TABLES, CatalogueError
from detections.normalization.marks import marks_of
from detections.normalization.programs import program_of
from detections.normalization.satisfiable import load_reasons, load_rows, outline, reason_of

CASES = Path(__file__).with_name("satisfiable_cases.csv")


def cases() -> list[dict[str, str]]:
    with CASES.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['field']} {case['operator']} {case['value']}")
def test_what_an_attacker_can_satisfy(case: dict[str, str]) -> None:
    assert reason_of(case["field"], case["operator"], case["value"], wild=case["wild"] == "1") == case["reason"]


def test_every_reason_is_given_by_a_row_and_has_a_case() -> None:
    assert {row.reason for row in load_rows()} == set(load_reasons())
    assert {case["reason"] for case in cases()} == {"", *load_reasons()}


@pytest.mark.parametrize(
    ("operator", "value", "wild", "shape"),
    [
        ("eq", "x", False, "x"), ("startswith", "x", False, "x*"), ("endswith", "x", False, "*x"),
        ("contains", "x", False, "*x*"), ("endswith", "a*b", True, "*a*b"), ("wildcard", "*x*", False, "*x*"),
        ("contains", "*x", True, "*x*"), ("eq", "a*b", False, "a\ue000b"), ("eq", "", False, ""),
        ("regex_match", "x", False, None), ("cidr", "10.0.0.0/8", False, None),
    ],
)  # fmt: skip
def test_outlines_say_where_other_text_may_stand(operator: str, value: str, wild: bool, shape: str | None) -> None:
    assert outline(operator, value, wild=wild) == shape


@pytest.mark.parametrize(
    ("test", "program"),
    [
        (("Image", "endswith", "\\x.exe"), "x.exe"), (("ParentImage", "eq", "c:\\y\\x.exe"), "x.exe"),
        (("Image", "wildcard", "?:\\y\\*\\x.exe"), "x.exe"), (("Image", "in", "curl"), "curl"),
        (("Image", "eq", "/usr/bin/curl"), "curl"), (("OriginalFileName", "eq", "x.exe"), "x.exe"),
        (("Image", "startswith", "c:\\program files\\vendor\\"), "vendor"),
        (("Image", "contains", "\\appdata\\local\\vendor\\"), "vendor"),
        (("Image", "startswith", "/opt/vendor/"), "vendor"),
        (("Image", "wildcard", "c:\\program files\\v\\x*.exe"), "v"),
        (("Image", "startswith", "c:\\windows\\"), ""), (("Image", "endswith", ".exe"), ""), (("Image", "eq", ""), ""),
        (("Image", "wildcard", "*"), ""), (("CommandLine", "endswith", "\\x.exe"), ""),
        (("Image", "regex_match", "x\\.exe$"), ""),
    ],
)  # fmt: skip
def test_the_program_that_a_test_names(test: tuple[str, str, str], program: str) -> None:
    assert program_of(*test, wild=test[1] == "wildcard") == program


@given(
    st.sampled_from(["Image", "CommandLine", "TargetObject", "DestinationPort", "no such field"]),
    st.sampled_from(["eq", "contains", "wildcard", "regex_match", "match", "no such operator"]),
    st.text(max_size=300),
    st.booleans(),
)
def test_any_text_has_marks_that_fit_their_columns(field: str, operator: str, value: str, wild: bool) -> None:
    marks = marks_of(field, operator, value, wild=wild)
    assert len(marks.program) <= 100 and (marks.satisfiable == "" or marks.satisfiable in load_reasons())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nothing,Image,x,", "is no reason"),
        ("no_path,type:nothing,x,", "is no type"),
        ("no_path,Image !ParentImage,x,", "name the fields"),
        ("no_path,,x,", "name the fields"),
        ("no_path,Image,(x,", "is no regular expression"),
        ("no_path,Image,x", "another number of columns"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    shutil.copy(TABLES / "satisfiable_reasons.csv", tmp_path)
    (tmp_path / "satisfiable.csv").write_text(f"reason,fields,pattern,unless\n{row}\n")
    with pytest.raises(CatalogueError, match=rf"satisfiable\.csv:2: .*{said}"):
        load_rows(tmp_path)


def test_a_reason_is_a_word_with_a_title_and_a_text(tmp_path: Path) -> None:
    for row in ("No Word,a,b", "word,,b", "word,a,"):
        (tmp_path / "satisfiable_reasons.csv").write_text(f"reason,title,text\n{row}\n")
        with pytest.raises(CatalogueError, match=r"satisfiable_reasons\.csv:2"):
            load_reasons(tmp_path)
