"""When two tests look for the same thing."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.normalization.catalogue import Field
from detections.normalization.values import folded, indicator_key

KEYWORD, NUMBER, EVENT_ID = Field("x"), Field("n", "number"), Field("EventID", "event id")


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        (KEYWORD, "eq", "PowerShell.EXE", "powershell.exe"),
        (KEYWORD, "endswith", "\\\\Cmd.exe", "\\\\cmd.exe"),
        (KEYWORD, "endswith", "\\Cmd.exe", "\\cmd.exe"),
        (KEYWORD, "contains", "C:\\\\\\Temp\\\\x", "c:\\temp\\x"),
        (KEYWORD, "startswith", "\\\\\\\\host\\share", "\\\\host\\share"),
        (KEYWORD, "regex_match", "^A\\\\B$", "^A\\\\B$"),
        (KEYWORD, "eq", "007", "007"),
        (EVENT_ID, "eq", "4624", "4624"),
        (EVENT_ID, "eq", " 04624", "4624"),
        (EVENT_ID, "eq", "Behavior", "behavior"),
        (NUMBER, "gt", "4.50", "4.5"),
        (NUMBER, "gt", "10.0", "10"),
        (NUMBER, "eq", "0x10", "0x10"),
        (NUMBER, "eq", "nan", "nan"),
        (NUMBER, "eq", "İ", "i̇"),
    ],
)
def test_a_value_is_folded(field: Field, operator: str, value: str, expected: str) -> None:
    assert folded(field, operator, value) == expected


def test_the_letters_of_an_encoded_value_are_kept() -> None:
    assert folded(KEYWORD, "contains", "SQBFAFgA", keep_case=True) == "SQBFAFgA"


@given(st.text(), st.sampled_from(["eq", "contains", "startswith", "wildcard"]))
def test_folding_twice_changes_nothing(value: str, operator: str) -> None:
    once = folded(KEYWORD, operator, value)
    assert folded(KEYWORD, operator, once) == once


@given(st.text())
def test_a_regular_expression_stays_verbatim(value: str) -> None:
    assert folded(KEYWORD, "regex_match", value) == value


def test_the_key_is_the_hash_of_its_four_parts() -> None:
    parts = "\x1f".join(["Image", "endswith", "\\cmd.exe", "0"]).encode()
    assert indicator_key("Image", "endswith", "\\cmd.exe", False) == hashlib.sha256(parts).hexdigest()[:16]
    assert indicator_key("Image", "endswith", "\\cmd.exe", True) != indicator_key(
        "Image", "endswith", "\\cmd.exe", False
    )
