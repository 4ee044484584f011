"""The single tests of ES|QL: comparisons, lists, patterns and functions to conditions (`predicates.md` Q3 to Q5)."""

from __future__ import annotations

from lark import Token, Tree

from detections.languages.constants import Constant
from detections.languages.esql.expressions import NAMES, Expressions, Subject, arguments, called, clean, unwrapped
from detections.languages.esql.functions import LISTS, MEMBERS, POSITIONS, TESTS
from detections.languages.esql.literals import constant, like
from detections.languages.parsing import Findings, Piece, end_of, start_of
from detections.languages.tree import Branch, Condition, Node, Operator, Test, join

_ORDER: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PATTERNS: dict[bool, tuple[str, Operator]] = {True: ("like", "wildcard"), False: ("rlike", "regex_match")}
_CONSTANTS = frozenset({"STRING", "RAW_STRING", "NUMBER", "NULL", "PARAM"})


class Terms:
    """The tests of one command. Every method takes a piece of the tree and gives a condition, perhaps negated."""

    def __init__(self, expressions: Expressions, findings: Findings) -> None:
        self.expressions = expressions
        self.findings = findings

    def bare(self, piece: Piece) -> Node | None:
        """A column or an expression alone: it is asked to be true. true and false themselves test nothing."""
        if isinstance(piece, Token):
            if piece.type in ("BROKEN", "BOOLEAN"):
                return None
            if piece.type in _CONSTANTS:
                message = f"`{piece}` alone is no condition. Compare a column with it."
                self.findings.add(start_of(piece), end_of(piece), message)
                return None
        subject = self.expressions.subject(piece)
        return self._condition(piece, subject, Test("eq", "true", start=subject.start, end=subject.end))

    def comparison(self, piece: Tree[Token]) -> Node | None:
        left, compare, right = piece.children
        sign = "==" if compare == "=" else str(compare)
        if is_broken(left) or is_broken(right):
            return None
        if not self._reads(left):
            if not self._reads(right):
                message = "Both sides are constants: this says nothing about a row."
                self.findings.add(start_of(piece), end_of(piece), message, "warning")
                return None
            left, right, sign = right, left, _MIRRORED.get(sign, sign)
        subject = self.expressions.subject(left)
        value = constant(unwrapped(right), self.findings)
        if value is not None and value.kind == "null":
            message = f"`{sign} null` is never true. It was read as `IS NULL` or `IS NOT NULL`: write that."
            self.findings.add(start_of(piece), end_of(piece), message, "warning")
            return self._null(piece, subject, value.start, value.end, sign == "==")
        if value is None:
            test = self._against(right, "" if sign in ("==", "!=") else sign, _ORDER.get(sign, "eq"))
        else:
            test = Test(_ORDER.get(sign, "eq"), value.text, value.raw, start=start_of(right), end=end_of(right))
        return _polar(piece, self._condition(piece, subject, test), sign == "!=")

    def membership(self, piece: Tree[Token], members: list[Piece]) -> Node | None:
        """`IN` and `NOT IN`; a constant in a list of columns is a test of each of them."""
        left = piece.children[0]
        node: Node | None
        if is_broken(left) or self._reads(left):
            node = self._listed(piece, left, members, "in" if len(members) > 1 else "eq")
        else:
            columns = [member for member in members if self._reads(member)]
            nodes = [self._listed(piece, column, [left], "eq") for column in columns]
            kept = [other for other in nodes if other is not None]
            node = join("or", kept) if kept else None
        return None if node is None else _polar(piece, node, len(piece.children) == 4)

    def matching(self, piece: Tree[Token]) -> Node | None:
        """`LIKE` and `RLIKE`, each with one pattern or a list of them."""
        left, right, is_like = piece.children[0], piece.children[-1], str(piece.children[-2]).lower() == "like"
        if is_broken(left):
            return None
        members = members_of(right) if isinstance(right, Tree) and right.data == "list" else [right]
        plain: Operator = "in" if len(members) > 1 else "eq"
        tests: list[Test] = []
        for member in members:
            value = constant(unwrapped(member), self.findings)
            if value is not None and value.kind == "string":
                tests.append(self._pattern(value, is_like, plain))
            elif not is_broken(member):
                comparator, operator = _PATTERNS[is_like]
                tests.append(self._against(member, comparator, operator))
        if not tests:
            return None
        node = self._condition(piece, self.expressions.subject(left), *tests)
        return _polar(piece, node, len(piece.children) == 4)

    def nullness(self, piece: Tree[Token]) -> Node | None:
        """`IS NULL` is absence, `IS NOT NULL` presence."""
        if is_broken(piece.children[0]):
            return None
        subject = self.expressions.subject(piece.children[0])
        return self._null(piece, subject, start_of(piece.children[1]), end_of(piece), len(piece.children) == 3)

    def search(self, piece: Tree[Token]) -> Node | None:
        """`column : "text"`, a full-text search."""
        return self._match(piece, piece.children[0], piece.children[2])

    def call(self, piece: Tree[Token]) -> Node | None:
        """A function as a condition: the testing ones are tests, any other is asked to be true."""
        name, given = called(piece), arguments(piece)
        if name not in TESTS:
            return self.bare(piece)
        if len(given) < 2:
            message = f"`{piece.children[0]}` does not have the arguments that it needs. It was left out."
            self.findings.add(start_of(piece), end_of(piece), message)
            return None
        if is_broken(given[0]) or is_broken(given[1]):
            return None
        if name in LISTS:
            return self._listed(piece, given[0], given[1:], LISTS[name])
        if name in MEMBERS:
            return self._members(piece, given[0], given[1], every=name in ("mv_contains", "mv_contains_all"))
        if name in POSITIONS:
            subject = self.expressions.subject(given[0])
            return self._condition(piece, subject, self._position(given[1], POSITIONS[name]))
        if name == "multi_match":
            return self._everywhere(piece, given)
        return self._match(piece, given[0], given[1])

    def _listed(self, piece: Tree[Token], left: Piece, members: list[Piece], operator: Operator) -> Node | None:
        """One condition for the members; a null among them is never equal to anything."""
        if is_broken(left):
            return None
        tests: list[Test] = []
        for member in members:
            value = constant(unwrapped(member), self.findings)
            if is_broken(member):
                continue
            if value is None:
                tests.append(self._against(member, operator if operator == "cidr" else "", operator))
            elif value.kind == "null":
                message = "Nothing is equal to `null`, so this member finds no row. Write `OR ... IS NULL` beside it."
                self.findings.add(value.start, value.end, message, "warning")
            else:
                tests.append(Test(operator, value.text, value.raw, start=start_of(member), end=end_of(member)))
        return self._condition(piece, self.expressions.subject(left), *tests) if tests else None

    def _members(self, piece: Tree[Token], left: Piece, right: Piece, every: bool) -> Node | None:
        """Values that one column holds at once: all of them, or any."""
        inner = unwrapped(right)
        members = members_of(inner) if isinstance(inner, Tree) and inner.data == "array" else [right]
        if not every:
            return self._listed(piece, left, members, "in" if len(members) > 1 else "eq")
        nodes = [self._listed(piece, left, [member], "eq") for member in members]
        kept = [node for node in nodes if node is not None]
        return join("and", kept) if kept else None

    def _position(self, right: Piece, operator: Operator) -> Test:
        value = constant(unwrapped(right), self.findings)
        if value is None:
            return self._against(right, operator, operator)
        shape: Operator = operator if value.text else "exists"
        return Test(shape, value.text, value.raw, start=start_of(right), end=end_of(right))

    def _match(self, piece: Tree[Token], left: Piece, right: Piece) -> Node | None:
        if is_broken(left) or is_broken(right):
            return None
        value = constant(unwrapped(right), self.findings)
        if value is None:
            test = self._against(right, "match", "match")
        else:
            test = Test("match", value.text, value.raw, start=start_of(right), end=end_of(right))
        return self._condition(piece, self.expressions.subject(left), test)

    def _everywhere(self, piece: Tree[Token], given: list[Piece]) -> Node | None:
        """MULTI_MATCH("text", a, b): the text in any of the columns."""
        fields = [piece_ for piece_ in given[1:] if self._reads(piece_)]
        nodes = [node for node in (self._match(piece, field, given[0]) for field in fields) if node is not None]
        return join("or", nodes) if nodes else None

    def _pattern(self, value: Constant, is_like: bool, plain: Operator) -> Test:
        operator: Operator = "regex_match"
        text = value.text
        if is_like:
            operator, text = like(value, plain, self.findings)
        raw = value.written if value.written != text else None
        return Test(operator, text, raw, start=value.start, end=value.end)

    def _against(self, piece: Piece, comparator: str, plain: Operator) -> Test:
        """A test on something that is no constant: another column, or an expression, which keeps its text."""
        inner = unwrapped(piece)
        start, end = start_of(piece), end_of(piece)
        if isinstance(inner, Token) and inner.type in NAMES:
            return Test("fieldref", clean(inner), comparator=comparator, start=start, end=end)
        return Test(plain, self.expressions.text(inner), start=start, end=end)

    def _null(self, piece: Tree[Token], subject: Subject, start: int, end: int, absent: bool) -> Node:
        return _polar(piece, self._condition(piece, subject, Test("exists", start=start, end=end)), absent)

    def _condition(self, piece: Piece, subject: Subject, *tests: Test) -> Condition:
        derived, base = subject.derived, subject.base_fields
        if not derived and any(test.operator == "fieldref" for test in tests):
            derived = "compare"
        return Condition(subject.name, tests, start_of(piece), end_of(piece), subject.path, derived, base)

    def _reads(self, piece: Piece) -> bool:
        return bool(self.expressions.names(piece))


def members_of(piece: Piece) -> list[Piece]:
    """The members of a list or an array."""
    return piece.children[1:-1:2] if isinstance(piece, Tree) else [piece]


def is_broken(piece: Piece) -> bool:
    piece = unwrapped(piece)
    return isinstance(piece, Token) and piece.type == "BROKEN"


def _polar(piece: Piece, node: Node, negated: bool) -> Node:
    return Branch("not", (node,), "", start_of(piece), end_of(piece)) if negated else node
