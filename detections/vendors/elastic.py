"""Elastic's detection-rules: one TOML file for each rule, to rule documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from detections.documents.document import FileReading, Lifecycle, LogSource, RuleDocument, SidePlace, SideQuery
from detections.documents.problem import Problem
from detections.documents.toml import load_toml
from detections.vendors.checkout import lifecycle_of
from detections.vendors.metadata import Metadata, jsonable
from detections.vendors.vendor import ReadWith, Vendor

FOLDERS: dict[str, Lifecycle] = {
    "rules/_deprecated": "deprecated",
    "rules_building_block/_deprecated": "deprecated",
    "rules": "live",
    "rules_building_block": "live",
}
_LANGUAGES = {"kuery": "kql", "kql": "kql", "lucene": "lucene", "eql": "eql", "esql": "esql"}
# The language where the rule's type alone tells it.
_OF_TYPE = {"eql": "eql", "esql": "esql", "machine_learning": "none"}
_TYPES = frozenset({"query", "eql", "esql", "threshold", "new_terms", "threat_match", "machine_learning"})
_EXTRA = (
    "index", "data_view_id", "new_terms", "threshold", "threat_mapping", "threat_index", "threat_indicator_path",
    "filters", "threat_filters", "machine_learning_job_id", "anomaly_threshold", "risk_score", "building_block_type",
    "event_category_override", "alert_suppression", "interval", "from", "max_signals",
)  # fmt: skip
_FILTERS: dict[str, SidePlace] = {"filters": "filter", "threat_filters": "threat_query"}
# Integrations and data sets in the words of the alias table's categories, the longest prefix first.
_CONTEXT = (
    ("aws", "aws"), ("azure", "azure"), ("o365", "m365"), ("gcp", "gcp"), ("google_workspace", "gworkspace"),
    ("okta", "okta"), ("github", "github"), ("kubernetes", "kubernetes"), ("auditd", "auditd"), ("zeek", "zeek"),
)  # fmt: skip
# ES|QL's first command behind its comments. Possessive: a query of nothing but comments costs no more than its length.
_COMMENTS = r"(?://[^\n]*\n|/\*(?:(?!\*/)[\s\S])*+\*/)"
_FROM = re.compile(rf"\s*+(?:{_COMMENTS}\s*+)*+from\s([^|]+)", re.IGNORECASE)
_COMMENT = re.compile(rf"{_COMMENTS}|//[^\n]*")
# Elastic Agent's index patterns (`logs-aws.cloudtrail-*`) are named after a type and a data set.
_DATA_SET = re.compile(r"(?:logs|metrics|traces)-([a-z0-9_]+\.[a-z0-9_.]*[a-z0-9_])(?:-\*|\*)?")


def read(text: str, path: str, read_with: ReadWith) -> FileReading:
    """The rule of one file. Raises `UnreadableError` when the TOML cannot be loaded."""
    table = load_toml(text, path)
    metadata = Metadata(text, path)
    rule = table.get("rule")
    if not isinstance(rule, dict):
        message = "This file is no Elastic rule: it has no [rule] table."
        return FileReading(path, (), (Problem(message, path, 1),))
    return FileReading(path, (_document(table, rule, metadata),))


def _document(table: Mapping[str, Any], rule: Mapping[str, Any], metadata: Metadata) -> RuleDocument:
    about = metadata.mapping(table, "metadata")
    kind = metadata.string(rule, "type")
    if kind not in _TYPES:
        metadata.complain("type", f"Elastic has no rule type {kind[:40]!r}: it has {', '.join(sorted(_TYPES))}.")
    language = _language(rule, kind, metadata)
    query = _query(rule, "query", metadata) if language != "none" else ""
    tags = metadata.strings(rule, "tags")
    integrations = metadata.strings(about, "integration", alone=True)
    indices = metadata.strings(rule, "index") or _queried(query, language)
    status = metadata.string(about, "maturity")
    techniques, tactics = _threat(rule, metadata)
    return RuleDocument(
        vendor=VENDOR.slug,
        own_id=metadata.own_id(rule, "rule_id", VENDOR.slug),
        title=metadata.title(rule),
        path=metadata.path,
        text=metadata.text,
        language=language,
        query=query,
        query_line=_line_of(query, "query", metadata.text),
        description=metadata.string(rule, "description"),
        authors=metadata.strings(rule, "author"),
        licence=metadata.string(rule, "license"),
        status=status,
        level=metadata.string(rule, "severity"),
        type=kind,
        lifecycle="deprecated" if status == "deprecated" else lifecycle_of(VENDOR, metadata.path),
        references=metadata.strings(rule, "references"),
        false_positives=metadata.strings(rule, "false_positives"),
        created=metadata.day(about, "creation_date"),
        modified=metadata.day(about, "updated_date"),
        tags=tags,
        technique_ids=metadata.techniques(techniques, "id"),
        tactics=tactics,
        log_sources=tuple(_log_sources(indices, integrations)),
        evidence=tuple(_evidence(tags, indices, integrations, metadata.path)),
        context=context(indices, integrations),
        side_queries=tuple(_side_queries(rule, metadata)),
        extra={key: jsonable(rule[key]) for key in _EXTRA if rule.get(key) not in (None, "", [])}
        | ({"integration": list(integrations)} if integrations else {}),
        problems=tuple(metadata.problems),
    )


def _language(rule: Mapping[str, Any], kind: str, metadata: Metadata) -> str:
    written = metadata.string(rule, "language").lower()
    if kind in _OF_TYPE:
        return _OF_TYPE[kind]
    if not written:
        return "kql"
    if written not in _LANGUAGES:
        metadata.complain("language", f"Elastic has no query language {written[:40]!r}.")
    return _LANGUAGES.get(written, written[:10])


def _query(table: Mapping[str, Any], key: str, metadata: Metadata) -> str:
    held = table.get(key)
    if isinstance(held, str):
        return held
    if held is not None:
        metadata.complain(key, f"`{key}` has to be a text.", "error")
    return ""


def _side_queries(rule: Mapping[str, Any], metadata: Metadata) -> Iterator[SideQuery]:
    query = _query(rule, "threat_query", metadata)
    if query.strip():
        language = _LANGUAGES.get(metadata.string(rule, "threat_language").lower(), "kql")
        yield SideQuery("threat_query", language, query, _line_of(query, "threat_query", metadata.text))
    # What filters the threat indicators is asked of them together with the query over them.
    for key, place in _FILTERS.items():
        if filters := metadata.mappings(rule, key):
            line = metadata.text.count("\n", 0, max(0, metadata.text.find(f"[[rule.{key}]]"))) + 1
            yield SideQuery(place, "dsl", json.dumps(jsonable(list(filters))), line)


def _threat(rule: Mapping[str, Any], metadata: Metadata) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Technique ids in order, and the names of tactics as slugs."""
    ids, tactics = [], []
    for threat in metadata.mappings(rule, "threat"):
        tactic = metadata.string(metadata.mapping(threat, "tactic"), "name")
        if tactic:
            tactics.append(tactic.lower().replace(" ", "-"))
        for technique in metadata.mappings(threat, "technique"):
            ids.append(metadata.string(technique, "id"))
            ids += [metadata.string(below, "id") for below in metadata.mappings(technique, "subtechnique")]
    return tuple(filter(None, ids)), tuple(dict.fromkeys(tactics))


def _line_of(query: str, key: str, text: str) -> int:
    """The file's line (from 1) on which the query's first line stands; the file's first when it is not found.

    An example in the rule's note can look like the key: the place where the query's own beginning follows is right.
    """
    places = re.finditer(rf"^[ \t]*[\"']?{key}[\"']?[ \t]*=[ \t]*(?:\"{{3}}|'{{3}}|[\"'])?\n?", text, re.MULTILINE)
    ends = [place.end() for place in places]
    # As far as the two agree whatever the kind of string: escapes, quotes and line ends may be written otherwise.
    begin = re.split(r"[\\\"'\n]", query, maxsplit=1)[0]
    end = next((end for end in ends if text.startswith(begin, end)), ends[0] if ends else 0)
    return text.count("\n", 0, end) + 1


def _log_sources(indices: tuple[str, ...], integrations: tuple[str, ...]) -> Iterator[LogSource]:
    for name in integrations:
        yield LogSource("integration", name)
    for name in indices:
        data_set = _DATA_SET.fullmatch(name)
        yield LogSource("dataset", data_set[1]) if data_set else LogSource("index", name)


def _queried(query: str, language: str) -> tuple[str, ...]:
    """The indices of an ES|QL query's FROM; none for other languages."""
    found = _FROM.match(query) if language == "esql" else None
    if not found:
        return ()
    names = re.split(r"\bmetadata\b", _COMMENT.sub(" ", found[1]), maxsplit=1, flags=re.IGNORECASE)[0]
    return tuple(filter(None, (name.strip().strip('"') for name in names.split(","))))


def _evidence(
    tags: tuple[str, ...], indices: tuple[str, ...], integrations: tuple[str, ...], path: str
) -> Iterator[tuple[str, str]]:
    for tag in tags:
        kind, colon, name = tag.partition(":")
        if colon and kind.strip() in ("OS", "Data Source", "Domain"):
            yield f"tag {kind.strip()}", name.strip().lower()
    for name in indices:
        yield "index", name.lower()
    for name in integrations:
        yield "integration", name.lower()
    yield "folder", path.rsplit("/", 1)[0].lower()


def context(indices: tuple[str, ...], integrations: tuple[str, ...]) -> frozenset[str]:
    """The tokens that choose among an alias's categories."""
    names = [*integrations, *(re.sub(r"^(?:logs|filebeat|metrics|traces)-", "", index) for index in indices)]
    return frozenset(token for name in names for prefix, token in _CONTEXT if name.startswith(prefix))


VENDOR = Vendor(
    slug="elastic",
    name="Elastic",
    repository="https://github.com/elastic/detection-rules",
    branch="main",
    licence="Elastic-2.0",
    folders=FOLDERS,
    suffixes=(".toml",),
    structural_parents=True,
    read=read,
)
