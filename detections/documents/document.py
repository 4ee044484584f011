"""A rule document: what a vendor's file says about one rule, in the words that all vendors share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from detections.documents.problem import Problem

Lifecycle = Literal["live", "deprecated", "unsupported", "retired"]
SidePlace = Literal["threat_query", "filter"]


@dataclass(frozen=True, slots=True)
class SideQuery:
    """A query that stands beside the rule's own, with its place (threat_query, filter)."""

    place: SidePlace
    language: str
    text: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class LogSource:
    """One telemetry that the rule needs. `kind` is logsource, dataset, index, data model, sourcetype or data_source."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """One rule as its vendor wrote it, not yet analysed.

    `own_id` is the vendor's id; `path` is relative to the checkout, with `#n` for the n-th document of a file after
    the first. `line` is the file's line where the document begins and `query_line` where the query does (from 1).
    `language` is one of sigma, kql, eql, lucene, esql, spl, none. `query` is the decoded query text; for Sigma it is
    empty and `text`, the document's own text, is what the language reads. `technique_ids` are as written, in order,
    upper-cased, without doubles. `licence` is the rule's own word, "" where its source's holds. Dates are ISO
    (`2024-06-22`) or "". `lifecycle` says whether the rule counts: only "live" ones do. `evidence` are ordered (kind,
    text) pairs from which normalization tells platforms and domains. `context` are the tokens that choose an alias's
    category (`fields.md` 3). `extra` holds what only this vendor has, JSON-able, under the vendor's own names.
    `loaded` is what the vendor already parsed and the language can use again; it never leaves the process.
    `read_with` names the other files that the meaning depends on.
    """

    vendor: str
    own_id: str
    title: str
    path: str
    text: str
    language: str
    query: str = ""
    line: int = 1
    query_line: int = 1
    description: str = ""
    authors: tuple[str, ...] = ()
    licence: str = ""
    status: str = ""
    level: str = ""
    type: str = ""
    lifecycle: Lifecycle = "live"
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    created: str = ""
    modified: str = ""
    tags: tuple[str, ...] = ()
    technique_ids: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    log_sources: tuple[LogSource, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    context: frozenset[str] = frozenset()
    side_queries: tuple[SideQuery, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    loaded: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FileReading:
    """What one file of a checkout gave: rules, and problems of the file itself."""

    path: str
    documents: tuple[RuleDocument, ...] = ()
    problems: tuple[Problem, ...] = ()
