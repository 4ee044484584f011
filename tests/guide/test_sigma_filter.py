"""Exclusions written as Sigma say the same again: to pySigma, and to our own reader."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from detections.analysis.analysis import analyse
from detections.analysis.draft import draft
from detections.analysis.predicate import Predicate
from detections.guide.exclusions import exclusion_rows
from detections.guide.sigma_filter import SigmaFilter as Text
from detections.guide.sigma_filter import sigma_filter, sigma_snippets
from detections.languages.shapes import ANY, pattern, shape
from detections.languages.sigma.writing import Line, UnsayableError, line, quoted, selection_text, selections
from detections.models import Indicator, Reader, Rule
from detections.normalization.catalogue import base_catalogue
from tests.pages import rows

HEAD = "title: T\nid: 6f3e2987-db24-4c78-a860-b4f4095a7095\nlogsource:\n    product: windows\n    category: {}\n"


def read_again(snippet: str, category: str = "process_creation") -> list[Predicate]:
    """The negated tests of a rule that holds the snippet; pySigma has to take it too."""
    text = HEAD.format(category) + f"detection:\n    selection:\n        EventID: 1\n{snippet}"
    assert SigmaRule.from_yaml(text).detection.parsed_condition[0].parsed
    found = analyse(draft("sigma", text))
    assert found.problems == ()
    return [row for row in found.predicates if row.negated]


def said(*lines: Line) -> str:
    return selection_text(selections(lines, "filter_main"), 4) + "    condition: selection and not 1 of filter_main_*\n"


VALUES = [
    "plain", "it's", 'quo"te', "C:\\Windows\\System32\\", "\\\\server\\share\\*.exe", "*\\x?", "\\*", "\\\\", "100%",
    "- dash", "# no comment", "yes", "null", "0x10", "1e3", "2020-01-01", " blank ", "a: b", "{a}", "[a]",
    "ü\U0001f512",
    "tab\there", "line\nbreak", "\u2028", "\x7f", "'", "''", "|", "%name%", "(?i)x", "\\u0041",
]  # fmt: skip


@pytest.mark.parametrize("operator", ["eq", "startswith", "endswith", "contains"])
@pytest.mark.parametrize("value", VALUES)
def test_a_text_is_the_same_text_again(operator: str, value: str) -> None:
    [found] = read_again(said(line("CommandLine", operator, value)))
    assert (found.canonical, found.operator, found.value, found.test.wild) == ("CommandLine", operator, value, False)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40))
def test_any_text_is_the_same_text_again(value: str) -> None:
    if not value.strip("*"):
        value += "x"
    [found] = read_again(said(line("CommandLine", "contains", value)))
    assert (found.operator, found.value) == ("contains", value)


@given(st.lists(st.sampled_from(["a", "\\", "*", "?", "x y", None]), min_size=1, max_size=8))
def test_any_pattern_is_the_same_pattern_again(pieces: list[str | None]) -> None:
    parts = ["b", *(ANY if piece is None else piece for piece in pieces), ANY, "c"]
    found = shape(parts)
    assert found is not None and found.operator == "wildcard"
    [again] = read_again(said(line("CommandLine", "wildcard", found.value)))
    assert (again.operator, again.value) == ("wildcard", found.value)
    [ended] = read_again(said(line("CommandLine", "endswith", pattern(parts), wild=True)))
    assert (ended.operator, ended.value, ended.test.wild) == ("endswith", pattern(parts), True)


@pytest.mark.parametrize(
    ("operator", "value"),
    [("regex_match", "^a\\.b'?$"), ("cidr", "10.0.0.0/8"), ("gt", "5"), ("lte", "-2.5"), ("fieldref", "ParentImage")],
)
def test_other_tests_are_said_with_their_modifiers(operator: str, value: str) -> None:
    field = "DestinationIp" if operator == "cidr" else "Image"
    [found] = read_again(said(line(field, operator, value)))
    assert (found.canonical, found.operator, found.value) == (field, operator, value)


def test_keywords_stand_without_a_field() -> None:
    found = read_again(said(line("(keywords)", "match", "a*b"), line("(keywords)", "match", "c")))
    assert [(row.operator, row.value, row.test.wild) for row in found] == [
        ("match", "a*b", False),
        ("match", "c", False),
    ]


def test_values_of_one_key_are_a_list_and_numbers_stand_without_quotes() -> None:
    text = said(line("Image", "eq", "a"), line("Image", "in", "b"), line("EventID", "eq", "4624", number=True))
    assert yaml.safe_load(text)["filter_main_image"] == {"Image": ["a", "b"]}
    assert yaml.safe_load(text)["filter_main_eventid"] == {"EventID": 4624}
    assert {(row.operator, row.value) for row in read_again(text)} == {("in", "a"), ("in", "b"), ("eq", "4624")}


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("Image", "match", "x"), ("(keywords)", "contains", "x"), ("a|b", "eq", "x"), ("Image", "gt", "now-9m"),
        ("Image", "exists", ""), ("Image", "eq", "x" * 5000),
    ],
)  # fmt: skip
def test_what_sigma_cannot_say_is_refused(field: str, operator: str, value: str) -> None:
    with pytest.raises(UnsayableError):
        line(field, operator, value)


def test_quotes_hold_every_text_on_one_line() -> None:
    for value in VALUES:
        assert yaml.safe_load(quoted(value)) == value and "\n" not in quoted(value)


EXCLUDED = [
    ("Image", "endswith", ["\\Updater.exe"], True),
    ("Image", "in", ["svchost.exe", "C:\\Windows\\x.exe"], True),
    ("CommandLine", "contains", ["it's * here", "--one"], True),
    ("TargetFilename", "startswith", ["C:\\Program Files\\"], True),
    ("DestinationPort", "eq", ["443"], True),
    ("made.up.field", "eq", ["x"], True),
]


def filter_of(reader: Reader = Reader.ANONYMOUS, ids: tuple[str, ...] = ()) -> Text:
    rules = Rule.objects.visible_to(reader).live()
    seen = Indicator.objects.exclusions(reader).with_reach(reader).with_rules(rules).order_by("field", "value")
    return sigma_filter(exclusion_rows(seen, rules, reader), ids, "It's a title", reader, base_catalogue())


@pytest.fixture
def excluding(db: None) -> Rule:
    rule = rows.rule("Excludes", [], EXCLUDED, at=rows.source("sigma"), platforms=["Windows"], language="sigma")
    rows.counted()
    return rule


def test_a_filter_is_one_for_each_log_source_and_pysigma_takes_it(excluding: Rule) -> None:
    text = filter_of()
    assert text.said == 8 and text.unsaid == () and text.unnamed == ("made.up.field",)
    found = [SigmaFilter.from_yaml(part) for part in text.rule.split("---\n")]
    assert [(one.logsource.product, one.logsource.category) for one in found] == [
        ("windows", None), ("windows", "file_event"), ("windows", "network_connection"),
        ("windows", "process_creation"),
    ]  # fmt: skip
    assert [one.title for one in found] == ["It's a title"] * 4 and len({one.id for one in found}) == 4
    assert filter_of().rule == text.rule
    rule = (
        HEAD.format("process_creation") + "detection:\n    selection:\n        EventID: 1\n    condition: selection\n"
    )
    applied = SigmaCollection.from_yaml(f"{rule}---\n{text.rule}").rules[0]
    assert "not 1 of" in applied.detection.condition[0]


def test_a_file_name_alone_becomes_the_end_of_a_path(excluding: Rule) -> None:
    found = yaml.safe_load(f"x: 1\n{filter_of().snippet}".replace("\n    ", "\n"))
    assert found["filter_main_image_endswith"]["Image|endswith"] == ["\\Updater.exe", "\\svchost.exe"]
    assert found["filter_main_image"]["Image"] == "C:\\Windows\\x.exe"
    assert found["filter_main_destinationport"]["DestinationPort"] == 443


def test_a_filter_names_the_rules_that_it_is_for(excluding: Rule) -> None:
    ids = ("6f3e2987-db24-4c78-a860-b4f4095a7095",)
    assert all(
        SigmaFilter.from_yaml(part).filter.rules[0].reference == ids[0]
        for part in filter_of(ids=ids).rule.split("---\n")
    )
    assert SigmaFilter.from_yaml(filter_of().rule.split("---\n")[0]).filter.rules == "any"


def test_what_cannot_be_said_is_left_out_with_its_reason(db: None) -> None:
    rows.rule("Searches", [], [("Image", "match", ["x"], True)])
    rows.counted()
    text = filter_of()
    assert (text.rule, text.snippet, text.said) == ("", "", 0)
    assert [(left.row.field, left.why) for left in text.unsaid] == [
        ("Image", "Sigma searches words in the whole event, not in one field.")
    ]


def test_snippets_are_read_again_as_the_same_exclusions(excluding: Rule) -> None:
    """Alone a value of a list is no list, and a file name is said as the end of a path."""
    rules = Rule.objects.visible_to(Reader.ANONYMOUS).live()
    seen = Indicator.objects.exclusions(Reader.ANONYMOUS).with_reach(Reader.ANONYMOUS).with_rules(rules)
    listed = exclusion_rows(seen, rules, Reader.ANONYMOUS)
    snippets = sigma_snippets(listed, Reader.ANONYMOUS, base_catalogue())
    again = {(found.canonical, found.operator, found.value) for text in snippets.values() for found in read_again(text)}
    whole = {(field, operator, value) for field, operator, values, _ in EXCLUDED for value in values}
    assert whole - again == {("Image", "in", "svchost.exe"), ("Image", "in", "C:\\Windows\\x.exe")}
    assert again - whole == {("Image", "endswith", "\\svchost.exe"), ("Image", "eq", "C:\\Windows\\x.exe")}
