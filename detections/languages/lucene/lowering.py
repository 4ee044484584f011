"""From Lucene's lark tree to the shared tree of conditions (`predicates.md` L1 to L6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as Only
from typing import NamedTuple, TypeAlias

from lark import Token, Tree

from detections.languages.lucene.literals import Literal, literal, regex
from detections.languages.parsing import Findings, Piece, Plan, end_of, fold, start_of
from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Operator, Test, join, negate

MAX_NAME = 1000
OPTIONAL = "optional"

_RANGES: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_LOWER: dict[str, Operator] = {"[": "gte", "{": "gt"}
_UPPER: dict[str, Operator] = {"]": "lte", "}": "lt"}
_EXISTS = "_exists_"
_OPERATORS = frozenset({"and", "or", "not"})

Occurs: TypeAlias = Only["must", "should", "not"]
Default: TypeAlias = Only["AND", "OR"]


class Scope(NamedTuple):
    """Where a piece stands: of which field it is a value, with which operator for text, and the place of its test.

    `path` is the field's name as written where that differs.
    """

    field: str = KEYWORDS
    path: str = ""
    plain: Operator = "match"
    whole: tuple[int, int] | None = None


class Clause(NamedTuple):
    """One clause of a list: what it asks for, where it ends, what query_string makes of it, and whether it is one of
    several alternatives."""

    unit: Piece
    end: int
    occurs: Occurs
    alternative: bool


class Lowering:
    """One query's pieces to conditions; problems go to `findings`. `default` joins clauses with nothing between."""

    def __init__(self, findings: Findings, default: Default) -> None:
        self.findings = findings
        self.default = default

    def tree(self, root: Tree[Token]) -> Node | None:
        return fold(root.children[0], Scope(), self._visit)

    def _visit(self, piece: Piece, scope: Scope) -> Node | Plan[Scope] | None:
        if isinstance(piece, Token):
            return None
        match piece.data:
            case "clauses":
                return self._clauses(piece, scope)
            case "group" | "list":
                return Plan([(piece.children[1], scope)], _same)
            case "test":
                return self._test(piece, scope)
            case "range":
                return self._range(piece, scope)
            case "comparison":
                return self._comparison(piece, scope)
        return self._condition([piece], scope)

    def _test(self, piece: Tree[Token], scope: Scope) -> Node | Plan[Scope] | None:
        name = self._literal(piece.children[0])
        field = name.text
        if len(field) > MAX_NAME:
            self.findings.add(name.start, name.end, f"A field name may have {MAX_NAME} characters; this one was cut.")
            field = field[:MAX_NAME]
        path = name.written if name.written != field else ""
        return Plan([(piece.children[2], Scope(field, path, "eq", (start_of(piece), end_of(piece))))], _same)

    def _clauses(self, piece: Tree[Token], scope: Scope) -> Node | Plan[Scope] | None:
        """A list of clauses. Neighbours that are values of one field and stand in an OR share one condition."""
        clauses = _occurring(piece, self.default)
        if len(clauses) == 1 and clauses[0].occurs != "not":
            return Plan([(clauses[0].unit, scope)], _same)
        of_field = scope.field != KEYWORDS
        inner = scope._replace(whole=None, plain="eq" if of_field else "match")
        parts: list[tuple[Piece, Scope] | Node | None] = []
        run: list[Piece] = []

        def close() -> None:
            if run:
                whole = scope.whole if len(run) == len(clauses) else None
                parts.append(self._condition(run, inner._replace(plain="in", whole=whole)))
                run.clear()

        for clause in clauses:
            if of_field and clause.alternative and clause.occurs == "should" and _is_value(clause.unit):
                run.append(clause.unit)
                continue
            close()
            plain: Operator = "in" if of_field and clause.alternative else inner.plain
            parts.append((clause.unit, inner._replace(plain=plain)))
        close()
        return Plan(parts, lambda nodes: _combined(nodes, clauses))

    def _condition(self, pieces: Sequence[Piece], scope: Scope) -> Node | None:
        """Values of one field, or of none, that stand in an OR."""
        values = [self._value(piece) for piece in pieces if isinstance(piece, Tree)]
        if scope.field == _EXISTS:
            found = [node for value, _ in values if (node := self._existing(value, scope))]
            return join("or", found) if found else None
        tests: list[Test] = []
        for value, is_regex in values:
            test = self._one(value, is_regex, scope)
            if test is not None:
                tests.append(test)
        if not tests:
            return None
        start, end = scope.whole or (tests[0].start, tests[-1].end)
        return Condition(scope.field, tuple(tests), start, end, path=scope.path)

    def _one(self, value: Literal, is_regex: bool, scope: Scope) -> Test | None:
        """The test of one value; a lone star without a field asks for every event."""
        self._advise(value)
        operator: Operator = "regex_match" if is_regex else scope.plain
        text = value.text
        if not is_regex and scope.field == KEYWORDS:
            if value.lone_star:
                return None
        elif not is_regex:
            operator, text = value.operator(scope.plain)
            if scope.field == "*" and operator == "exists":
                return None
        return Test(operator, text, value.written if value.written != text else None, start=value.start, end=value.end)

    def _existing(self, value: Literal, scope: Scope) -> Node | None:
        if not value.text:
            self.findings.add(value.start, value.end, "`_exists_` needs the name of a field.")
        if not value.text or value.lone_star:
            return None
        start, end = scope.whole or (value.start, value.end)
        path = value.written if value.written != value.text else ""
        test = Test("exists", start=value.start, end=value.end)
        return Condition(value.text[:MAX_NAME], (test,), start, end, path=path)

    def _range(self, piece: Tree[Token], scope: Scope) -> Node | None:
        """`[a TO b]`: two tests that both hold; an end that is a star is open, and both open is existence."""
        if _is(piece.children[1], "BROKEN"):
            return None
        opener, low, _, high, closer = piece.children[:5]
        ends = [(low, _LOWER[str(opener)]), (high, _UPPER[str(closer)])]
        start, end = scope.whole or (start_of(piece), end_of(piece))
        conditions: list[Node] = []
        for bound, operator in ends:
            value = self._bound(bound)
            if not value.lone_star or value.quoted:
                conditions.append(self._compared(value, operator, scope, start, end))
        if conditions:
            return Branch("and", tuple(conditions), "", start, end) if len(conditions) > 1 else conditions[0]
        if scope.field in (KEYWORDS, "*"):
            return None
        test = Test("exists", start=start_of(piece), end=end_of(piece))
        return Condition(scope.field, (test,), start, end, path=scope.path)

    def _comparison(self, piece: Tree[Token], scope: Scope) -> Node | None:
        last = next(part for part in reversed(piece.children) if _is(part, "TERM") or _is(part, "STRING"))
        value = self._literal(last)
        if _is(piece.children[1], "MINUS"):
            begin = start_of(piece.children[1])
            value = value._replace(text="-" + value.text, written="-" + value.written, start=begin)
        start, end = scope.whole or (start_of(piece), end_of(piece))
        return self._compared(value, _RANGES[str(piece.children[0])], scope, start, end)

    def _compared(self, value: Literal, operator: Operator, scope: Scope, start: int, end: int) -> Condition:
        raw = value.written if value.written != value.text else None
        test = Test(operator, value.text, raw, start=value.start, end=value.end)
        return Condition(scope.field, (test,), start, end, path=scope.path)

    def _bound(self, piece: Piece) -> Literal:
        """One end of a range; times have colons and signs in them, which are tokens of their own."""
        start, end = start_of(piece), end_of(piece)
        parts = piece.children if isinstance(piece, Tree) else [piece]
        if len(parts) == 1:
            return self._literal(parts[0])
        return literal(Token("TERM", self.findings.text[start:end], start_pos=start, end_pos=end), self.findings)

    def _value(self, piece: Tree[Token]) -> tuple[Literal, bool]:
        """The literal of a value, and whether it is a regular expression. Fuzziness and boosts change no test."""
        first = piece.children[0]
        if isinstance(first, Token) and first.type == "REGEX":
            return regex(first), True
        return self._literal(first), False

    def _literal(self, piece: Piece) -> Literal:
        token = piece if isinstance(piece, Token) else Token("TERM", "")
        return literal(token, self.findings)

    def _advise(self, value: Literal) -> None:
        if value.quoted:
            return
        if value.written in _OPERATORS:
            message = f"Lucene's operators are written large. `{value.written}` is a word like any other here."
            self.findings.add(value.start, value.end, message, "warning")
        elif "/" in value.written.replace("\\/", ""):
            message = "A slash begins a regular expression in Lucene. It was read as written: put `\\` before it."
            self.findings.add(value.start, value.end, message, "warning")


def _occurring(piece: Tree[Token], default: Default) -> list[Clause]:
    """The clauses of a list, from left to right as query_string decides on them.

    AND makes the clause before it and the one behind it required, `+` the one behind it; NOT, `!` and `-` forbid.
    Where AND is the default every clause is required that OR does not touch, and `+` says nothing.
    """
    found: list[Clause] = []
    joints: list[str] = []
    joint = ""
    for part in piece.children:
        if isinstance(part, Token):
            joint = part.type
            continue
        negated = sum(_is(sign, "NOT") or _is(sign, "MINUS") for sign in part.children[:-1]) % 2 == 1
        required = joint == "AND" or any(_is(sign, "PLUS") for sign in part.children[:-1])
        if default == "AND":
            required = joint != "OR"
        if joint == "AND" and found and found[-1].occurs == "should":
            found[-1] = found[-1]._replace(occurs="must")
        if joint == "OR" and default == "AND" and found[-1].occurs == "must":
            found[-1] = found[-1]._replace(occurs="should")
        occurs: Occurs = "not" if negated else "must" if required else "should"
        found.append(Clause(part.children[-1], end_of(part), occurs, False))
        joints.append(joint)
        joint = ""
    for index in range(1, len(found)):
        pair = found[index - 1], found[index]
        if joints[index] == "OR" or (not joints[index] and all(clause.occurs == "should" for clause in pair)):
            found[index - 1 : index + 1] = [clause._replace(alternative=clause.occurs != "must") for clause in pair]
    return found


def _combined(nodes: list[Node], clauses: list[Clause]) -> Node | None:
    """The nodes of clauses under their connectives. Where anything is required, alternatives only raise the score."""
    placed: list[tuple[Node, Occurs]] = []
    at = 0
    for node in nodes:
        while clauses[at].end <= node.start:
            at += 1
        placed.append((node, clauses[at].occurs))
    if not placed:
        return None
    required = any(clause.occurs == "must" for clause in clauses)
    whole: list[Node] = []
    alternatives: list[Node] = []
    place = 0
    for node, occurs in placed:
        if occurs != "should":
            whole.append(negate(node) if occurs == "not" else node)
        elif required:
            whole.append(Branch("or", (node,), OPTIONAL, node.start, node.end))
        else:
            place = place if alternatives else len(whole)
            alternatives.append(node)
    if alternatives:
        whole.insert(place, join("or", alternatives))
    return join("and", whole)


def _same(nodes: list[Node]) -> Node | None:
    return nodes[0] if nodes else None


def _is(piece: Piece, kind: str) -> bool:
    return isinstance(piece, Token) and piece.type == kind


def _is_value(piece: Piece) -> bool:
    return isinstance(piece, Tree) and piece.data == "value"
