"""When two tests look for the same thing."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.normalization.catalogue import Field
from detections.normalization.values import folded, indicator_key

KEYWORD, NUMBER, EVENT_ID, PORT = (
    Field("x"), Field("n", "number"), Field("EventID", "event id"), Field("DestinationPort", "port"),
)  # fmt: skip


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
        (NUMBER, "eq", "inf", "inf"),
        (NUMBER, "eq", "1_000", "1_000"),
        (NUMBER, "eq", "-0.0", "0"),
        (NUMBER, "lte", "18446744073709551615", "18446744073709551615"),
        (NUMBER, "eq", "1e999", "1e999"),
        (PORT, "in", "0443", "443"),
        (PORT, "startswith", "044", "044"),
        (PORT, "wildcard", "0*4", "0*4"),
        (NUMBER, "eq", "İ", "i̇"),
    ],
)
def test_a_value_is_folded(field: Field, operator: str, value: str, expected: str) -> None:
    assert folded(field, operator, value) == expected


def test_the_letters_of_an_encoded_value_are_kept() -> None:
    assert folded(KEYWORD, "contains", "SQBFAFgA", keep_case=True) == "SQBFAFgA"


FIELDS = st.sampled_from([KEYWORD, NUMBER, EVENT_ID, PORT, Field("p", "path")])
OPERATORS = st.sampled_from(["eq", "in", "contains", "startswith", "endswith", "wildcard", "gt", "match", "fieldref"])
VALUES = st.text() | st.text(st.sampled_from("aB\\0.5e+-x *")) | st.floats().map(repr) | st.integers().map(str)


@given(FIELDS, OPERATORS, VALUES)
def test_folding_twice_changes_nothing(field: Field, operator: str, value: str) -> None:
    once = folded(field, operator, value)
    assert folded(field, operator, once) == once


@given(FIELDS, OPERATORS, VALUES)
def test_the_case_of_letters_makes_no_difference(field: Field, operator: str, value: str) -> None:
    assert folded(field, operator, value.lower()) == folded(field, operator, value)


@given(FIELDS, VALUES)
def test_a_regular_expression_stays_verbatim(field: Field, value: str) -> None:
    assert folded(field, "regex_match", value) == value


@given(st.integers(2, 9), st.integers(1, 9), st.sampled_from(["eq", "startswith", "contains", "wildcard"]))
def test_a_run_of_backslashes_is_one_and_a_leading_one_two(leading: int, inner: int, operator: str) -> None:
    value = "\\" * leading + "Host" + "\\" * inner + "share"
    assert folded(KEYWORD, operator, value) == "\\\\host\\share"
    assert folded(KEYWORD, operator, value[leading - 1 :]) == "\\host\\share"


@given(st.integers(), st.integers(1, 3), st.sampled_from(["number", "port", "event id"]))
def test_a_number_has_one_spelling_where_the_field_is_numeric(number: int, zeros: int, kind: str) -> None:
    padded = f"{'-' if number < 0 else ''}{'0' * zeros}{abs(number)}"
    assert folded(Field("n", kind), "eq", padded) == folded(Field("n", kind), "in", str(number)) == str(number)
    assert folded(KEYWORD, "eq", padded) == padded


@given(st.integers(0, 2**64))
def test_hexadecimal_text_stays_text(number: int) -> None:
    assert folded(NUMBER, "eq", hex(number)) == hex(number)


def test_the_key_is_the_hash_of_its_four_parts() -> None:
    parts = "\x1f".join(["Image", "endswith", "\\cmd.exe", "0"]).encode()
    assert indicator_key("Image", "endswith", "\\cmd.exe", False) == hashlib.sha256(parts).hexdigest()[:16]
    assert indicator_key("Image", "endswith", "\\cmd.exe", True) != indicator_key(
        "Image", "endswith", "\\cmd.exe", False
    )
