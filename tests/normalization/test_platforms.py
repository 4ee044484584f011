"""Platforms and domains out of the evidence that vendors write down."""

import pytest

from detections.normalization.platforms import DOMAINS, attack_platforms, places, platform_names

CASES = [
    ("sigma", [("product", "windows"), ("category", "process_creation")], "Windows", "endpoint"),
    ("sigma", [("product+service", "azure/signinlogs"), ("product", "azure")], "Entra ID", "identity"),
    ("sigma", [("product", "azure"), ("service", "activitylogs")], "Azure", "cloud"),
    ("sigma", [("category", "proxy")], "Web proxy", "web"),
    ("sigma", [("service", "apache")], "Web server", "web"),
    ("sigma", [("product+service", "windows/dns-server"), ("product", "windows")], "Windows", "endpoint network"),
    ("elastic", [("tag OS", "linux"), ("tag Domain", "endpoint")], "Linux", "endpoint"),
    ("elastic", [("tag OS", "linux"), ("tag Data Source", "aws"), ("tag Domain", "cloud")], "AWS Linux", "cloud"),
    ("elastic", [("tag OS", "windows"), ("tag Data Source", "zeek")], "Windows", "endpoint"),
    ("elastic", [("tag Data Source", "azure"), ("tag Data Source", "microsoft entra id")], "Entra ID", "identity"),
    ("elastic", [("tag Data Source", "azure"), ("tag Data Source", "azure activity logs")], "Azure", "cloud"),
    ("elastic", [("index", "packetbeat-*")], "Network", "network"),
    ("elastic", [("tag Domain", "llm")], "", "ai"),
    ("splunk", [("file name", "x.yml"), ("data_source", "sysmon eventid 1")], "Windows", "endpoint"),
    ("splunk", [("file name", "x.yml"), ("data_source", "sysmon for linux eventid 1")], "Linux", "endpoint"),
    ("splunk", [("file name", "macos_x.yml"), ("data_source", "sysmon eventid 1")], "macOS", "endpoint"),
    ("splunk", [("asset_type", "endpoint"), ("folder", "detections/network")], "Network", "network"),
    ("splunk", [("data_source", "suricata"), ("folder", "detections/web")], "Network", "web"),
    ("splunk", [("data_source", "o365"), ("name", "o365 email rule")], "Microsoft 365", "email saas"),
    ("splunk", [("datamodel", "email"), ("folder", "detections/application")], "", "email"),
]


@pytest.mark.parametrize(("vendor", "evidence", "platforms", "domains"), CASES)
def test_evidence_tells_platform_and_domain(
    vendor: str, evidence: list[tuple[str, str]], platforms: str, domains: str
) -> None:
    found = places(vendor, evidence)
    assert " ".join(found.platforms) == platforms
    assert " ".join(found.domains) == domains


def test_every_platform_has_a_domain_and_a_name_of_attack() -> None:
    for name in platform_names():
        assert attack_platforms(name), name
    assert attack_platforms("Nowhere") == ()
    assert "endpoint" in DOMAINS
