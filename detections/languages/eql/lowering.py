"""From EQL's lark tree to the shared tree of conditions (`predicates.md` E1 to E5): queries, steps and connectives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from lark import Token, Tree

from detections.languages.eql.expressions import Expressions, Scope, called, clean, rendered, unwrapped
from detections.languages.eql.functions import SEARCHES, TESTS
from detections.languages.eql.literals import constant
from detections.languages.eql.terms import Terms
from detections.languages.parsing import Findings, Piece, Plan, end_of, fold, start_of
from detections.languages.tree import Beside, Branch, BranchKind, Condition, Node, Test, join

_SERIES: dict[str, BranchKind] = {"sequence": "sequence", "sample": "sample", "join": "join"}
_LOGICAL = frozenset({"disjunction", "conjunction", "negation", "comparison", "membership", "matching", "relation"})


class Lowered(NamedTuple):
    """A query's own tree, what stands beside it, and the fields that it joins events by."""

    tree: Node | None
    beside: tuple[Beside, ...]
    join_fields: tuple[str, ...]


class Lowering:
    """One query's pieces to conditions; problems go to `findings`."""

    def __init__(self, tokens: Sequence[Token], findings: Findings) -> None:
        aliases = frozenset(clean(name) for sign, name in itertools.pairwise(tokens) if sign.type == "AS")
        self.findings = findings
        self.expressions = Expressions(tokens, aliases, findings)
        self.terms = Terms(self.expressions, findings)
        self._categories: list[Condition] = []
        self._untils: list[Piece] = []
        self._joins: dict[str, None] = {}

    def lower(self, root: Tree[Token]) -> Lowered:
        tree = fold(root.children[0], Scope(), self._visit)
        beside = [Beside("category", category) for category in self._categories]
        for piece in self._untils:
            until = fold(piece, Scope(), self._visit)
            if until is not None:
                beside.append(Beside("until", until))
        for pipe in root.children[1:]:
            message = "A pipe works on what the query found; it gives no conditions."
            self.findings.add(start_of(pipe), end_of(pipe), message, "note")
        return Lowered(tree, tuple(beside), tuple(self._joins))

    def _visit(self, piece: Piece, scope: Scope) -> Node | Plan[Scope] | None:
        if isinstance(piece, Token):
            return self.terms.bare(piece, scope)
        parts = piece.children
        match piece.data:
            case "disjunction":
                return Plan([(part, scope) for part in parts[::2]], _either)
            case "conjunction":
                return Plan([(part, scope) for part in parts[::2]], _all)
            case "negation":
                return self._negated(piece, parts[1], scope)
            case "group":
                return Plan([(parts[1], scope)], _same)
            case "comparison":
                return self._comparison(piece, scope)
            case "membership":
                return self.terms.membership(piece, scope)
            case "matching":
                return self.terms.matching(piece, scope)
            case "call":
                return self._call(piece, scope)
            case "relation":
                return self._relation(piece, scope)
            case "event":
                return self._event(piece, scope)
            case "bare":
                return self._bare(piece, scope)
            case "step":
                return self._step(piece, scope)
            case "until":
                self._untils.append(parts[1])
                return None
            case "sequence" | "sample" | "join":
                return self._series(piece, scope)
        return self.terms.bare(piece, scope)

    def _negated(self, piece: Tree[Token], inner: Piece, scope: Scope) -> Plan[Scope]:
        start, end = start_of(piece), end_of(piece)
        return Plan([(inner, scope)], lambda nodes: Branch("not", (nodes[0],), "", start, end) if nodes else None)

    def _comparison(self, piece: Tree[Token], scope: Scope) -> Node | Plan[Scope] | None:
        """`startsWith(a, "b") == true` and the like are the test itself; the rest compares values."""
        left, sign, right = piece.children
        for test, other in ((left, right), (right, left)):
            inner = unwrapped(test)
            if not isinstance(inner, Tree) or not (inner.data in _LOGICAL or _is_test(inner)):
                continue
            truth = constant(other, self.findings)
            if truth is not None and truth.kind == "boolean" and sign in ("==", "!=", "=", ":"):
                if (truth.text == "true") == (sign != "!="):
                    return Plan([(inner, scope)], _same)
                return self._negated(piece, inner, scope)
            message = "A condition can only be compared with true or false. The comparison was left out."
            self.findings.add(start_of(piece), end_of(piece), message)
            return None
        return self.terms.comparison(piece, scope)

    def _call(self, piece: Tree[Token], scope: Scope) -> Node | Plan[Scope] | None:
        name, parts = called(piece), piece.children[2:-1:2]
        if name == "safe" and len(parts) == 1:
            return Plan([(parts[0], scope)], _same)
        if name in SEARCHES:
            if len(parts) == 3 and isinstance(parts[1], Token) and parts[1].type == "VARIABLE":
                array = self.expressions.subject(parts[0], scope)
                inner = scope._replace(variables=(*scope.variables, (str(parts[1]), array.name)))
                return Plan([(parts[2], inner)], _same)
            message = f"`{piece.children[0]}` takes an array, a variable such as $x, and a condition. It was left out."
            self.findings.add(start_of(piece), end_of(piece), message)
            return None
        return self.terms.call(piece, scope)

    def _relation(self, piece: Tree[Token], scope: Scope) -> Plan[Scope]:
        label = " ".join(str(piece.children[0]).split())
        start, end = start_of(piece), end_of(piece)

        def related(nodes: list[Node]) -> Node | None:
            return Branch("and", tuple(nodes), label, start, end) if nodes else None

        return Plan([(piece.children[2], scope)], related)

    def _event(self, piece: Tree[Token], scope: Scope) -> Plan[Scope]:
        word, _, condition = piece.children
        quoted = constant(word, self.findings)
        category = quoted.text if quoted else str(word)
        context = "" if category == "any" and not quoted else category
        if context:
            start, end = start_of(word), end_of(word)
            test = Test("eq", category, quoted.raw if quoted else None, start=start, end=end)
            self._categories.append(Condition("event.category", (test,), start, end, context=context, scope=True))
        return Plan([(condition, Scope(context))], _same)

    def _bare(self, piece: Tree[Token], scope: Scope) -> Plan[Scope]:
        message = "An EQL query begins with an event category. Write `any where` before the condition."
        self.findings.add(start_of(piece), start_of(piece), message)
        return Plan([(piece.children[0], scope)], _same)

    def _series(self, piece: Tree[Token], scope: Scope) -> Plan[Scope]:
        options = [part for part in _branches(piece) if part.data in ("by", "with")]
        others = [part for part in _branches(piece) if part.data not in ("by", "with")]
        label = self._options(options)
        kind = _SERIES[piece.data]
        start, end = start_of(piece), end_of(piece)
        return Plan([(part, scope) for part in others], lambda nodes: Branch(kind, tuple(nodes), label, start, end))

    def _step(self, piece: Tree[Token], scope: Scope) -> Plan[Scope]:
        label = self._options([part for part in _branches(piece) if part.data in ("by", "with", "alias")])
        missing = isinstance(piece.children[0], Token) and piece.children[0].type == "MISSING"
        event = next(part for part in _branches(piece) if part.data in ("event", "bare"))
        start, end = start_of(piece), end_of(piece)

        def step(nodes: list[Node]) -> Node:
            if missing and nodes:
                nodes = [Branch("not", (nodes[0],), "missing event", start, end)]
            return Branch("step", tuple(nodes), label, start, end)

        return Plan([(event, scope)], step)

    def _options(self, options: list[Tree[Token]]) -> str:
        """`by`, `with` and `as` as one line; the fields of `by` are remembered as join fields."""
        for option in options:
            if option.data == "by":
                for value in option.children[1::2]:
                    self._joins[self.expressions.subject(value, Scope()).name] = None
        return " ".join(rendered(self.expressions.between(start_of(part), end_of(part))) for part in options)


def _branches(piece: Tree[Token]) -> list[Tree[Token]]:
    return [part for part in piece.children if isinstance(part, Tree)]


def _is_test(piece: Tree[Token]) -> bool:
    return piece.data == "call" and called(piece) in TESTS


def _either(nodes: list[Node]) -> Node | None:
    return join("or", nodes) if nodes else None


def _all(nodes: list[Node]) -> Node | None:
    return join("and", nodes) if nodes else None


def _same(nodes: list[Node]) -> Node | None:
    return nodes[0] if nodes else None
