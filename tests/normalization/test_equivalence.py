"""Tests that look for the same thing in different words meet under one key, and others do not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.normalization.catalogue import Field, base_catalogue
from detections.normalization.equivalence import equivalence, equivalence_text, os_family
from detections.normalization.values import folded

Test = tuple[str, str, str, str]  # canonical, form, operator, value


def text(test: Test, family: str = "windows") -> str:
    canonical, form, operator, value = test
    wild = operator != "wildcard" and "*" in value
    return equivalence_text(base_catalogue().field(canonical), form, operator, value, wild, family)


SAME: list[tuple[Test, Test]] = [
    # a program by its file name
    (("Image", "", "endswith", "\\powershell.exe"), ("Image", "base", "eq", "PowerShell.EXE")),
    (("Image", "", "endswith", "\\powershell.exe"), ("Image", "base", "in", "powershell.exe")),
    (("Image", "base", "endswith", "\\powershell.exe"), ("Image", "base", "in", "powershell.exe")),
    (("Image", "", "contains", "\\rundll32.exe"), ("Image", "base", "eq", "rundll32.exe")),
    (("Image", "base", "endswith", "rundll32.exe"), ("Image", "base", "eq", "rundll32.exe")),
    (("ParentImage", "", "endswith", "\\WINWORD.EXE"), ("ParentImage", "base", "eq", "winword.exe")),
    (("TargetImage", "", "endswith", "\\lsass.exe"), ("TargetImage", "", "endswith", "\\\\lsass.exe")),
    (("TargetImage", "", "endswith", "\\lsass.exe"), ("TargetImage", "", "endswith", "lsass.exe")),
    (("Image", "", "endswith", "/curl"), ("Image", "base", "eq", "curl")),
    (("Image", "", "endswith", "\\tool-*.exe"), ("Image", "base", "wildcard", "tool-*.exe")),
    # a whole path, whatever the drive
    (("Image", "", "eq", "C:\\Windows\\explorer.exe"), ("Image", "", "wildcard", "?:\\Windows\\explorer.exe")),
    (("Image", "", "eq", "C:\\Windows\\explorer.exe"), ("Image", "", "endswith", ":\\Windows\\explorer.exe")),
    (("Image", "base", "eq", "C:\\Windows\\explorer.exe"), ("Image", "", "eq", "d:/windows\\explorer.exe")),
    # everything in a folder
    (("Image", "", "startswith", "C:\\Users\\Public\\"), ("Image", "", "wildcard", "?:\\Users\\Public\\*")),
    (("Image", "", "contains", ":\\Users\\Public\\"), ("Image", "", "contains", "\\users\\public\\")),
    (("Image", "", "contains", "/opt/our/"), ("Image", "", "startswith", "/opt/our/")),
    (("CurrentDirectory", "dir", "eq", "C:\\Temp"), ("CurrentDirectory", "", "startswith", "c:\\temp\\")),
    # an extension
    (("TargetFilename", "", "endswith", ".lnk"), ("TargetFilename", "ext", "eq", "lnk")),
    (("TargetFilename", "", "endswith", ".lnk"), ("TargetFilename", "base", "endswith", ".lnk")),
    # a registry value, a key, the spellings of a hive and of a control set
    (("TargetObject", "", "endswith", "\\ImagePath"), ("TargetObject", "value", "eq", "ImagePath")),
    (("TargetObject", "key", "eq", "Debugger"), ("TargetObject", "", "endswith", "\\debugger")),
    (
        ("TargetObject", "", "eq", "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\x"),
        ("TargetObject", "", "eq", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\x"),
    ),
    (
        ("TargetObject", "", "wildcard", "\\REGISTRY\\MACHINE\\SYSTEM\\*ControlSet*\\Services\\*\\ServiceDll"),
        ("TargetObject", "", "wildcard", "*\\CurrentControlSet\\Services\\*\\ServiceDll"),
    ),
    (
        ("TargetObject", "", "wildcard", "HKEY_USERS\\*\\Software\\Ours\\Run\\*"),
        ("TargetObject", "", "contains", "\\Software\\Ours\\Run\\"),
    ),
    (
        ("TargetObject", "", "contains", "\\Ours\\DisableAll"),
        ("TargetObject", "", "endswith", "\\Ours\\DisableAll"),
    ),
    # enumerations, numbers, hashes, operations
    (("LogonType", "", "eq", "3"), ("LogonType", "", "eq", "Network")),
    (("Initiated", "", "eq", "true"), ("Initiated", "", "in", "egress")),
    (("EventID", "", "eq", "4624"), ("EventID", "", "in", "04624")),
    (("EventType", "", "eq", "ConsoleLogin"), ("EventType", "", "in", "consolelogin")),
    (("EventType", "", "eq", "Add member to role."), ("EventType", "", "in", "Add member to role")),
    (("EventType", "registry", "eq", "modified"), ("EventType", "", "eq", "SetValue")),
    (("Hashes", "", "contains", "SHA1=" + "ab" * 20), ("sha1", "", "eq", "AB" * 20)),
    (("Hashes", "", "contains", "IMPHASH=" + "0f" * 16), ("Imphash", "", "in", "0F" * 16)),
    # words of a command line
    (("CommandLine", "arg", "eq", "-urlcache"), ("CommandLine", "", "contains", " /urlcache ")),
    (("CommandLine", "arg", "in", "-urlcache"), ("CommandLine", "", "contains", "–urlcache")),
    (("CommandLine", "", "wildcard", "*urlcache*split*"), ("CommandLine", "", "contains", "split*urlcache")),
    # a regular expression's own flag
    (("CommandLine", "", "regex_match", "(?i)ab+c"), ("CommandLine", "", "regex_match", "ab+c")),
    (("OriginalFileName", "", "eq", "Our.exe"), ("OriginalFileName", "", "in", "our.EXE")),
]
OTHER: list[tuple[Test, Test]] = [
    (("Image", "", "endswith", "\\cmd.exe"), ("ParentImage", "", "endswith", "\\cmd.exe")),
    (("Image", "", "endswith", "sh"), ("Image", "base", "eq", "sh")),
    (("Image", "", "endswith", "\\cmd.exe"), ("OriginalFileName", "", "eq", "cmd.exe")),
    (("Image", "", "contains", "\\opt\\"), ("Image", "", "contains", "/opt/")),
    (("Image", "", "startswith", "\\\\share\\x\\"), ("Image", "", "startswith", "C:\\share\\x\\")),
    (("Image", "", "contains", "cmd.exe"), ("Image", "base", "eq", "cmd.exe")),
    (("CommandLine", "", "eq", "whoami"), ("CommandLine", "", "contains", "whoami")),
    (("Image", "", "regex_match", "x"), ("Image", "", "eq", "x")),
    (("CommandLine", "", "regex_match", "Ab"), ("CommandLine", "", "regex_match", "ab")),
    (("TargetFilename", "ext", "eq", "lnk"), ("TargetFilename", "base", "eq", "lnk")),
    (("TargetObject", "", "contains", "\\Run"), ("TargetObject", "value", "eq", "Run")),
    (("TargetObject", "", "contains", "\\Run\\"), ("TargetObject", "value", "eq", "Run")),
    (("EventType", "", "eq", "modified"), ("EventType", "", "eq", "SetValue")),
    (("EventID", "", "eq", "4624"), ("EventID", "", "startswith", "4624")),
    (("DestinationPort", "", "gt", "80"), ("DestinationPort", "", "gte", "80")),
    (("OriginalFileName", "", "eq", "our.exe"), ("OriginalFileName", "", "endswith", "our.exe")),
]
READABLE: list[tuple[Test, str]] = [
    (("Image", "", "endswith", "\\x.exe"), "Image|base:x.exe"),
    (("Image", "", "endswith", "\\a\\x.exe"), "Image|path:a\\x.exe"),
    (("Image", "", "startswith", "/usr/lib/"), "Image|dir:usr/lib/"),
    (("TargetFilename", "ext", "in", "lnk"), "TargetFilename|ext:lnk"),
    (("TargetObject", "value", "eq", "Load"), "TargetObject|value:load"),
    (("TargetObject", "", "eq", "HKCU\\Software\\Ours\\X"), "TargetObject|regpath:software\\ours\\x"),
    (("LogonType", "", "eq", "Network"), "LogonType|eq:3"),
    (("CommandLine", "", "contains", " /urlcache "), "CommandLine|windows|has:-urlcache"),
    (("DestinationPort", "", "gt", "1024"), "DestinationPort|gt:1024"),
    (("DestinationIp", "", "cidr", "10.0.0.0/8"), "DestinationIp|cidr:10.0.0.0/8"),
    (("Image", "", "fieldref", "ParentImage"), "Image|fieldref:parentimage"),
    (("(keywords)", "", "match", "Mimikatz"), "(keywords)|match:mimikatz"),
    (("Image", "", "exists", ""), ""),
]


@pytest.mark.parametrize(("test", "expected"), READABLE)
def test_a_key_can_be_read(test: Test, expected: str) -> None:
    assert text(test) == expected


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


def test_a_slash_begins_an_option_on_windows_and_a_path_elsewhere() -> None:
    option, path = ("CommandLine", "", "contains", " -tmp"), ("CommandLine", "", "contains", " /tmp")
    assert text(option, "windows") == text(path, "windows")
    assert text(option, "unix") != text(path, "unix")


def test_an_encoded_value_is_compared_with_nothing_but_itself() -> None:
    field = base_catalogue().field("CommandLine")
    plain = equivalence_text(field, "", "contains", "SUVYIA", False, "windows")
    encoded = equivalence_text(field, "", "contains", "SUVYIA", False, "windows", keep_case=True)
    assert encoded == "CommandLine|contains:SUVYIA" != plain
    keys = {
        equivalence(field, "", "contains", "SUVYIA", False, "any", "filter", keep_case=keep) for keep in (False, True)
    }
    assert len(keys) == 2


def test_a_short_word_stays_exact() -> None:
    assert text(("CommandLine", "", "contains", "-c"), "unix") == text(("CommandLine", "", "contains", "-c"), "windows")
    assert text(("CommandLine", "", "contains", "-c")) != text(("CommandLine", "arg", "eq", "-c"))


def test_a_scope_row_and_a_test_for_existence_have_no_equivalent() -> None:
    field = base_catalogue().field("event.dataset")
    assert equivalence(field, "", "eq", "aws.cloudtrail", False, "any", "scope") == ""
    assert equivalence(field, "", "eq", "aws.cloudtrail", False, "any", "derived") == ""
    assert equivalence(base_catalogue().field("Image"), "", "exists", "", False, "any", "filter") == ""


OPERATORS = ["eq", "in", "startswith", "endswith", "contains", "wildcard", "gt", "cidr", "match", "fieldref"]
fields = st.sampled_from([base_catalogue().field(name) for name in (
    "Image", "TargetFilename", "TargetObject", "CommandLine", "Hashes", "LogonType", "EventID", "EventType", "QueryName"
)])  # fmt: skip
forms = st.sampled_from(["", "base", "dir", "ext", "key", "value", "arg", "cmdline"])
values = st.text(st.sampled_from("aBc01\\/:.*?-= _é"), max_size=24) | st.text(max_size=12)


@given(fields, forms, st.sampled_from(OPERATORS), values, st.booleans())
def test_every_test_that_counts_has_a_key_that_no_case_changes(
    field: Field, form: str, operator: str, value: str, wild: bool
) -> None:
    lowered, raised = value.lower(), value.upper()
    key = equivalence(field, form, operator, lowered, wild, "any", "filter")
    assert re.fullmatch("[0-9a-f]{16}", key)
    if raised.lower() == lowered:
        assert equivalence(field, form, operator, raised, wild, "any", "filter") == key


@given(fields, forms, st.sampled_from(["startswith", "contains", "eq"]), values, st.booleans())
def test_tests_of_one_identity_are_equivalent(field: Field, form: str, operator: str, value: str, wild: bool) -> None:
    """What exact reach counts together, equivalent reach counts together."""
    doubled = value[:1] + value[1:].replace("\\", "\\\\")
    assert folded(field, operator, doubled, wild) == folded(field, operator, value, wild)
    one = equivalence_text(field, form, operator, value, wild, "windows")
    assert equivalence_text(field, form, operator, doubled, wild, "windows") == one


@given(values)
def test_a_list_of_one_value_and_the_value_are_equivalent(value: str) -> None:
    field = base_catalogue().field("OriginalFileName")
    assert equivalence_text(field, "", "in", value, False, "any") == equivalence_text(
        field, "", "eq", value, False, "any"
    )


@pytest.mark.parametrize(
    ("platforms", "family"),
    [
        (["Windows"], "windows"), (["Linux", "macOS"], "unix"), (["Container"], "unix"),
        (["Windows", "Linux"], "any"), (["AWS"], "any"), ([], "any"), (["Windows", "AWS"], "windows"),
    ],
)  # fmt: skip
def test_the_family_of_a_rules_operating_systems(platforms: list[str], family: str) -> None:
    assert os_family(platforms) == family
