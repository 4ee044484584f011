"""The documents of a Sigma file: what kind each is, and the old `action: global` that several rules share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from detections.documents.problem import Problem, UnreadableError
from detections.documents.yaml import YamlDocument, load_documents
from detections.languages.sigma.spans import pairs

MAX_PARTS = 100

Kind = Literal["rule", "correlation", "filter", ""]


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file that should be a rule.

    `number` is its place among them, from 1; `document` is what to read, `own` what stands in the file: they differ
    where `shared` (an `action: global` document) is merged below it, as below `follower` documents so far.
    """

    number: int
    document: YamlDocument
    own: YamlDocument
    shared: YamlDocument | None = None
    follower: int = 0

    @property
    def first_line(self) -> int:
        """The line of the file on which `document.text` begins."""
        return self.document.line if self.shared else 1


def kind_of(value: Any) -> Kind:
    """What a document is; "" when it is nothing of Sigma's.

    A rule has a detection; some carry a free text named `correlation` beside it and are rules nevertheless.
    """
    if not isinstance(value, dict):
        return ""
    if "detection" in value:
        return "rule"
    if isinstance(value.get("correlation"), dict | list | str):
        return "correlation"
    return "filter" if "filter" in value else ""


def parts(documents: Sequence[YamlDocument]) -> Iterator[Part]:
    """The documents that should be rules, each merged over the `action: global` document before it.

    Raises `UnreadableError` when too many share one.
    """
    shared: YamlDocument | None = None
    number = follower = 0
    before: YamlDocument | None = None
    for document in documents:
        action = document.value.get("action") if isinstance(document.value, dict) else None
        if action == "global":
            shared, follower = document, 0
        elif action == "reset":
            shared = None
        else:
            number, follower = number + 1, follower + 1
            merged = document
            if shared is not None and before is not None and isinstance(document.value, dict):
                if follower > MAX_PARTS:
                    message = f"More than {MAX_PARTS} documents share one `action: global`. Write them out."
                    raise UnreadableError(Problem(message, line=document.line))
                merged = _merged(shared, before, document)
            yield Part(number, merged, document, shared if merged is not document else None, follower)
        before = document


def _merged(shared: YamlDocument, before: YamlDocument, document: YamlDocument) -> YamlDocument:
    """`document` over `shared`, as one document with a text of its own that reads the same.

    The text keeps every line in its place: what other rules wrote between the two is blank.
    """
    whole = document.text
    between = whole[shared.end : before.end] if before is not shared else ""
    text = whole[shared.start : shared.end] + "\n" * between.count("\n") + whole[before.end : document.end]
    loaded = load_documents(text)
    upper, lower = loaded[0], loaded[-1]
    value, node = _over(upper.value, upper.node, lower.value, lower.node)
    problems = (*upper.problems, *lower.problems)
    return YamlDocument(value, node, text, 0, len(text), shared.line, problems)


def _over(shared: Any, shared_node: yaml.Node, own: Any, own_node: yaml.Node) -> tuple[Any, yaml.Node]:
    """Value and node of one map over another; maps inside are merged, everything else is replaced."""
    if not (isinstance(shared_node, yaml.MappingNode) and isinstance(own_node, yaml.MappingNode)):
        return own, own_node
    upper, lower = pairs(shared_node, shared), pairs(own_node, own)
    if upper is None or lower is None:
        return own, own_node
    values: dict[Any, Any] = {}
    nodes: dict[Any, tuple[yaml.Node, yaml.Node]] = {}
    for key, below, held in (*upper, *lower):
        if key.value == "action":
            continue
        if key.value in values:
            held, below = _over(values[key.value], nodes[key.value][1], held, below)
        values[key.value], nodes[key.value] = held, (key, below)
    return values, yaml.MappingNode(own_node.tag, list(nodes.values()), shared_node.start_mark, own_node.end_mark)
