"""The real corpora: what the rules say, against labels made with independent parsers."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from detections.analysis.dump import dumped
from tests.benchmarks.scorer import Score, labels, score

pytestmark = [pytest.mark.corpora, pytest.mark.xdist_group("corpora")]

LABELS = {
    "sigma": ("sigma", "sigma.jsonl.gz", 0.995),
    "eql": ("elastic", "elastic_eql.jsonl.gz", 0.99),
    "kql": ("elastic", "elastic_kql.jsonl.gz", 0.99),
}
# Small samples that were read by hand: judged by F1, each difference listed.
SAMPLES = {
    "spl": ("splunk", "splunk_spl_sample.jsonl"),
    "esql": ("elastic", "elastic_esql_sample.jsonl"),
}
LEAST_F1 = 0.98
OTHER_IN_SAMPLES = {
    # The search writes IN ("system") and IN ("high", "system"): eq and in are two tests; the label kept the first.
    "detections/endpoint/windows_privilege_escalation_suspicious_process_elevation.yml",
}
LIVE = {"sigma": 3779, "elastic": 2065, "splunk": 1613}
RESOLVED = {"sigma": 0.989, "elastic": 0.978, "splunk": 0.977}
# Where the table and we differ, and why.
OTHER_PLACES = {
    # The table gives Azure beside Entra ID to this rule alone of 55 that carry the same two tags.
    "rules/integrations/azure/persistence_entra_id_user_signed_in_from_unusual_device.toml",
    # The rule spells its key `data_sources`, which the table's author did not read; it says Windows IIS.
    "detections/web/windows_iis_server_pswa_console_access.yml",
}
# Conditions that Sigma cannot express: prose, and an aggregation without a pipe. All four are unsupported rules.
NO_QUERY = {
    "unsupported/network/net_dns_high_subdomain_rate.yml",
    "unsupported/windows/sysmon_always_install_elevated_parent_child_correlated.yml",
    "unsupported/windows/win_dumping_ntdsdit_via_dcsync.yml",
    "unsupported/windows/win_dumping_ntdsdit_via_netsync.yml",
}
READ_IN_FULL = {"sigma": ("sigma",), "elastic": ("kql", "eql", "esql", "lucene"), "splunk": ("spl",)}


def scored(reading, corpora: Path, vendor: str, file: str) -> Score:
    found = {}
    for analysis in reading(vendor).analyses:
        found.setdefault(analysis.document.path, []).extend(dumped(analysis)["predicates"])
    return score(labels(corpora / "labels" / file), found)


@pytest.mark.parametrize("language", LABELS)
def test_rules_say_what_independent_parsers_found(language: str, reading, corpora: Path) -> None:
    vendor, file, least = LABELS[language]
    result = scored(reading, corpora, vendor, file)
    assert len(result.absent) <= 1, result.absent
    assert result.exact_share >= least, dict(list(result.different.items())[:5])


@pytest.mark.parametrize("language", SAMPLES)
def test_rules_say_what_people_read_in_them(language: str, reading, corpora: Path) -> None:
    result = scored(reading, corpora, *SAMPLES[language])
    assert result.absent == []
    assert result.f1 >= LEAST_F1
    assert set(result.different) <= OTHER_IN_SAMPLES, result.different


@pytest.mark.parametrize("vendor", READ_IN_FULL)
def test_every_query_is_parsed_in_full(vendor: str, reading) -> None:
    not_full = {
        analysis.document.path: [str(problem) for problem in analysis.problems]
        for analysis in reading(vendor).analyses
        if analysis.document.language in READ_IN_FULL[vendor] and analysis.parse != "full"
    }
    assert set(not_full) == (NO_QUERY if vendor == "sigma" else set()), not_full


@pytest.mark.parametrize("vendor", LIVE)
def test_every_live_rule_is_found(vendor: str, reading) -> None:
    live = [analysis for analysis in reading(vendor).analyses if analysis.document.lifecycle == "live"]
    assert len(live) == LIVE[vendor]
    assert len({analysis.document.own_id for analysis in live}) == LIVE[vendor]


@pytest.mark.parametrize("vendor", RESOLVED)
def test_field_names_are_resolved(vendor: str, reading) -> None:
    known, pairs = reading(vendor).resolved_share()
    assert known / pairs >= RESOLVED[vendor], (known, pairs)


@pytest.mark.parametrize("vendor", LIVE)
def test_platforms_and_domains_are_those_of_the_table(vendor: str, reading, corpora: Path) -> None:
    with (corpora / "fields" / "platform_domain.csv").open(newline="") as file:
        wanted = {row["rule_id"]: row for row in csv.DictReader(file) if row["vendor"] == vendor}
    different = {}
    for analysis in reading(vendor).analyses:
        row = wanted.get(analysis.document.own_id)
        if row is None or analysis.document.lifecycle != "live":
            continue
        ours = ("|".join(analysis.places.platforms), "|".join(analysis.places.domains))
        if ours != (row["platforms"], row["domains"]):
            different[analysis.document.path] = (ours, row["platforms"], row["domains"])
    assert set(different) <= OTHER_PLACES, different


def test_a_place_in_the_text_holds_what_was_written(reading) -> None:
    wrong: Counter[str] = Counter()
    for vendor in ("sigma", "elastic"):
        for analysis in reading(vendor).analyses:
            text = analysis.document.query or analysis.document.text
            for predicate in analysis.predicates:
                test = predicate.test
                if predicate.place not in ("", "category", "until"):
                    continue
                # A null that is written as nothing at all has a place and no width.
                written = test.start < test.end or test.operator == "exists"
                if not (0 <= test.start <= test.end <= len(text) and written):
                    wrong[analysis.document.path] += 1
    assert wrong == Counter()
