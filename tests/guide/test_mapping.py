"""Sigma's names in ECS and CIM: pySigma loads the pipeline, and what it makes of a rule is what normalization says."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from sigma.collection import SigmaCollection
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaRule

from catalog.exports.pipeline import pipeline_yaml
from detections.guide.mapping import DATA_SETS, LOG_SOURCES, NAMESPACES, mapped_names, uses_of_names
from detections.models import Reader, RuleName, Technique
from detections.normalization.catalogue import Alias, Catalogue, Field, base_catalogue
from detections.normalization.names import resolve
from detections.vendors.sigmahq import context
from tests.pages import rows

RULE = """
title: A rule of our own
logsource: {{{logsource}}}
detection:
  selection:
    {field}: some value
  condition: selection
"""


def converted(namespace: str, field: str, logsource: str, catalogue: Catalogue | None = None) -> str:
    """The field that a rule with this one tests behind the pipeline."""
    mappings = mapped_names(namespace, catalogue or base_catalogue(), {})
    pipeline = ProcessingPipeline.from_yaml(pipeline_yaml("ours", mappings, ["A comment: with a colon"]))
    (rule,) = SigmaCollection.from_yaml(RULE.format(field=field, logsource=logsource)).rules
    assert isinstance(rule, SigmaRule)
    pipeline.apply(rule)
    (item,) = rule.detection.detections["selection"].detection_items
    assert not isinstance(item, SigmaDetection)
    return str(item.field)


@pytest.mark.parametrize(
    ("namespace", "field", "logsource", "expected"),
    [
        ("ecs", "Image", "product: windows, category: process_creation", "process.executable"),
        ("ecs", "CommandLine", "product: linux, category: process_creation", "process.command_line"),
        ("ecs", "Filename", "category: antivirus", "file.path"),
        ("ecs", "Filename", "product: windows, service: security", "file.name"),
        ("ecs", "ObjectName", "product: windows, category: registry_set", "registry.path"),
        ("ecs", "ObjectName", "product: windows, service: security", "winlog.event_data.ObjectName"),
        ("ecs", "SourceImage", "product: windows, category: process_access", "process.executable"),
        ("ecs", "SourceImage", "product: windows, category: process_creation", "SourceImage"),
        ("ecs", "eventType", "product: aws, service: cloudtrail", "aws.cloudtrail.event_type"),
        ("ecs", "eventName", "product: aws, service: cloudtrail", "event.action"),
        ("ecs", "LogonType", "product: windows, service: security", "LogonType"),
        ("ecs", "Initiated", "product: windows, category: network_connection", "Initiated"),
        ("ecs", "nobody.knows", "product: windows", "nobody.knows"),
        ("cim", "Image", "product: windows, category: process_creation", "Processes.process_path"),
        ("cim", "Image", "product: windows, category: registry_set", "Registry.process_path"),
        ("cim", "CommandLine", "product: windows, category: process_creation", "Processes.process"),
        ("cim", "TargetObject", "product: windows, category: registry_set", "Registry.registry_path"),
        ("cim", "TargetFilename", "product: windows, category: file_event", "Filesystem.file_path"),
        ("cim", "QueryName", "product: windows, category: dns_query", "DNS.query"),
        ("cim", "c-uri", "category: proxy", "Web.url"),
        ("cim", "CommandLine", "product: windows, service: security", "CommandLine"),
    ],
)
def test_pysigma_maps_a_rule_as_normalization_says(namespace: str, field: str, logsource: str, expected: str) -> None:
    found = converted(namespace, field, logsource)
    assert found == expected
    if found != field:
        source = dict(part.split(": ") for part in logsource.split(", "))
        vendor, path = ("elastic", "") if namespace == "ecs" else ("splunk", found)
        meant = resolve(base_catalogue(), "sigma", field, context(source))
        back = resolve(base_catalogue(), vendor, found, context(source), path=path)
        assert back.canonical == meant.canonical
        assert back.form == meant.form or {back.form, meant.form} == {"", "cmdline"}


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_is_one_of_the_same_field_and_part(namespace: str) -> None:
    """In every log source of its row, for what the row itself says."""
    catalogue = base_catalogue()
    vendor = "elastic" if namespace == "ecs" else "splunk"
    checked = 0
    for mapping in mapped_names(namespace, catalogue, {}):
        places = [frozenset()] if mapping.elsewhere or not mapping.log_sources else []
        places += [context({kind: word}) for kind, word in mapping.log_sources if not mapping.elsewhere]
        for name, target in mapping.names.items():
            for tokens in places:
                meant = resolve(catalogue, "sigma", name, tokens)
                found = resolve(catalogue, vendor, target, tokens, path=target)
                alias = [one for one in catalogue.aliases if (one.vendor, one.name) == (namespace, target)]
                forms = {one.form for one in alias if one.canonical == meant.canonical} or {found.form}
                assert meant.canonical in {found.canonical, *(one.canonical for one in alias)}, (name, target, tokens)
                assert meant.form in forms or {meant.form, *forms} <= {"", "cmdline"}, (name, target, tokens)
                checked += 1
    assert checked > 200


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_no_row_reads_what_another_wrote(namespace: str) -> None:
    for row, later in combinations(mapped_names(namespace, base_catalogue(), {}), 2):
        assert set(row.names.values()).isdisjoint(later.names)


def test_log_sources_are_those_that_normalization_understands() -> None:
    for token, log_sources in LOG_SOURCES.items():
        for kind, word in log_sources:
            assert token in context({kind: word}), (token, kind, word)
    assert set(DATA_SETS) <= set(LOG_SOURCES)


def test_of_several_names_the_one_that_most_live_rules_write_is_taken(client: Any, snapshot: Technique) -> None:
    catalogue = Catalogue(
        {"User": Field("User")},
        (Alias("User", "sigma", "User"), Alias("User", "ecs", "user.name"), Alias("User", "ecs", "user.full")),
    )

    def taken() -> str:
        (row,) = mapped_names("ecs", catalogue, uses_of_names("ecs", Reader.ANONYMOUS))
        return row.names["User"]

    assert taken() == "user.full"
    elastic = rows.Rule.objects.get(own_id="snapshot")
    RuleName.objects.create(rule=elastic, name="?user.name", canonical="User")
    assert taken() == "user.name"
    team = rows.source("team", public=False)
    team.vendor = "elastic"
    team.save()
    for number in range(3):
        rule = rows.rule(f"Ours {number}", [snapshot], at=team)
        RuleName.objects.create(rule=rule, name="user.full", canonical="User")
    assert taken() == "user.name"
