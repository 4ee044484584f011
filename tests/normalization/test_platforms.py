"""Platforms and domains out of the evidence that vendors write down."""

import csv
from pathlib import Path

import pytest
import yaml

from detections.normalization.catalogue import CatalogueError
from detections.normalization.platforms import (
    ATTACK_PLATFORMS,
    DOMAINS,
    attack_platforms,
    load_tables,
    places,
    platform_names,
)

CASES = [
    ("sigma", [("product", "windows"), ("category", "process_creation")], "Windows", "endpoint"),
    ("sigma", [("product+service", "azure/signinlogs"), ("product", "azure")], "Entra ID", "identity"),
    ("sigma", [("product", "azure"), ("service", "activitylogs")], "Azure", "cloud"),
    ("sigma", [("category", "proxy")], "Web proxy", "web"),
    ("sigma", [("product+service", "gcp/google_workspace.admin"), ("product", "gcp")], "Google Workspace", "saas"),
    ("sigma", [("product+service", "cisco/duo"), ("product", "cisco")], "Cisco Duo", "identity"),
    ("sigma", [("product+service", "cisco/ldp"), ("product", "cisco")], "Network", "network"),
    ("sigma", [("product+service", "m365/exchange"), ("product", "m365")], "Microsoft 365", "email saas"),
    ("sigma", [("product", "linux"), ("category", "webserver")], "Linux", "endpoint"),
    ("sigma", [("product", "nothing known"), ("category", "antivirus")], "Any host", "endpoint"),
    ("sigma", [("product", "windows server")], "", ""),
    ("sigma", [], "", ""),
    ("sigma", [("service", "apache")], "Web server", "web"),
    ("sigma", [("product+service", "windows/dns-server"), ("product", "windows")], "Windows", "endpoint network"),
    ("elastic", [("tag OS", "linux"), ("tag Domain", "endpoint")], "Linux", "endpoint"),
    ("elastic", [("tag OS", "linux"), ("tag Data Source", "aws"), ("tag Domain", "cloud")], "AWS Linux", "cloud"),
    ("elastic", [("tag OS", "windows"), ("tag Data Source", "zeek")], "Windows", "endpoint"),
    ("elastic", [("tag Data Source", "azure"), ("tag Data Source", "microsoft entra id")], "Entra ID", "identity"),
    ("elastic", [("tag Data Source", "azure"), ("tag Data Source", "azure activity logs")], "Azure", "cloud"),
    ("elastic", [("index", "packetbeat-*")], "Network", "network"),
    ("elastic", [("tag Domain", "llm")], "", "ai"),
    ("elastic", [("tag OS", "linux"), ("tag OS", "macos"), ("tag OS", "windows")], "Linux Windows macOS", "endpoint"),
    ("elastic", [("integration", "problemchild"), ("index", "auditbeat-*")], "Linux", "endpoint"),
    ("elastic", [("integration", "problemchild")], "Windows", "endpoint"),
    ("splunk", [("file name", "x.yml"), ("data_source", "sysmon eventid 1")], "Windows", "endpoint"),
    ("splunk", [("file name", "x.yml"), ("data_source", "sysmon for linux eventid 1")], "Linux", "endpoint"),
    ("splunk", [("file name", "macos_x.yml"), ("data_source", "sysmon eventid 1")], "macOS", "endpoint"),
    ("splunk", [("asset_type", "endpoint"), ("folder", "detections/network")], "Network", "network"),
    ("splunk", [("data_source", "suricata"), ("folder", "detections/web")], "Network", "web"),
    ("splunk", [("data_source", "o365"), ("name", "o365 email rule")], "Microsoft 365", "email saas"),
    ("splunk", [("datamodel", "email"), ("folder", "detections/application")], "", "email"),
    ("splunk", [("datamodel", "authentication"), ("folder", "detections/endpoint")], "Any host", "identity"),
    ("splunk", [("datamodel", "authentication"), ("data_source", "okta")], "Okta", "identity"),
    ("splunk", [("file name", "gcp_x.yml"), ("asset_type", "amazon eks kubernetes cluster")], "Kubernetes", "cloud"),
    ("nobody", [("product", "windows")], "", ""),
]


@pytest.mark.parametrize(("vendor", "evidence", "platforms", "domains"), CASES)
def test_evidence_tells_platform_and_domain(
    vendor: str, evidence: list[tuple[str, str]], platforms: str, domains: str
) -> None:
    found = places(vendor, evidence)
    assert " ".join(found.platforms) == platforms
    assert " ".join(found.domains) == domains


@pytest.mark.parametrize(
    ("vendor", "evidence", "platform_rule", "domain_rule"),
    [
        ("sigma", [("product", "windows"), ("category", "process_creation")], "product", "from platform"),
        ("elastic", [("tag Domain", "endpoint"), ("tag OS", "linux")], "tag OS", "tag Domain"),
        ("splunk", [("folder", "detections/endpoint"), ("datamodel", "web")], "folder", "datamodel"),
        ("splunk", [("folder", "detections/cloud")], "", "folder"),
        ("splunk", [], "", ""),
    ],
)
def test_the_kind_of_evidence_that_decided_is_told(
    vendor: str, evidence: list[tuple[str, str]], platform_rule: str, domain_rule: str
) -> None:
    found = places(vendor, evidence)
    assert (found.platform_rule, found.domain_rule) == (platform_rule, domain_rule)


def test_every_platform_has_a_domain_and_a_name_of_attack() -> None:
    assert platform_names()
    for name in platform_names():
        assert attack_platforms(name) and set(attack_platforms(name)) <= ATTACK_PLATFORMS, name
    assert attack_platforms("Nowhere") == ()
    assert set(load_tables().domain.values()) <= DOMAINS


PLATFORMS = "platform,domain,attack_platforms\nHere,endpoint,Windows|Linux\n"
EVIDENCE = "vendor,decides,step,kind,pattern,value,replaces,unless\nsigma,platform,1,product,here,Here,,\n"


@pytest.mark.parametrize(
    ("platforms", "evidence", "said"),
    [
        (PLATFORMS + "Here,cloud,IaaS\n", EVIDENCE, r"platforms\.csv:3: .*twice"),
        (PLATFORMS + "There,nowhere,IaaS\n", EVIDENCE, r"platforms\.csv:3: 'nowhere' is no domain"),
        (PLATFORMS + "There,cloud,Cloud\n", EVIDENCE, r"platforms\.csv:3: 'Cloud' is no platform of ATT&CK"),
        (PLATFORMS + "There,cloud\n", EVIDENCE, r"platforms\.csv:3: .*columns"),
        ("platform,domain\n", EVIDENCE, r"platforms\.csv:1: the header"),
        ("", EVIDENCE, r"platforms\.csv:1: the header"),
        (PLATFORMS, EVIDENCE + "sigma,platform,1,product,here,Here,,\n", r"evidence\.csv:3: .*twice"),
        (PLATFORMS, EVIDENCE + "sigma,platform,1,product,there,There,,\n", r"evidence\.csv:3: 'There' is no platform"),
        (PLATFORMS, EVIDENCE + "sigma,domain,1,product,there,Here,,\n", r"evidence\.csv:3: 'Here' is no domain"),
        (PLATFORMS, EVIDENCE + "sigma,level,1,product,there,Here,,\n", r"evidence\.csv:3: 'level' is no column"),
        (PLATFORMS, EVIDENCE + "sigma,platform,first,product,x,Here,,\n", r"evidence\.csv:3: 'first' is no step"),
        (PLATFORMS, EVIDENCE + "sigma,platform,1,product,x(,Here,,\n", r"evidence\.csv:3: .*regular expression"),
        (PLATFORMS, EVIDENCE + "sigma,platform,1,product,x,Here,,There\n", r"evidence\.csv:3: 'There' is no platform"),
        (PLATFORMS, EVIDENCE + "sigma,domain,also,product,x,web,There,\n", r"evidence\.csv:3: 'There' is no domain"),
        (PLATFORMS, EVIDENCE + "sigma,platform,1\n", r"evidence\.csv:3: .*columns"),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path: Path, platforms: str, evidence: str, said: str) -> None:
    (tmp_path / "platforms.csv").write_text(platforms)
    (tmp_path / "evidence.csv").write_text(evidence)
    with pytest.raises(CatalogueError, match=said):
        load_tables(tmp_path)
    assert issubclass(CatalogueError, ValueError)


def test_tables_that_are_sound_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "platforms.csv").write_text(PLATFORMS)
    (tmp_path / "evidence.csv").write_text(EVIDENCE)
    tables = load_tables(tmp_path)
    assert (tables.domain, tables.attack) == ({"Here": "endpoint"}, {"Here": ("Windows", "Linux")})
    assert list(tables.steps[("sigma", "platform")]) == ["1"]


@pytest.mark.corpora
def test_log_sources_of_sigma_tell_the_places_of_the_table(corpora: Path) -> None:
    """Evidence built here from each rule's own logsource, whatever the reader of Sigma's files makes of it."""
    compared = 0
    with (corpora / "fields" / "platform_domain.csv").open(newline="") as lines:
        wanted = [row for row in csv.DictReader(lines) if row["vendor"] == "sigma"]
    for row in wanted:
        file = corpora / "corpora" / "sigma" / row["path"]
        if not file.is_file():
            continue
        source = next(yaml.load_all(file.read_text("utf-8"), yaml.CSafeLoader))["logsource"]
        source = {key: str(value).lower() for key, value in source.items()}
        kinds = [(kind, source[kind]) for kind in ("product", "category", "service") if kind in source]
        if {"product", "service"} <= source.keys():
            kinds.insert(0, ("product+service", f"{source['product']}/{source['service']}"))
        found = places("sigma", kinds)
        assert ("|".join(found.platforms), "|".join(found.domains)) == (row["platforms"], row["domains"]), row["path"]
        compared += 1
    assert compared == 3779
