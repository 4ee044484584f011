"""The tree of conditions that every language lowers to.

A query becomes a tree of `Branch` and `Condition`. Polarity is never stored: it is the parity of the "not"
branches above a condition, so that a tree cannot contradict itself. `walk` tells it.

Offsets (`start`, `end`) are code points into the text that the language was given: the decoded query for query
languages, the document's text for Sigma.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from detections.documents.problem import Problem

Operator: TypeAlias = Literal[
    "eq", "in", "wildcard", "startswith", "endswith", "contains", "regex_match", "cidr",
    "gt", "gte", "lt", "lte", "exists", "match", "fieldref",
]  # fmt: skip
Parse: TypeAlias = Literal["full", "partial", "none"]
BranchKind: TypeAlias = Literal["and", "or", "not", "sequence", "sample", "join", "step"]

KEYWORDS = "(keywords)"
MAX_DEPTH = 500


@dataclass(frozen=True, slots=True)
class Test:
    """One value of a condition with the operator that its shape gives it.

    `value` is decoded text ("" for exists; the other field for fieldref); `raw` is the text as written where it
    differs. `wild` says that the value of a named operator holds an inner wildcard. `comparator` belongs to
    fieldref and says how the two fields are compared when it is not equality. `keep_case` marks a value whose
    letters must not be folded (under a base64 modifier).
    """

    operator: Operator
    value: str = ""
    raw: str | None = None
    wild: bool = False
    comparator: str = ""
    start: int = 0
    end: int = 0
    keep_case: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One test as the author wrote it: a raw field and one or more values that stand in an OR.

    `field` is the name that normalization looks up; `path` is the name as written where that differs (`?field`,
    an alias, a data-model prefix). `derived` says why the field is computed ("" when it is not): aggregate, eval,
    rex, spath, lookup, compare, grok, stats, function. `context` is the event category that this condition is
    under (EQL's `process where`), "" when the language has none. `scope` marks a condition that only selects the
    data source (an EQL category).
    """

    field: str
    tests: tuple[Test, ...]
    start: int = 0
    end: int = 0
    path: str = ""
    derived: str = ""
    base_fields: tuple[str, ...] = ()
    context: str = ""
    scope: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """Children under one connective. "not" has one child; sequence, sample and join have "step" children.

    `label` is what a reader is told about the branch: `by host.id with maxspan=1m`, `missing event`, the name of
    a Sigma selection.
    """

    kind: BranchKind
    children: tuple[Node, ...]
    label: str = ""
    start: int = 0
    end: int = 0


Node: TypeAlias = Branch | Condition
Move: TypeAlias = Callable[[int, int], tuple[int, int]]

Place: TypeAlias = Literal["category", "until", "threat_query", "filter", "computed", "logsource"]


@dataclass(frozen=True, slots=True)
class Beside:
    """Conditions that stand beside the query's own tests, with their place (`predicates.md` 0)."""

    place: Place
    tree: Node


@dataclass(frozen=True, slots=True)
class Reading:
    """What one query says. `parse` is "none" exactly when nothing of the query could be read.

    `join_fields` are EQL's `by` fields. Problems carry line and column inside the text that was given.
    """

    tree: Node | None
    parse: Parse = "full"
    problems: tuple[Problem, ...] = ()
    beside: tuple[Beside, ...] = ()
    join_fields: tuple[str, ...] = ()


def walk(node: Node | None, negated: bool = False) -> Iterator[tuple[Condition, bool]]:
    """Every condition below `node` in text order, with its polarity. Not recursive, so that depth is no matter."""
    if node is None:
        return
    stack: list[tuple[Node, bool]] = [(node, negated)]
    while stack:
        current, flipped = stack.pop()
        if isinstance(current, Condition):
            yield current, flipped
            continue
        below = not flipped if current.kind == "not" else flipped
        stack.extend((child, below) for child in reversed(current.children))


def negate(node: Node) -> Branch:
    """`node` under one NOT, at the same place in the text."""
    return Branch("not", (node,), start=node.start, end=node.end)


def join(kind: Literal["and", "or"], children: tuple[Node, ...] | list[Node]) -> Node:
    """The children under one connective; a single child stays as it is."""
    if len(children) == 1:
        return children[0]
    return Branch(kind, tuple(children), start=children[0].start, end=children[-1].end)


def depth(node: Node | None) -> int:
    """How many branches stand one below the other; 0 for a condition alone."""
    deepest, stack = 0, [(node, 0)] if node else []
    while stack:
        current, level = stack.pop()
        deepest = max(deepest, level)
        if isinstance(current, Branch):
            stack.extend((child, level + 1) for child in current.children)
    return deepest


def flat(node: Node) -> Node:
    """The same conditions, each with its own polarity, under one AND: what is left of a tree too deep to be drawn."""
    found = [negate(condition) if negated else condition for condition, negated in walk(node)]
    return join("and", found) if found else node


def moved(node: Node, place: Move) -> Node:
    """The same tree with every start and end as `place` gives them; parts before wholes, without recursion."""
    order: list[Node] = []
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        order.append(current)
        if isinstance(current, Branch):
            stack.extend(current.children)
    done: list[Node] = []
    for current in reversed(order):
        start, end = place(current.start, current.end)
        if isinstance(current, Condition):
            tests = tuple(_moved(test, place) for test in current.tests)
            done.append(replace(current, tests=tests, start=start, end=end))
            continue
        first = len(done) - len(current.children)
        children = tuple(done[first:])
        del done[first:]
        done.append(replace(current, children=children, start=start, end=end))
    return done[0]


def _moved(test: Test, place: Move) -> Test:
    start, end = place(test.start, test.end)
    return replace(test, start=start, end=end)
