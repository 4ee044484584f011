"""Sigma: one document to its tree of conditions.

pySigma types and checks the values and parses the condition; the YAML nodes, walked side by side with the values, tell
what was written and where. Conventions: `predicates.md` S1 to S7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from detections.documents.problem import Problem, Severity, UnreadableError, problem_at
from detections.documents.yaml import YamlDocument, load_documents
from detections.languages.sigma.conditions import Lowering, parse
from detections.languages.sigma.parts import kind_of, parts
from detections.languages.sigma.selections import SelectionReader
from detections.languages.sigma.spans import Findings, Spans, pairs
from detections.languages.tree import Beside, Branch, Condition, Node, Reading, Test, join, walk

MAX_TESTS = 100_000  # of one rule, a selection that is named twice counting twice; the largest real one has 4,432
_NO_SELECTIONS = frozenset({"condition", "timeframe"})
_NO_TESTS = {
    "correlation": "Correlation rules join other rules: this one is kept without conditions of its own.",
    "filter": "A filter narrows other rules: this one is kept without conditions of its own.",
}
_LOG_SOURCE = ("product", "category", "service")


def read(text: str, loaded: YamlDocument | None = None) -> Reading:
    """What a Sigma document says. Never raises.

    `text` is the document's own text, which every offset indexes; `loaded` is the same document where somebody has
    loaded it already (`loaded.own_text` is `text`).
    """
    found: tuple[Problem, ...] = ()
    if loaded is None:
        try:
            documents = [part.document for part in parts(load_documents(text))]
        except UnreadableError as error:
            return Reading(None, "none", (error.problem,))
        if not documents:
            return Reading(None, "none", (Problem("The text is empty. A Sigma rule is a YAML map."),))
        loaded = documents[0]
        found = loaded.problems
        if len(documents) > 1:
            message = f"The text holds {len(documents)} rules; only the first is read here."
            found += (problem_at(text, documents[1].start, message, severity="warning"),)
    reading = _read(text, loaded)
    return Reading(reading.tree, reading.parse, found + reading.problems, reading.beside) if found else reading


def _read(text: str, loaded: YamlDocument) -> Reading:
    kind = kind_of(loaded.value)
    findings = Findings(Spans(text, loaded.start))
    if kind in _NO_TESTS:
        findings.add(loaded.node, _NO_TESTS[kind], "note")
        return Reading(None, "none", tuple(findings.problems))
    if not isinstance(loaded.node, yaml.MappingNode) or not isinstance(loaded.value, dict):
        findings.add(loaded.node, "A Sigma rule is a YAML map of keys and values.")
        return Reading(None, "none", tuple(findings.problems))
    nodes = _children(loaded.node)
    rule = _Rule(findings)
    beside = rule.log_source(nodes.get("logsource"), loaded.value.get("logsource"))
    detection, value = nodes.get("detection"), loaded.value.get("detection")
    tree = None
    if isinstance(detection, yaml.MappingNode) and isinstance(value, dict):
        tree = rule.detection(detection, value)
    else:
        findings.add(detection or loaded.node, "The rule has no `detection`: a map of selections and a condition.")
    problems = tuple(
        sorted(findings.problems, key=lambda problem: problem.start if problem.start is not None else len(text))
    )
    lost = any(problem.severity == "error" for problem in problems)
    return Reading(tree, "none" if tree is None else "partial" if lost else "full", problems, beside)


def _children(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    """The value nodes of a map by key; of a repeated key the last."""
    return {key.value: below for key, below in node.value if isinstance(key, yaml.ScalarNode)}


@dataclass(slots=True)
class _Rule:
    """The state of one reading: problems, and the selections that were read already."""

    findings: Findings
    selections: dict[str, tuple[yaml.Node, Any]] = field(default_factory=dict)
    read: dict[str, Node | None] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    tests: int = 0

    def detection(self, node: yaml.MappingNode, value: dict[Any, Any]) -> Node | None:
        """The union of the rule's conditions."""
        named = {key.value: (below, held) for key, below, held in pairs(node, value) or ()}
        self.selections = {name: found for name, found in named.items() if name not in _NO_SELECTIONS}
        condition = _children(node).get("condition")
        if condition is None:
            self.findings.add(node, "The detection has no `condition`. Say which selections have to hold.")
            return None
        written = condition.value if isinstance(condition, yaml.SequenceNode) else [condition]
        found = [tree for tree in map(self._condition, written) if tree is not None]
        if not any(problem.severity == "error" for problem in self.findings.problems):
            for name, (selection, _) in self.selections.items():
                if name not in self.read:
                    message = f"The condition does not use the selection {name!r}: its tests do not count."
                    self.findings.add(selection, message, "warning")
        return join("or", found) if found else None

    def _condition(self, node: yaml.Node) -> Node | None:
        if not isinstance(node, yaml.ScalarNode):
            self.findings.add(node, "A condition is a text, or a list of texts.")
            return None
        start, end = self.findings.spans.of(node)
        expression = parse(node.value)
        for fault in expression.faults:
            self.findings.add_inside(node, fault.start, fault.end, fault.message, fault.severity)
        if expression.tree is None:
            return None

        def complain(word: str, message: str, severity: Severity) -> None:
            place = max(0, node.value.find(word))
            self.findings.add_inside(node, place, place + len(word), message, severity)

        return Lowering(self._selection, tuple(self.selections), complain, start, end).lower(expression.tree)

    def _selection(self, name: str) -> Node | None:
        if name not in self.read:
            reader = SelectionReader(self.findings)
            node, value = self.selections[name]
            self.read[name] = reader.read(name, node, value)
            self.sizes[name] = sum(len(condition.tests) for condition, _ in walk(self.read[name]))
        self.tests += self.sizes[name]
        if self.tests > MAX_TESTS:
            if self.tests - self.sizes[name] <= MAX_TESTS:
                message = f"The rule has more than {MAX_TESTS} tests: from here on they are left out."
                self.findings.add(self.selections[name][0], message)
            return None
        return self.read[name]

    def log_source(self, node: yaml.Node | None, value: Any) -> tuple[Beside, ...]:
        """The conditions that the log source stands for: they choose the data and test no event."""
        if not isinstance(node, yaml.MappingNode) or not isinstance(value, dict):
            if node is not None:
                self.findings.add(node, "The log source is a map of product, category and service.", "warning")
            return ()
        found: list[Node] = list(self._log_source_conditions(node))
        if not found:
            return ()
        start, end = self.findings.spans.of(node)
        return (Beside("logsource", Branch("and", tuple(found), start=start, end=end)),)

    def _log_source_conditions(self, node: yaml.MappingNode) -> Iterator[Condition]:
        for key, below in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value not in _LOG_SOURCE:
                continue
            if not isinstance(below, yaml.ScalarNode):
                self.findings.add(below, f"The log source's {key.value} is one text.", "warning")
            elif below.value:
                start, end = self.findings.spans.of(below)
                test = Test("eq", below.value, start=start, end=end)
                yield Condition(f"logsource.{key.value}", (test,), self.findings.spans.start(key), end, scope=True)
