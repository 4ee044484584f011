"""The real corpora: what the rules say, against labels made with independent parsers."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.accuracy.differences import FOLDER, Difference, listed
from tests.benchmarks.scorer import LABELS, labels, score

pytestmark = [pytest.mark.corpora, pytest.mark.xdist_group("corpora")]

# The labels of spl and esql are small samples that were read by hand: one rule is much of the whole.
LEAST_EXACT = {"sigma": 0.995, "eql": 0.99, "kql": 0.99, "spl": 0.95, "esql": 0.99}
LEAST_F1 = 0.98
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


@pytest.mark.parametrize("language", LABELS)
def test_rules_say_what_their_labels_say(language: str, reading, corpora: Path) -> None:
    """But for the differences that are listed with their reasons, every one of which is still there."""
    vendor, file = LABELS[language]
    result = score(labels(corpora / "labels" / file), reading(vendor).predicates())
    different = {path: Difference(*map(tuple, pair)) for path, pair in result.different.items()}
    assert different == listed(language)
    assert len(result.absent) <= 1, result.absent
    assert result.exact_share >= LEAST_EXACT[language]
    assert result.f1 >= LEAST_F1


def test_every_list_of_differences_is_read() -> None:
    assert {file.name for file in FOLDER.iterdir()} <= {f"{language}.yaml" for language in LABELS}


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
