"""From KQL's lark tree to the shared tree of conditions (`K1` to `K3`)."""

from __future__ import annotations

from typing import NamedTuple

from lark import Token, Tree

from detections.languages.kql.literals import Literal, literal
from detections.languages.parsing import Findings, Piece, Plan, end_of, fold, start_of
from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Operator, Test, join

MAX_NAME = 1000

_RANGES: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_QUERY_LISTS = ("disjunction", "conjunction")


class Subject(NamedTuple):
    """The field that values belong to: its full name, and its name as written where that differs."""

    name: str
    path: str


class Scope(NamedTuple):
    """Where a piece stands: under which nested path, of which field it is a value, with which operator for text.

    `whole` is the place of the test while everything below can still become one condition.
    """

    prefix: str = ""
    subject: Subject = Subject("", "")
    plain: Operator = "eq"
    whole: tuple[int, int] | None = None


class Lowering:
    """One query's pieces to conditions; problems go to `findings`."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.text = text
        self.findings = findings

    def tree(self, root: Tree[Token]) -> Node | None:
        return fold(root.children[0], Scope(), self._visit)

    def _visit(self, piece: Piece, scope: Scope) -> Node | Plan[Scope] | None:
        if isinstance(piece, Token):
            return self._value(piece, scope)
        kind = piece.data
        if kind in _QUERY_LISTS:
            connective = "or" if kind == "disjunction" else "and"
            return Plan([(part, scope) for part in piece.children[::2]], lambda nodes: joined(connective, nodes))
        if kind == "negation":
            return Plan([(piece.children[1], scope)], lambda nodes: _negated(piece, nodes))
        if kind == "group":
            return Plan([(piece.children[1], scope)], _same)
        if kind == "test":
            return self._test(piece, scope)
        if kind == "range":
            return self._range(piece, scope)
        if kind == "nested":
            subject = self._subject(piece.children[0], scope)
            return Plan([(piece.children[3], Scope(subject.name))], _same)
        if kind == "keywords":
            return self._keywords(piece)
        if kind == "words":
            return self._value(piece, scope)
        return self._list(piece, scope)

    def _test(self, piece: Tree[Token], scope: Scope) -> Node | Plan[Scope] | None:
        subject = self._subject(piece.children[0], scope)
        inner = Scope(scope.prefix, subject, whole=(start_of(piece), end_of(piece)))
        values = piece.children[2]
        if isinstance(values, Tree) and values.data == "list":
            return self._list(values, inner)
        return self._value(values, inner)

    def _list(self, piece: Piece, scope: Scope) -> Node | Plan[Scope] | None:
        """A bracketed list or a part of one: literals that stand side by side in an OR share one condition."""
        while isinstance(piece, Tree) and piece.data == "list":
            piece = piece.children[1]
        if isinstance(piece, Token) or piece.data == "words":
            return self._value(piece, scope)
        if piece.data == "negated":
            inner = scope._replace(whole=None)
            return Plan([(piece.children[1], inner)], lambda nodes: _negated(piece, nodes))
        if piece.data == "conjoined":
            inner = scope._replace(plain="eq", whole=None)
            return Plan([(part, inner) for part in piece.children[::2]], lambda nodes: joined("and", nodes))
        members = _alternatives(piece)
        scope = scope._replace(plain="in")
        if all(_is_literal(member) for member in members):
            return self._condition(members, scope)
        scope = scope._replace(whole=None)
        parts: list[tuple[Piece, Scope] | Node | None] = []
        run: list[Piece] = []
        for member in members:
            if _is_literal(member):
                run.append(member)
                continue
            if run:
                parts.append(self._condition(run, scope))
                run = []
            parts.append((member, scope))
        if run:
            parts.append(self._condition(run, scope))
        return Plan(parts, lambda nodes: joined("or", nodes))

    def _value(self, piece: Piece, scope: Scope) -> Node | None:
        if isinstance(piece, Token) and piece.type == "BROKEN":
            return None
        return self._condition([piece], scope)

    def _condition(self, values: list[Piece], scope: Scope) -> Condition | None:
        subject = scope.subject
        tests = tuple(self._one(self._literal(value), scope.plain) for value in values)
        if subject.name == "*" and all(test.operator == "exists" for test in tests):
            return None
        start, end = scope.whole or (tests[0].start, tests[-1].end)
        return Condition(subject.name, tests, start, end, path=subject.path)

    def _one(self, value: Literal, plain: Operator) -> Test:
        operator, text = value.operator(plain)
        if value.quoted and "*" in value.text and value.text != "*":
            message = "A star inside quotes is an ordinary character in KQL. Leave the quotes out for a wildcard."
            self.findings.add(value.start, value.end, message, "note")
        raw = value.written if value.written != text else None
        return Test(operator, text, raw, start=value.start, end=value.end)

    def _range(self, piece: Tree[Token], scope: Scope) -> Condition:
        subject = self._subject(piece.children[0], scope)
        value = self._literal(piece.children[2])
        raw = value.written if value.written != value.text else None
        test = Test(_RANGES[str(piece.children[1])], value.text, raw, start=value.start, end=value.end)
        return Condition(subject.name, (test,), start_of(piece), value.end, path=subject.path)

    def _keywords(self, piece: Tree[Token]) -> Condition | None:
        value = self._literal(piece.children[0])
        if not value.quoted and value.text.strip("*") == "":
            return None  # a lone star asks for every event
        if not value.quoted and "=" in value.text:
            message = "This searches every field for the text with its `=`. KQL compares a field with `:`."
            self.findings.add(value.start, value.end, message, "warning")
        raw = value.written if value.written != value.text else None
        test = Test("match", value.text, raw, start=value.start, end=value.end)
        return Condition(KEYWORDS, (test,), value.start, value.end)

    def _subject(self, piece: Piece, scope: Scope) -> Subject:
        name = self._literal(piece)
        full = f"{scope.prefix}.{name.text}" if scope.prefix else name.text
        if len(full) > MAX_NAME:
            self.findings.add(name.start, name.end, f"A field name may have {MAX_NAME} characters; this one was cut.")
            full = full[:MAX_NAME]
        written = self.text[name.start : name.end]
        return Subject(full, written if written != full else "")

    def _literal(self, piece: Piece) -> Literal:
        return literal(piece, self.text, self.findings)


def joined(connective: str, nodes: list[Node]) -> Node | None:
    """The nodes under a connective; None when everything below it was left out."""
    return join("or" if connective == "or" else "and", nodes) if nodes else None


def _negated(piece: Piece, nodes: list[Node]) -> Node | None:
    return Branch("not", (nodes[0],), "", start_of(piece), end_of(piece)) if nodes else None


def _same(nodes: list[Node]) -> Node | None:
    return nodes[0] if nodes else None


def _is_literal(piece: Piece) -> bool:
    if isinstance(piece, Token):
        return piece.type == "STRING"
    return piece.data == "words"


def _alternatives(piece: Piece) -> list[Piece]:
    """The members of an OR list in text order, bracketed ORs inside it taken apart."""
    found: list[Piece] = []
    stack = [piece]
    while stack:
        current = stack.pop()
        if isinstance(current, Tree) and current.data == "list":
            stack.append(current.children[1])
        elif isinstance(current, Tree) and current.data == "disjoined":
            stack.extend(reversed(current.children[::2]))
        else:
            found.append(current)
    return found
