"""Tests that look for the same thing in different words meet under one key, and others do not."""

import pytest

from detections.normalization.catalogue import base_catalogue
from detections.normalization.equivalence import equivalence, equivalence_text, os_family

Test = tuple[str, str, str, str]  # canonical, form, operator, value


def text(test: Test, family: str = "windows", wild: bool = False) -> str:
    canonical, form, operator, value = test
    return equivalence_text(base_catalogue().field(canonical), form, operator, value, wild, family)


SAME: list[tuple[Test, Test]] = [
    (("Image", "", "endswith", "\\powershell.exe"), ("Image", "base", "eq", "PowerShell.EXE")),
    (("Image", "", "endswith", "\\powershell.exe"), ("Image", "base", "in", "powershell.exe")),
    (("Image", "", "contains", "\\rundll32.exe"), ("Image", "base", "eq", "rundll32.exe")),
    (("ParentImage", "", "endswith", "\\WINWORD.EXE"), ("ParentImage", "base", "eq", "winword.exe")),
    (("Image", "", "endswith", "/curl"), ("Image", "base", "eq", "curl")),
    (("Image", "", "eq", "C:\\Windows\\explorer.exe"), ("Image", "", "in", "?:\\Windows\\explorer.exe")),
    (("TargetFilename", "", "endswith", ".lnk"), ("TargetFilename", "ext", "eq", "lnk")),
    (("TargetFilename", "", "endswith", ".lnk"), ("TargetFilename", "base", "endswith", ".lnk")),
    (("TargetObject", "", "endswith", "\\ImagePath"), ("TargetObject", "value", "eq", "ImagePath")),
    (
        ("TargetObject", "", "eq", "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\x"),
        ("TargetObject", "", "eq", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\x"),
    ),
    (("LogonType", "", "eq", "3"), ("LogonType", "", "eq", "Network")),
    (("Initiated", "", "eq", "true"), ("Initiated", "", "in", "egress")),
    (("EventID", "", "eq", "4624"), ("EventID", "", "in", "4624")),
    (("EventType", "", "eq", "Add member to role."), ("EventType", "", "in", "Add member to role")),
    (("CommandLine", "arg", "eq", "-urlcache"), ("CommandLine", "", "contains", " /urlcache ")),
    (("Hashes", "", "contains", "SHA1=" + "ab" * 20), ("sha1", "", "eq", "AB" * 20)),
]
OTHER: list[tuple[Test, Test]] = [
    (("Image", "", "endswith", "\\cmd.exe"), ("ParentImage", "", "endswith", "\\cmd.exe")),
    (("Image", "", "endswith", "cmd.exe"), ("Image", "base", "eq", "cmd.exe")),
    (("CommandLine", "", "eq", "whoami"), ("CommandLine", "", "contains", "whoami")),
    (("Image", "", "regex_match", "x"), ("Image", "", "eq", "x")),
    (("TargetFilename", "ext", "eq", "lnk"), ("TargetFilename", "base", "eq", "lnk")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equivalent_tests_share_a_key(one: Test, other: Test) -> None:
    assert text(one) == text(other) != ""


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_different_tests_do_not(one: Test, other: Test) -> None:
    assert text(one) != text(other)


def test_a_word_of_a_command_line_is_compared_within_an_os_family_only() -> None:
    test = ("CommandLine", "", "contains", "whoami")
    assert text(test, "windows") != text(test, "unix") != text(test, "any")


def test_a_pattern_of_several_parts_has_one_key_whatever_their_order() -> None:
    one = text(("CommandLine", "", "wildcard", "*urlcache*split*"))
    assert one == text(("CommandLine", "", "wildcard", "*split*urlcache*"))
    assert one != text(("CommandLine", "", "contains", "urlcache"))


def test_a_short_word_stays_exact() -> None:
    assert text(("CommandLine", "", "contains", "-c"), "unix") == text(("CommandLine", "", "contains", "-c"), "windows")
    assert text(("CommandLine", "", "contains", "-c")) != text(("CommandLine", "arg", "eq", "-c"))


def test_a_scope_row_and_a_test_for_existence_have_no_equivalent() -> None:
    field = base_catalogue().field("event.dataset")
    assert equivalence(field, "", "eq", "aws.cloudtrail", False, "any", "scope") == ""
    assert equivalence(base_catalogue().field("Image"), "", "exists", "", False, "any", "filter") == ""


@pytest.mark.parametrize(
    ("platforms", "family"),
    [
        (["Windows"], "windows"), (["Linux", "macOS"], "unix"), (["Container"], "unix"),
        (["Windows", "Linux"], "any"), (["AWS"], "any"), ([], "any"), (["Windows", "AWS"], "windows"),
    ],
)  # fmt: skip
def test_the_family_of_a_rules_operating_systems(platforms: list[str], family: str) -> None:
    assert os_family(platforms) == family
