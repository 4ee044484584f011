"""Where a YAML node stands in the text of its rule, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from detections.documents.problem import Problem, Severity, problem_at

MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Spans:
    """Places in one document. `shift` is where the document begins in the text that the nodes' marks index."""

    text: str
    shift: int = 0

    def of(self, node: yaml.Node) -> tuple[int, int]:
        """Start and end of a node, quotes included, without the blank lines and comments behind it."""
        start = self.start(node)
        last = node
        while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
            child = last.value[-1]
            # An alias leads to where its value was written: anywhere before.
            behind = [part for part in (child if isinstance(child, tuple) else (child,)) if self.start(part) >= start]
            if not behind:
                break
            last = behind[-1]
        end = last.end_mark.index - self.shift if last.end_mark else start
        if isinstance(last, yaml.ScalarNode) and last.style not in ("|", ">"):
            return start, max(start, end)
        return start, start + len(self.text[start:end].rstrip())

    def start(self, node: yaml.Node) -> int:
        """Where a node begins."""
        return node.start_mark.index - self.shift if node.start_mark else 0


def pairs(node: yaml.MappingNode, value: dict[Any, Any]) -> list[tuple[yaml.Node, yaml.Node, Any]] | None:
    """Key node, value node and value of a map; of a repeated key the last, as the loaded value has it.

    None when two keys are one for Python and not for YAML (1 and 01), so that nothing tells them apart.
    """
    last = {(key.tag, str(key.value)): (key, below) for key, below in node.value}
    if len(last) != len(value):
        return None
    return [(key, below, held) for (key, below), held in zip(last.values(), value.values(), strict=True)]


@dataclass(slots=True)
class Findings:
    """The problems of one reading, at most `MAX_PROBLEMS` of them."""

    spans: Spans
    problems: list[Problem] = field(default_factory=list)

    def add(self, node: yaml.Node, message: str, severity: Severity = "error") -> None:
        """A problem with a node as its place."""
        self._append(*self.spans.of(node), message, severity)

    def add_inside(self, node: yaml.ScalarNode, start: int, end: int, message: str, severity: Severity) -> None:
        """A problem at a place inside a scalar, if its text stands in the document as it is."""
        first, last = self.spans.of(node)
        inner = self.spans.text.find(node.value.strip(), first, last)
        if inner < 0:  # a folded text, or one with escapes: the whole has to do
            self._append(first, last, message, severity)
            return
        shift = inner - (len(node.value) - len(node.value.lstrip()))
        self._append(shift + start, shift + end, message, severity)

    def _append(self, start: int, end: int, message: str, severity: Severity) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem_at(self.spans.text, start, message, end=end, severity=severity))
        elif len(self.problems) == MAX_PROBLEMS:
            self.problems.append(Problem("The rule has more problems; the others are not listed."))
