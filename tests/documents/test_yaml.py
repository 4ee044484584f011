"""YAML and text at the edge: what is good is read with its places, what is bad is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from detections.documents.decoding import MAX_BYTES, check_text, check_value, decode, read_text
from detections.documents.problem import UnreadableError
from detections.documents.yaml import load_documents, load_mapping


def refusal(text: str) -> tuple[int | None, int | None, str]:
    with pytest.raises(UnreadableError) as caught:
        load_documents(text, "lamps.yml")
    problem = caught.value.problem
    assert problem.path == "lamps.yml"
    return problem.line, problem.column, problem.message


BOMB = "\n".join(
    f"l{number}: &l{number} [{', '.join([f'*l{number - 1}'] * 9) if number else 'lamp'}]" for number in range(10)
)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: b: c", 1, 5, "mapping values are not allowed"),
        ("a: 1\nb: [1, 2\n", 3, 1, "did not find expected ',' or ']'"),
        ("a: 'open\n", 2, 1, "unexpected end of stream"),
        ("a: 1\n\tb: 2\n", 2, 1, "found a tab character"),
        ("a: *lamp", 1, 4, "undefined alias"),
        ("a: 1\nb: &b [*b]", 2, 8, "stands inside of what it names"),
        ("a: 1\nb: &b {c: {d: *b}}", 2, 15, "stands inside of what it names"),
        (BOMB, 7, 10, "stand for more than 200000 values"),
        ("a: &a 1\nb: [" + "*a, " * 200 + "*a]", 2, 405, "more than 100 aliases"),
        ("[" * 30_000, 1, 65, "nested more than 64 deep"),
        ("- " * 30_000 + "a", 1, 129, "nested more than 64 deep"),
        ("a: " + "{b: " * 30_000, 1, 256, "nested more than 64 deep"),
        ("- a\n" * 250_000, 200_000, 3, "holds more than 200000 values"),
        ("ab: 1\nc: \x00", 2, 4, "NUL character"),
        ("ab: 1\n# \ud800", 2, 3, "half of a surrogate pair"),
        ("ab: 1\nc: \x07", 2, 4, "#x0007"),
        ("äöü: 1\nc: \x07", 2, 4, "#x0007"),
        ('a: 1\nb: "x\\0"', 2, 4, "NUL character"),
        ('a: "\\ud800"', 1, 7, "invalid Unicode character escape code"),
        ("a: 1\nb: [2024-13-45]", 2, 5, "'2024-13-45' cannot be read: month must be in 1..12. Put it in quotes."),
        ("a: " + "9" * 5000, 1, 4, "number is too long"),
        ("a: 0x" + "f" * 5000, 1, 4, "number is too long"),
        ("x: 1\n? [a]\n: b", 2, 3, "unhashable key"),
        ("a: 1\nb: !!python/object:os.system x", 2, 4, "could not determine a constructor"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_yaml_is_refused_with_its_place(text: str, line: int, column: int, message: str) -> None:
    found = refusal(text)
    assert found[:2] == (line, column)
    assert message in found[2]


def test_a_lone_surrogate_in_a_text_is_refused() -> None:
    with pytest.raises(UnreadableError) as caught:
        check_text("a: 1\nb: \ud800", "lamps.yml")
    assert (caught.value.problem.line, caught.value.problem.column) == (2, 4)
    assert "surrogate" in caught.value.problem.message


@pytest.mark.parametrize("value", [{"a": ["x\x00"]}, {"a\ud800": 1}, [{"a": {"b": "\udfff"}}], {"a": 16**5000}])
def test_values_that_no_database_holds_are_refused(value: object) -> None:
    with pytest.raises(UnreadableError) as caught:
        check_value(value, "lamps.toml")
    caught.value.problem.snippet.encode("utf-8")
    assert caught.value.problem.path == "lamps.toml"


def test_the_second_document_is_refused_on_its_own_line() -> None:
    assert refusal("a: 1\n---\nb: 2\n---\nc: [\n")[0] == 6


def test_documents_know_where_they_begin() -> None:
    text = "# lamps\na: 1\n--- # second\n\nb: 2\n---\n---\nc: 3\n...\n"
    found = load_documents(text)
    assert [document.value for document in found] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert [document.line for document in found] == [1, 3, 8]
    assert found[0].own_text == "# lamps\na: 1\n"
    assert found[2].own_text == "c: 3\n...\n"
    for document in found:
        assert yaml.safe_load(document.own_text) == document.value
        key = document.node.value[0][0]
        assert text[key.start_mark.index : key.end_mark.index] == key.value


def test_places_are_code_points() -> None:
    text = "a: '💡'\nb: Lämpchen\n"
    (document,) = load_documents(text)
    value = document.node.value[1][1]
    assert text[value.start_mark.index : value.end_mark.index] == "Lämpchen"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n---\n"])
def test_nothing_is_no_document(text: str) -> None:
    assert load_documents(text) == []


def test_a_repeated_key_is_a_warning_and_the_last_counts() -> None:
    (document,) = load_documents("a: 1\nb: {c: 1, c: 2}\n")
    assert document.value == {"a": 1, "b": {"c": 2}}
    (problem,) = document.problems
    assert (problem.severity, problem.line, problem.column) == ("warning", 2, 11)


def test_a_merge_key_repeats_nothing() -> None:
    (document,) = load_documents("a: &a {b: 1, c: 2}\nd:\n  <<: *a\n  b: 3\n")
    assert document.value["d"] == {"b": 3, "c": 2}
    assert document.problems == ()


def test_aliases_within_reason_are_read() -> None:
    (document,) = load_documents("a: &a [1, 2]\nb: [*a, *a]\n")
    assert document.value["b"] == [[1, 2], [1, 2]]


@pytest.mark.parametrize(("text", "what"), [("", "nothing"), ("- a", "a list"), ("a: 1\n---\nb: 2", "2 documents")])
def test_one_mapping_is_asked_for(text: str, what: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        load_mapping(text, "lamps.yml")
    assert what in caught.value.problem.message


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b"\xff\xfea", 1, 1, "byte 0xff"),
        (b"a: 1\nb: \xc3\x28", 2, 4, "byte 0xc3"),
        ("ä: ".encode() + b"\xe4", 1, 4, "byte 0xe4"),
        (b"a: 1\nbc\x00", 2, 3, "NUL character"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(data: bytes, line: int, column: int, message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode(data, "lamps.yml")
    problem = caught.value.problem
    assert (problem.path, problem.line, problem.column) == ("lamps.yml", line, column)
    assert message in problem.message


def test_a_byte_order_mark_and_carriage_returns_are_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == "a: 1\nb: 2\n"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "lamps.yml"
    with file.open("wb") as out:
        out.truncate(50 * 1024 * 1024)
    with pytest.raises(UnreadableError) as caught:
        read_text(file, "rules/lamps.yml")
    assert str(caught.value.problem) == "rules/lamps.yml: The file is 50.0 MB large; a rule file may have 4 MB."
    with pytest.raises(UnreadableError):
        decode(b"a" * (MAX_BYTES + 1))


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_text(tmp_path / "lamps.yml", "lamps.yml")
    assert "cannot be opened" in caught.value.problem.message
