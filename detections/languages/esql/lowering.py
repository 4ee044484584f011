"""From ES|QL's commands to the shared tree of conditions (`predicates.md` Q1, Q2): rows pass every WHERE in turn."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeAlias

from lark import Token, Tree

from detections.languages.esql.columns import Columns, dissect_names, grok_names
from detections.languages.esql.embedding import Readers, embedded
from detections.languages.esql.expressions import NAMES, Expressions, arguments, called, clean, unwrapped
from detections.languages.esql.functions import EMBEDDED, TESTS
from detections.languages.esql.literals import constant, text_of
from detections.languages.esql.nodes import Column, Command, Pipeline
from detections.languages.esql.terms import Terms, is_broken, members_of
from detections.languages.parsing import Findings, Piece, Plan, end_of, fold, start_of
from detections.languages.tree import Beside, Branch, Node, join, negate

_LOGICAL = frozenset({"disjunction", "conjunction", "negation", "comparison", "membership", "matching", "nullness",
                      "search"})  # fmt: skip

Parse: TypeAlias = Callable[[list[Token]], "Tree[Token] | None"]


class Lowering:
    """One query's commands to conditions; problems go to `findings`, conditions of computed columns to `beside`."""

    def __init__(self, parse: Parse, readers: Readers, findings: Findings) -> None:
        self.parse = parse
        self.readers = readers
        self.findings = findings
        self.beside: list[Beside] = []
        self.columns = Columns()
        self.terms = Terms(Expressions((), self.columns, findings), findings)

    def lower(self, pipeline: Pipeline) -> Node | None:
        """What every row that comes out of the pipeline has passed."""
        nodes: list[Node] = []
        for command in pipeline:
            root = self.parse(list(command.tokens))
            part = root.children[0] if root is not None else None
            passed = self._command(command, part) if isinstance(part, Tree) else None
            if passed is not None:
                nodes.append(passed)
        return join("and", nodes) if nodes else None

    def _command(self, command: Command, piece: Tree[Token]) -> Node | None:
        self.terms = Terms(Expressions(command.tokens, self.columns, self.findings), self.findings)
        match piece.data:
            case "where":
                return self._condition(piece.children[1])
            case "source" | "fork":
                return self._searches(command)
            case "eval":
                for item in _branches(piece, "item"):
                    self._computed(item)
                    self._made(item, "eval")
            case "stats" | "inline":
                self._aggregated(piece)
            case "rename":
                for renaming in _branches(piece, "renaming"):
                    self._renamed(renaming)
            case "grok" | "dissect":
                self._extracted(piece)
            case "completion" | "rerank":
                for item in itertools.islice(_branches(piece, "item"), 1):
                    self._made(item, "eval")
            case "change":
                self._changed(piece)
            case "enrich":
                self._enriched(piece)
            case "lookup":
                message = (
                    "Columns of the joined index cannot be told from the fields of the rows; all are read as fields."
                )
                self.findings.add(start_of(piece), end_of(piece), message, "note")
        return None

    def _searches(self, command: Command) -> Node | None:
        """Queries in brackets: a row comes out of one of them. One without conditions lets every row pass."""
        before, ends, trees = self.columns.copy(), [], []
        for pipeline in command.searches:
            self.columns = before.copy()
            trees.append(self.lower(pipeline))
            ends.append(self.columns)
        self.columns = before
        self.columns.joined(ends)
        kept = [tree for tree in trees if tree is not None]
        if not kept:
            return None
        tree = join("or", kept)
        if len(kept) < len(trees):
            return Branch("or", (tree,), "or any row of another branch", tree.start, tree.end)
        return tree

    def _condition(self, piece: Piece) -> Node | None:
        return fold(piece, None, self._visit)

    def _visit(self, piece: Piece, scope: None) -> Node | Plan[None] | None:
        if isinstance(piece, Token):
            return self.terms.bare(piece)
        parts = piece.children
        match piece.data:
            case "disjunction":
                return Plan([(part, scope) for part in parts[::2]], lambda nodes: join("or", nodes) if nodes else None)
            case "conjunction":
                return Plan([(part, scope) for part in parts[::2]], lambda nodes: join("and", nodes) if nodes else None)
            case "negation":
                return self._negated(piece, parts[1])
            case "group":
                return Plan([(parts[1], scope)], _same)
            case "comparison":
                return self._comparison(piece)
            case "membership":
                return self._membership(piece)
            case "matching":
                return self.terms.matching(piece)
            case "nullness":
                return self.terms.nullness(piece)
            case "search":
                return self.terms.search(piece)
            case "cast":
                inner = unwrapped(piece)
                return Plan([(inner, scope)], _same) if _is_test(inner) else self.terms.bare(piece)
            case "call":
                if called(piece) in EMBEDDED:
                    return embedded(piece, self.readers, self.findings)
                return self.terms.call(piece)
        return self.terms.bare(piece)

    def _negated(self, piece: Piece, inner: Piece) -> Plan[None]:
        start, end = start_of(piece), end_of(piece)
        return Plan([(inner, None)], lambda nodes: Branch("not", (nodes[0],), "", start, end) if nodes else None)

    def _comparison(self, piece: Tree[Token]) -> Node | Plan[None] | None:
        """`STARTS_WITH(a, "b") == true` and the like are the test itself; the rest compares values."""
        left, sign, right = piece.children
        for test, other in ((left, right), (right, left)):
            inner = unwrapped(test)
            if not _is_test(inner):
                continue
            truth = constant(other, self.findings)
            if truth is not None and truth.kind == "boolean" and sign in ("==", "!="):
                if (truth.text == "true") == (sign == "=="):
                    return Plan([(inner, None)], _same)
                return self._negated(piece, inner)
            message = "A condition can only be compared with true or false. The comparison was left out."
            self.findings.add(start_of(piece), end_of(piece), message)
            return None
        return self.terms.comparison(piece)

    def _membership(self, piece: Tree[Token]) -> Node | Plan[None] | None:
        """`a IN (...)`; `true IN (STARTS_WITH(...), ...)` asks for one of several tests."""
        members = members_of(piece.children[-1])
        truth = constant(unwrapped(piece.children[0]), self.findings)
        if truth is None or truth.kind != "boolean" or not all(_is_test(unwrapped(member)) for member in members):
            return self.terms.membership(piece, members)
        untrue, negated = truth.text == "false", len(piece.children) == 4
        start, end = start_of(piece), end_of(piece)

        def either(nodes: list[Node]) -> Node | None:
            tests = [negate(node) if untrue else node for node in nodes]
            tree = join("or", tests) if tests else None
            return Branch("not", (tree,), "", start, end) if tree is not None and negated else tree

        return Plan([(member, None) for member in members], either)

    def _computed(self, piece: Piece) -> None:
        """The conditions inside an expression: tests, and the first of every two arguments of CASE."""
        stack = [piece]
        while stack:
            current = stack.pop()
            if isinstance(current, Token):
                continue
            if _is_test(current):
                self._beside(current)
            elif current.data == "call" and called(current) == "case":
                given = arguments(current)
                for index, argument in enumerate(given[:-1]):
                    if index % 2 == 0 and not isinstance(unwrapped(argument), Token):
                        self._beside(argument)
                stack.extend(reversed([part for index, part in enumerate(given) if index % 2 or part is given[-1]]))
            else:
                stack.extend(reversed(current.children))

    def _beside(self, piece: Piece) -> None:
        tree = self._condition(piece)
        if tree is not None:
            self.beside.append(Beside("computed", tree))

    def _aggregated(self, piece: Tree[Token]) -> None:
        """STATS and INLINE STATS: aggregates are computed, and so are keys that are expressions or have a new name."""
        made = Columns()
        for aggregate in _branches(piece, "aggregate"):
            item = next(_branches(aggregate, "item"))
            self._computed(item)
            if len(aggregate.children) == 3:
                self._beside(aggregate.children[2])
            name, value = self._named(item)
            made.known[name] = self._column("stats", value)
        for key in _branches(piece, "item"):
            self._computed(key)
            name, value = self._named(key)
            if not (isinstance(value, Token) and clean(value) == name):
                made.known[name] = self._column("stats", value)
        self.columns.known.update(made.known)

    def _column(self, kind: str, value: Piece) -> Column:
        return Column(kind, self.columns.base(self._names(value)))

    def _made(self, item: Tree[Token], kind: str) -> None:
        name, value = self._named(item)
        self.columns.derive(name, kind, self._names(value))

    def _named(self, item: Tree[Token]) -> tuple[str, Piece]:
        """The name and the expression of an item; without a name its text is its name."""
        value = item.children[-1]
        if len(item.children) == 3:
            return _name(item.children[0]), value
        if isinstance(value, Token) and value.type in NAMES:
            return clean(value), value
        return self.terms.expressions.text(value), value

    def _renamed(self, piece: Tree[Token]) -> None:
        first, sign, second = piece.children
        new, old = (first, second) if _is(sign, "ASSIGN") else (second, first)
        if isinstance(old, Token) and old.type in NAMES:
            self.columns.rename(clean(old), _name(new))

    def _extracted(self, piece: Tree[Token]) -> None:
        if is_broken(piece.children[1]):
            return
        names = grok_names if piece.data == "grok" else dissect_names
        source = self._names(piece.children[1])
        for pattern in piece.children[2:]:
            for name in names(text_of(pattern, self.findings)):
                self.columns.known[name] = Column("grok", self.columns.base(source))

    def _changed(self, piece: Tree[Token]) -> None:
        """CHANGE_POINT makes two columns, whose names may be given."""
        given = [_name(name) for name in piece.children[-3::2]] if _is(piece.children[-2], "COMMA") else ()
        for name in given or ("type", "pvalue"):
            self.columns.derive(name, "stats", self._names(piece.children[1]))

    def _enriched(self, piece: Tree[Token]) -> None:
        matched = [part for sign, part in itertools.pairwise(piece.children) if _is(sign, "ON")]
        source = self._names(matched[0]) if matched else []
        for item in _branches(piece, "item"):
            name, _ = self._named(item)
            self.columns.known[name] = Column("lookup", self.columns.base(source))

    def _names(self, piece: Piece) -> list[str]:
        return self.terms.expressions.names(piece)


def _branches(piece: Tree[Token], kind: str) -> Iterator[Tree[Token]]:
    return (part for part in piece.children if isinstance(part, Tree) and part.data == kind)


def _name(piece: Piece) -> str:
    return clean(piece) if isinstance(piece, Token) else ""


def _is(piece: Piece, kind: str) -> bool:
    return isinstance(piece, Token) and piece.type == kind


def _is_test(piece: Piece) -> bool:
    """Whether a piece can only be a condition."""
    return isinstance(piece, Tree) and (piece.data in _LOGICAL or (piece.data == "call" and called(piece) in TESTS))


def _same(nodes: list[Node]) -> Node | None:
    return nodes[0] if nodes else None
