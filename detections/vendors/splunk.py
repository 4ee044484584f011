"""Splunk's security_content: one YAML file for each detection, in three generations of its schema."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from detections.documents.decoding import read_text
from detections.documents.document import FileReading, Lifecycle, LogSource, RuleDocument
from detections.documents.problem import Problem, UnreadableError
from detections.documents.yaml import YamlDocument, load_mapping
from detections.vendors.checkout import lifecycle_of
from detections.vendors.metadata import Metadata, jsonable
from detections.vendors.vendor import ReadWith, Vendor

FOLDERS: dict[str, Lifecycle] = {
    "detections/deprecated": "deprecated",
    "removed/detections": "retired",
    "detections": "live",
}
_LIFECYCLES: dict[str, Lifecycle] = {"deprecated": "deprecated", "removed": "retired"}
_RISK = ("confidence", "impact", "risk_score", "message", "observable")
_EXTRA = (
    "data_source", "analytic_story", "asset_type", "security_domain", "product", "cve", "CVE", "atomic_guid",
    "category", "rba", "finding", "intermediate_findings", "threat_objects", "deprecation_info", "baselines", *_RISK,
)  # fmt: skip
_MACRO = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*)(?:\([^`]*\))?`")
# Possessive: a run of blanks is read once.
_DATA_MODEL = re.compile(r"\bdatamodel\s*+=?\s*+\"?([A-Za-z_]+(?:\.[A-Za-z_]+)?)", re.IGNORECASE)
_SOURCETYPE = re.compile(r"\bsourcetype\s*=\s*\"?([^\s\")]+)", re.IGNORECASE)
# An author with what stands in brackets behind the name: `Someone, Another (Team, Company)` are two.
_AUTHOR = re.compile(r"(?:[^,(]|\([^()]*+\)|\()++")
# What a data model's data set or a source macro says about the events, in the alias table's categories.
_OF_DATASET = {
    "processes": "process_creation", "filesystem": "file", "registry": "registry", "all_traffic": "network_connection",
    "dns": "dns", "web": "web", "authentication": "authentication", "all_changes": "change", "services": "service",
    "change": "change", "network_resolution": "dns", "network_traffic": "network_connection",
}  # fmt: skip
_OF_MACRO = {
    "cloudtrail": "aws", "amazon_security_lake": "ocsf", "o365_management_activity": "m365",
    "o365_graph": "m365", "azure_monitor_aad": "azure", "azure_audit": "azure", "azuread": "azure",
    "google_gcp_pubsub_message": "gcp", "gsuite_gmail": "gworkspace", "gsuite_drive": "gworkspace",
    "gws_reports_login": "gworkspace", "gws_reports_admin": "gworkspace", "github": "github",
    "github_known_users": "github", "okta": "okta", "linux_auditd": "auditd", "kubernetes_azure": "kubernetes",
    "kube_audit": "kubernetes", "kubernetes_container_controller": "kubernetes", "kube_objects_events": "kubernetes",
    "wineventlog_security": "security", "wineventlog_system": "system", "wineventlog_task_scheduler": "taskscheduler",
    "powershell": "ps_script", "sysmon": "sysmon", "linux_auditd_normalized_execve_process": "auditd",
    "linux_auditd_normalized_proctitle_process": "auditd",
}  # fmt: skip


def read_with(root: Path) -> ReadWith:
    """The macros of a checkout: name, with the number of arguments behind it as Splunk names them, to JSON of
    {definition, arguments}. A macro file that cannot be read is a problem; its macro is then undefined."""
    texts: dict[str, str] = {}
    digest = hashlib.sha256()
    problems: list[Problem] = []
    for file in sorted((root / "macros").glob("*.y*ml")):
        try:
            value = load_mapping(read_text(file, f"macros/{file.name}"), f"macros/{file.name}").value
        except UnreadableError as error:
            problems.append(error.problem)
            continue
        name, definition = str(value.get("name") or file.stem), value.get("definition")
        if not isinstance(definition, str):
            continue
        held = value.get("arguments")
        arguments = [str(argument) for argument in held] if isinstance(held, list) else []
        key = f"{name}({len(arguments)})" if arguments and "(" not in name else name
        texts[key] = json.dumps({"definition": definition, "arguments": arguments})
    for key in sorted(texts):
        digest.update(f"{key}\0{texts[key]}\0".encode())
    return ReadWith(texts, digest.hexdigest(), tuple(problems))


def read(text: str, path: str, read_with: ReadWith) -> FileReading:
    """The detection of one file. Raises `UnreadableError` when the YAML cannot be loaded."""
    document = load_mapping(text, path)
    if "search" not in document.value and "name" not in document.value:
        message = "This file is no Splunk detection: it has neither `name` nor `search`."
        return FileReading(path, (), (Problem(message, path, 1),))
    return FileReading(path, (_rule(document, path, read_with),))


def _rule(document: YamlDocument, path: str, read_with: ReadWith) -> RuleDocument:
    table: Mapping[str, Any] = document.value
    metadata = Metadata(document.text, path, list(document.problems))
    tags = metadata.mapping(table, "tags")
    both = {**tags, **{key: value for key, value in table.items() if value is not None}}
    search = _search(table, metadata)
    status = metadata.string(table, "status")
    title = metadata.title(table)
    asset_types = metadata.strings(both, "asset_type", alone=True)
    techniques = metadata.strings(both, "mitre_attack_id", alone=True)
    sources = metadata.strings(both, "data_source") or metadata.strings(both, "data_sources")
    models = tuple(dict.fromkeys(_DATA_MODEL.findall(search)))
    macros = tuple(dict.fromkeys(_MACRO.findall(search)))
    return RuleDocument(
        vendor=VENDOR.slug,
        own_id=metadata.own_id(table, "id", VENDOR.slug),
        title=title,
        path=path,
        text=metadata.text,
        language="spl",
        query=search,
        query_line=_line_of(document, "search"),
        description=metadata.string(table, "description"),
        authors=_authors(metadata.strings(table, "author", alone=True)),
        status=status,
        type=metadata.string(table, "type"),
        lifecycle=_LIFECYCLES.get(status) or lifecycle_of(VENDOR, path),
        references=metadata.strings(table, "references"),
        false_positives=metadata.strings(table, "known_false_positives", alone=True),
        created=metadata.day(table, "creation_date"),
        modified=metadata.day(table, "modification_date", "date"),
        tags=metadata.strings(both, "analytic_story"),
        technique_ids=metadata.techniques(
            tuple(text for text in techniques if text.lower() != "none"), "mitre_attack_id"
        ),
        log_sources=tuple(_log_sources(sources, models, _source_types(search, macros, read_with))),
        evidence=tuple(_evidence(path, sources, asset_types, macros, models, title)),
        context=context(models, macros, sources),
        extra={key: jsonable(both[key]) for key in _EXTRA if both.get(key) not in (None, "", [])},
        problems=tuple(metadata.problems),
        loaded=read_with.texts,
    )  # fmt: skip


def _search(table: Mapping[str, Any], metadata: Metadata) -> str:
    held = table.get("search")
    if isinstance(held, str):
        return held
    if held is not None:
        metadata.complain("search", "`search` has to be a text.", "error")
    return ""


def _line_of(document: YamlDocument, key: str) -> int:
    """The file's line (from 1) on which the text under a key begins; the file's first when there is none."""
    pairs = document.node.value if isinstance(document.node, yaml.MappingNode) else []
    for name, value in pairs:
        if name.value == key and isinstance(value, yaml.ScalarNode) and value.start_mark is not None:
            # A block's mark is that of its `|` or `>`: the text begins on the next line.
            return int(value.start_mark.line) + (2 if value.style in ("|", ">") else 1)
    return 1


def _authors(written: tuple[str, ...]) -> tuple[str, ...]:
    names = (name.strip() for text in written for name in _AUTHOR.findall(text))
    return tuple(dict.fromkeys(name for name in names if name))


def _source_types(search: str, macros: tuple[str, ...], read_with: ReadWith) -> tuple[str, ...]:
    """The source types that the search names itself or by the macro for its log."""
    texts = [search, *(_definition(read_with.texts[name]) for name in macros if name in read_with.texts)]
    found = dict.fromkeys(name for text in texts for name in _SOURCETYPE.findall(text))
    return tuple(name for name in found if "*" not in name and "$" not in name)


@lru_cache(maxsize=1024)
def _definition(held: str) -> str:
    """The definition inside one of `read_with`'s texts."""
    return str(json.loads(held)["definition"])


def _log_sources(
    sources: tuple[str, ...], models: tuple[str, ...], source_types: tuple[str, ...]
) -> Iterator[LogSource]:
    for kind, names in (("data_source", sources), ("data model", models), ("sourcetype", source_types)):
        for name in names:
            yield LogSource(kind, name)


def _evidence(
    path: str,
    sources: tuple[str, ...],
    asset_types: tuple[str, ...],
    macros: tuple[str, ...],
    models: tuple[str, ...],
    title: str,
) -> Iterator[tuple[str, str]]:
    folder, _, file = path.rpartition("/")
    yield "file name", file.lower()
    kinds = (("data_source", sources), ("asset_type", asset_types), ("macro", macros), ("datamodel", models))
    for kind, names in kinds:
        for name in names:
            yield kind, name.lower()
    yield "name", title.lower()
    yield "folder", folder.lower()


def context(models: tuple[str, ...], macros: tuple[str, ...], sources: tuple[str, ...]) -> frozenset[str]:
    """The tokens that choose among an alias's categories, of data models with their data sets, macros and data
    sources."""
    tokens = {_OF_DATASET[part] for model in models for part in model.lower().split(".") if part in _OF_DATASET}
    tokens |= {_OF_MACRO[name] for macro in macros if (name := macro.lower()) in _OF_MACRO}
    if any("auditd" in name.lower() for name in sources):
        tokens.add("auditd")
    return frozenset(tokens)


VENDOR = Vendor(
    slug="splunk",
    name="Splunk",
    repository="https://github.com/splunk/security_content",
    branch="develop",
    licence="Apache-2.0",
    folders=FOLDERS,
    suffixes=(".yml", ".yaml"),
    structural_parents=True,
    read=read,
    read_with=read_with,
    extra_folders=("macros",),
)
