"""The single tests of EQL: comparisons, lists, patterns and functions to conditions."""

from __future__ import annotations

from lark import Token, Tree

from detections.languages.constants import Constant
from detections.languages.eql.expressions import Expressions, Scope, Subject, arguments, called, unwrapped
from detections.languages.eql.functions import LISTS, POSITIONS, Mode
from detections.languages.eql.literals import constant, pattern
from detections.languages.parsing import Findings, Piece, end_of, start_of
from detections.languages.tree import Branch, Condition, Node, Operator, Test

_ORDER: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CONSTANTS = frozenset({"STRING", "RAW_STRING", "OLD_RAW_STRING", "SINGLE_STRING", "NUMBER", "TIMESPAN", "NULL"})


class Terms:
    """The tests of one query. Every method takes a piece of the tree and gives a condition, perhaps negated."""

    def __init__(self, expressions: Expressions, findings: Findings) -> None:
        self.expressions = expressions
        self.findings = findings

    def bare(self, piece: Piece, scope: Scope) -> Node | None:
        """A field or an expression alone: it is asked to be true. true and false themselves test nothing."""
        if isinstance(piece, Token):
            if piece.type in ("BROKEN", "BOOLEAN"):
                return None
            if piece.type in _CONSTANTS:
                message = f"`{piece}` alone is no condition. Compare a field with it."
                self.findings.add(start_of(piece), end_of(piece), message)
                return None
        subject = self.expressions.subject(piece, scope)
        return self._condition(piece, subject, scope, Test("eq", "true", start=subject.start, end=subject.end))

    def comparison(self, piece: Tree[Token], scope: Scope) -> Node | None:
        left, token, right = piece.children
        sign = str(token)
        if sign == "=":
            self.findings.add(start_of(token), end_of(token), "EQL has no `=`. Write `==`.")
            sign = "=="
        if _is_broken(left) or _is_broken(right):
            return None
        value = constant(right, self.findings)
        if value is None:
            value = constant(left, self.findings)
            if value is not None:
                left, sign = right, _MIRRORED.get(sign, sign)
        elif constant(left, self.findings) is not None:
            message = "Both sides are constants: this says nothing about an event."
            self.findings.add(start_of(piece), end_of(piece), message, "warning")
            return None
        subject = self.expressions.subject(left, scope)
        if value is None:
            test = self._against(right, scope, "" if sign in ("==", "!=") else sign, _ORDER.get(sign, "eq"))
        elif value.kind == "null":
            if sign in ("==", "!="):
                return self._null(piece, subject, scope, value, sign != "!=")
            message = f"`{sign} null` is never true. Write `== null` or `!= null`. The test was left out."
            self.findings.add(start_of(piece), end_of(piece), message)
            return None
        else:
            if sign in ("==", "!="):
                self._literal_star(value)
            test = Test(_ORDER.get(sign, "eq"), value.text, value.raw, start=value.start, end=value.end)
        return _polar(piece, self._condition(piece, subject, scope, test), sign == "!=")

    def membership(self, piece: Tree[Token], scope: Scope) -> Node | None:
        """`in`, `in~` and `not in`."""
        subject = self.expressions.subject(piece.children[0], scope)
        members = _members(piece.children[-1])
        node = self._listed(piece, subject, scope, members, "exact")
        if node is None or len(piece.children) == 3:
            return node
        return _polar(piece, node, True)

    def matching(self, piece: Tree[Token], scope: Scope) -> Node | None:
        """`:`, `like` and `regex`, each with one pattern or a list of them."""
        left, sign, right = piece.children
        mode: Mode = "regex" if str(sign).startswith("regex") else "like"
        subject = self.expressions.subject(left, scope)
        members = _members(right) if isinstance(right, Tree) and right.data == "list" else [right]
        return self._listed(piece, subject, scope, members, mode)

    def call(self, piece: Tree[Token], scope: Scope) -> Node | None:
        """A function as a condition: the testing ones are tests, any other is asked to be true."""
        name, given = called(piece), arguments(piece)
        testing = name in LISTS or name in POSITIONS
        if not testing or not given or constant(given[0], self.findings) is not None:
            if testing and not given:
                self._arity(piece)
                return None
            return self.bare(piece, scope)
        if len(given) < 2 or (name in POSITIONS and len(given) > 2):
            self._arity(piece)
            return None
        if _is_broken(given[0]) or _is_broken(given[1]):
            return None
        subject = self.expressions.subject(given[0], scope)
        if name in LISTS:
            return self._listed(piece, subject, scope, given[1:], LISTS[name], name)
        value = constant(given[1], self.findings)
        if value is None:
            test = self._against(given[1], scope, name, POSITIONS[name])
        elif value.text == "":
            test = Test("exists", "", value.raw, start=value.start, end=value.end)
        else:
            test = Test(POSITIONS[name], value.text, value.raw, start=value.start, end=value.end)
        return self._condition(piece, subject, scope, test)

    def _listed(
        self, piece: Tree[Token], subject: Subject, scope: Scope, members: list[Piece], mode: Mode, function: str = ""
    ) -> Node | None:
        """One condition for the members; a null among them asks for absence and stands beside it."""
        if _is_broken(piece.children[0]):
            return None
        plain: Operator = "in" if len(members) > 1 else "eq"
        tests: list[Test] = []
        absent: list[Node] = []
        for member in members:
            if _is_broken(member):
                continue
            value = constant(member, self.findings)
            if value is None:
                comparator = function or ("" if mode == "exact" else mode)
                tests.append(self._against(member, scope, comparator, plain))
            elif value.kind == "null":
                absent.append(self._null(piece, subject, scope, value, True))
            else:
                tests.append(self._member(value, mode, plain))
        if tests:
            absent.insert(0, self._condition(piece, subject, scope, *tests))
        if len(absent) > 1:
            return Branch("or", tuple(absent), start=start_of(piece), end=end_of(piece))
        return absent[0] if absent else None

    def _member(self, value: Constant, mode: Mode, plain: Operator) -> Test:
        operator, text = plain, value.text
        if mode == "regex":
            operator = "regex_match"
        elif mode == "cidr":
            operator = "cidr"
        elif mode == "exact":
            self._literal_star(value)
        elif value.kind == "string":
            operator, text = pattern(value.text, plain)
        else:
            message = f"`{value.written}` is no pattern, so it was read as a value. Put it in quotes or use `==`."
            self.findings.add(value.start, value.end, message, "warning")
        raw = value.written if value.written != text else None
        return Test(operator, text, raw, start=value.start, end=value.end)

    def _against(self, piece: Piece, scope: Scope, comparator: str, plain: Operator) -> Test:
        """A test on something that is no constant: another field, or an expression with or without fields."""
        text = self.expressions.other(piece, scope)
        start, end = start_of(piece), end_of(piece)
        if self.expressions.has_fields(piece):
            return Test("fieldref", text, comparator=comparator, start=start, end=end)
        return Test(plain, text, start=start, end=end)

    def _null(self, piece: Tree[Token], subject: Subject, scope: Scope, value: Constant, absent: bool) -> Node:
        """`== null` is absence, `!= null` presence."""
        test = Test("exists", start=value.start, end=value.end)
        return _polar(piece, self._condition(piece, subject, scope, test), absent)

    def _condition(self, piece: Piece, subject: Subject, scope: Scope, *tests: Test) -> Condition:
        return Condition(
            subject.name, tests, start_of(piece), end_of(piece),
            subject.path, subject.derived, subject.base_fields, scope.context,
        )  # fmt: skip

    def _literal_star(self, value: Constant) -> None:
        if value.kind == "string" and "*" in value.text:
            message = "`==` and `in` know no wildcards: the star is an ordinary character. Use `like` for a pattern."
            self.findings.add(value.start, value.end, message, "note")

    def _arity(self, piece: Tree[Token]) -> None:
        message = f"`{piece.children[0]}` does not have the arguments that it needs. It was left out."
        self.findings.add(start_of(piece), end_of(piece), message)


def _polar(piece: Piece, node: Node, negated: bool) -> Node:
    return Branch("not", (node,), "", start_of(piece), end_of(piece)) if negated else node


def _members(piece: Piece) -> list[Piece]:
    return piece.children[1:-1:2] if isinstance(piece, Tree) else [piece]


def _is_broken(piece: Piece) -> bool:
    piece = unwrapped(piece)
    return isinstance(piece, Token) and piece.type == "BROKEN"
