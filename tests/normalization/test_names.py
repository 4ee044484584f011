"""Raw names, in the context of their events, to canonical fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detections.languages.tree import KEYWORDS
from detections.normalization.catalogue import CATEGORIES, Alias, Catalogue, base_catalogue
from detections.normalization.names import Name, cleaned_name, resolve

CASES = [
    # vendor, raw name, context, canonical, form
    ("sigma", "Image", "", "Image", ""),
    ("elastic", "process.name", "", "Image", "base"),
    ("elastic", "process.executable", "", "Image", ""),
    ("splunk", "process_name", "", "Image", "base"),
    ("elastic", "process.args", "", "CommandLine", "arg"),
    ("elastic", "process.command_line", "", "CommandLine", ""),
    ("elastic", "event.dataset", "aws", "event.dataset", ""),
    ("elastic", "data_stream.dataset", "", "event.dataset", ""),
    ("elastic", "event.provider", "aws", "Provider_Name", ""),
    ("elastic", "event.action", "aws", "EventType", ""),
    ("elastic", "event.outcome", "aws", "event.outcome", ""),
    ("sigma", "eventSource", "aws", "Provider_Name", ""),
    ("sigma", "eventName", "aws", "EventType", ""),
    ("sigma", "eventType", "aws", "aws.cloudtrail.event_type", ""),
    ("sigma", "eventType", "okta", "EventType", ""),
    # the event's category decides
    ("elastic", "file.path", "", "TargetFilename", ""),
    ("elastic", "file.path", "image_load", "ImageLoaded", ""),
    ("elastic", "file.name", "driver_load", "ImageLoaded", "base"),
    ("elastic", "file.name", "5145", "PipeName", ""),
    ("elastic", "process.executable", "process_access", "SourceImage", ""),
    ("elastic", "user.name", "", "User", ""),
    ("elastic", "user.name", "windows_logon", "TargetUserName", ""),
    ("elastic", "service.name", "gcp", "Provider_Name", ""),
    ("sigma", "Signature", "antivirus", "Signature.antivirus", ""),
    ("splunk", "process_exec", "auditd", "CommandLine", "cmdline"),
    ("splunk", "process_exec", "", "Image", "base"),
    ("splunk", "status", "ocsf", "event.outcome", ""),
    # a log that the context names speaks first
    ("elastic", "process.title", "", "process.title", ""),
    ("elastic", "process.title", "auditd", "CommandLine", ""),
    # wrappers and marks around a name
    ("elastic", "winlog.event_data.TargetUserName", "", "TargetUserName", ""),
    ("elastic", "?process.name", "", "Image", "base"),
    ("elastic", "process.name.caseless", "", "Image", "base"),
    ("elastic", "aws.cloudtrail.flattened.request_parameters.roleName", "", "requestParameters.roleName", ""),
    ("elastic", "data.win.eventdata.TargetUserName", "", "TargetUserName", ""),
    ("sigma", "CommandLine|contains", "", "CommandLine", ""),
    ("elastic", "Target.process.name", "", "TargetImage", "base"),
    # a data model's prefix, in Splunk only
    ("splunk", "Processes.process_name", "", "Image", "base"),
    ("splunk", "Anything.process_name", "", "Image", "base"),
    ("elastic", "Anything.process.name", "", "Anything.process.name", ""),
    ("splunk", "Registry.action", "", "EventType", "registry"),
    # names whose letters' case tells them apart
    ("sigma", "Status", "", "Status", ""),
    ("sigma", "status", "m365", "event.outcome", ""),
    ("sigma", "commandline", "", "CommandLine", ""),
    ("sigma", "(keywords)", "", "(keywords)", ""),
]


@pytest.mark.parametrize(("vendor", "raw", "context", "canonical", "form"), CASES)
def test_a_name_means_its_canonical_field(vendor: str, raw: str, context: str, canonical: str, form: str) -> None:
    name = resolve(base_catalogue(), vendor, raw, frozenset(filter(None, [context])))
    assert (name.canonical, name.form) == (canonical, form)


def test_a_data_models_path_is_looked_up_before_the_bare_name() -> None:
    def canonical(path: str) -> str:
        return resolve(base_catalogue(), "splunk", "user", frozenset(), path=path).canonical

    assert canonical("Authentication.user") == "TargetUserName"
    assert canonical("Processes.user") == "User"


def test_the_reference_rule_has_the_reference_rows() -> None:
    """An Elastic rule on CloudTrail: data set, provider, action, outcome, as `fields.md` shows them."""
    written = ["event.dataset", "event.provider", "event.action", "event.outcome"]
    names = [resolve(base_catalogue(), "elastic", raw, frozenset({"aws"})) for raw in written]
    assert [name.canonical for name in names] == ["event.dataset", "Provider_Name", "EventType", "event.outcome"]
    roles = [base_catalogue().field(name.canonical).role for name in names]
    assert roles == ["scope", "filter", "filter", "filter"]


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("smb", "DestinationPortName"), ("ssl/tls", "DestinationPortName"), ("", "DestinationPortName"),
        ("rundll32.EXE", "Image"), ("C:\\x\\y", "Image"), ("/usr/bin/x", "Image"),
    ],
)  # fmt: skip
def test_a_mixed_field_is_told_by_its_value(value: str, canonical: str) -> None:
    name = resolve(base_catalogue(), "splunk", "app", frozenset(), path="All_Traffic.app", value=value)
    assert name.canonical == canonical


def test_a_name_that_no_table_holds_is_its_own_canonical() -> None:
    assert resolve(base_catalogue(), "sigma", "NoSuchField", frozenset()) == Name("NoSuchField", known=False)
    own = resolve(base_catalogue(), "elastic", "winlog.event_data.NoSuchField", frozenset())
    assert own.canonical == "NoSuchField"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [("`a.b`", "a.b"), ("a{}.b", "a.b"), ("a[0].b", "a.b"), ("a.0.b", "a.b"), ("a.*.b", "a.b"), ("x.keyword", "x")],
)
def test_marks_around_a_name_are_cleaned_away(raw: str, cleaned: str) -> None:
    assert cleaned_name(raw) == cleaned


def test_a_sites_alias_lies_over_the_tables() -> None:
    site: Catalogue = base_catalogue().merged(aliases=[Alias("Image", "sigma", "OurProgram", form="base")])
    assert resolve(site, "sigma", "OurProgram", frozenset()) == Name("Image", "base")
    assert resolve(base_catalogue(), "sigma", "OurProgram", frozenset()).canonical == "OurProgram"
    assert site.digest != base_catalogue().digest


@given(
    st.sampled_from(["sigma", "elastic", "splunk"]),
    st.text(max_size=20) | st.sampled_from([alias.name for alias in base_catalogue().aliases]),
    st.frozensets(st.sampled_from(sorted(CATEGORIES - {""})), max_size=3),
    st.text(max_size=10),
)
def test_every_name_has_a_canonical_one(vendor: str, raw: str, context: frozenset[str], path: str) -> None:
    name = resolve(base_catalogue(), vendor, raw, context, path=path)
    assert name.canonical or not raw
    assert not name.known or name.canonical in base_catalogue().fields or name.canonical == KEYWORDS
