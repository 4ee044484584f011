"""Splunk's security_content: one YAML file for each detection, in three generations of its schema."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detections.documents.decoding import read_text
from detections.documents.document import FileReading, Lifecycle, LogSource, RuleDocument
from detections.documents.problem import Problem, UnreadableError
from detections.documents.yaml import load_mapping
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
    "data_source", "analytic_story", "asset_type", "security_domain", "product", "cve", "atomic_guid", "category",
    "rba", "finding", "intermediate_findings", "threat_objects", "deprecation_info", "baselines", *_RISK,
)  # fmt: skip
_MACRO = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*)(?:\([^`]*\))?`")
_DATA_MODEL = re.compile(r"\bdatamodel\s*=?\s*\"?([A-Za-z_]+)(?:\.([A-Za-z_]+))?", re.IGNORECASE)
_SOURCETYPE = re.compile(r"\bsourcetype\s*=\s*\"?([^\s\")]+)", re.IGNORECASE)
_AUTHORS = re.compile(r",\s*(?![^()]*\))")
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
    {definition, arguments}. A macro file that cannot be read is left out; its macro is then undefined."""
    texts: dict[str, str] = {}
    digest = hashlib.sha256()
    for file in sorted((root / "macros").glob("*.y*ml")):
        try:
            value = load_mapping(read_text(file), file.name).value
        except UnreadableError:
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
    return ReadWith(texts, digest.hexdigest())


def read(text: str, path: str, read_with: ReadWith) -> FileReading:
    """The detection of one file. Raises `UnreadableError` when the YAML cannot be loaded."""
    document = load_mapping(text, path)
    metadata = Metadata(text, path, list(document.problems))
    if "search" not in document.value and "name" not in document.value:
        message = "This file is no Splunk detection: it has neither `name` nor `search`."
        return FileReading(path, (), (Problem(message, path, 1),))
    return FileReading(path, (_document(document.value, metadata),))


def _document(table: Mapping[str, Any], metadata: Metadata) -> RuleDocument:
    tags = metadata.mapping(table, "tags")
    both = {**tags, **{key: value for key, value in table.items() if value is not None}}
    search = _search(table, metadata)
    status = metadata.string(table, "status")
    techniques = tuple(text for text in metadata.strings(both, "mitre_attack_id") if text.lower() != "none")
    sources = metadata.strings(both, "data_source") or metadata.strings(both, "data_sources")
    return RuleDocument(
        vendor=VENDOR.slug,
        own_id=metadata.own_id(table, "id", VENDOR.slug),
        title=metadata.title(table),
        path=metadata.path,
        text=metadata.text,
        language="spl",
        query=search,
        query_line=metadata.line_of(search, "search") if search else 1,
        description=metadata.string(table, "description"),
        authors=_authors(metadata.strings(table, "author")),
        licence=VENDOR.licence,
        status=status,
        type=metadata.string(table, "type"),
        lifecycle=_lifecycle(metadata.path, status),
        references=metadata.strings(table, "references"),
        false_positives=metadata.strings(table, "known_false_positives"),
        created=metadata.day(table, "creation_date"),
        modified=metadata.day(table, "modification_date", "date"),
        tags=metadata.strings(both, "analytic_story"),
        technique_ids=metadata.techniques(techniques, "mitre_attack_id"),
        log_sources=tuple(_log_sources(sources, search)),
        evidence=tuple(_evidence(sources, both, search, metadata)),
        context=context(search, sources),
        extra={key: jsonable(both[key]) for key in _EXTRA if both.get(key) not in (None, "", [])},
        problems=tuple(metadata.problems),
    )


def _search(table: Mapping[str, Any], metadata: Metadata) -> str:
    held = table.get("search")
    if isinstance(held, str):
        return held
    if held is not None:
        metadata.complain("search", "`search` has to be a text.", "error")
    return ""


def _authors(written: tuple[str, ...]) -> tuple[str, ...]:
    names = (name.strip() for text in written for name in _AUTHORS.split(text))
    return tuple(dict.fromkeys(name for name in names if name))


def _data_models(search: str) -> list[str]:
    models = [f"{model}.{dataset}" if dataset else model for model, dataset in _DATA_MODEL.findall(search)]
    return list(dict.fromkeys(models))


def _log_sources(sources: tuple[str, ...], search: str) -> Iterator[LogSource]:
    for name in sources:
        yield LogSource("data_source", name)
    for name in _data_models(search):
        yield LogSource("data model", name)
    for name in dict.fromkeys(_SOURCETYPE.findall(search)):
        yield LogSource("sourcetype", name)


def _evidence(
    sources: tuple[str, ...], table: Mapping[str, Any], search: str, metadata: Metadata
) -> Iterator[tuple[str, str]]:
    yield "file name", metadata.path.rsplit("/", 1)[-1].lower()
    for name in sources:
        yield "data_source", name.lower()
    for name in metadata.strings(table, "asset_type"):
        yield "asset_type", name.lower()
    for name in dict.fromkeys(_MACRO.findall(search)):
        yield "macro", name.lower()
    for name in _data_models(search):
        yield "datamodel", name.lower()
    yield "name", metadata.string(table, "name").lower()
    yield "folder", metadata.path.rsplit("/", 1)[0].lower()


def context(search: str, sources: tuple[str, ...]) -> frozenset[str]:
    """The tokens that choose among an alias's categories: data sets of data models, macros, data sources."""
    tokens: set[str] = set()
    for model in _data_models(search):
        tokens.update(_OF_DATASET[part] for part in model.lower().split(".") if part in _OF_DATASET)
    tokens.update(_OF_MACRO[name] for name in _MACRO.findall(search.lower()) if name in _OF_MACRO)
    for name in sources:
        if "auditd" in name.lower():
            tokens.add("auditd")
    return frozenset(tokens)


def _lifecycle(path: str, status: str) -> Lifecycle:
    folder = next((name for name in FOLDERS if path.startswith(f"{name}/")), "")
    return _LIFECYCLES.get(status, FOLDERS.get(folder, "live"))


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
