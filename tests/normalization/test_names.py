"""Raw names, in the context of their events, to canonical fields."""

import pytest

from detections.normalization.catalogue import Alias, Catalogue, base_catalogue
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
    # wrappers and marks around a name
    ("elastic", "winlog.event_data.TargetUserName", "", "TargetUserName", ""),
    ("elastic", "?process.name", "", "Image", "base"),
    ("elastic", "process.name.caseless", "", "Image", "base"),
    ("elastic", "aws.cloudtrail.flattened.request_parameters.roleName", "", "requestParameters.roleName", ""),
    ("sigma", "CommandLine|contains", "", "CommandLine", ""),
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


@pytest.mark.parametrize(
    ("value", "canonical"), [("smb", "DestinationPortName"), ("rundll32.exe", "Image"), ("C:\\x\\y", "Image")]
)
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
