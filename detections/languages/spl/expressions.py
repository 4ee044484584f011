"""From the eval grammar's tree to conditions: `where`, and the conditions inside computed columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, cast

from lark import Token, Tree

from detections.languages.parsing import Piece, Plan, end_of, fold, start_of
from detections.languages.spl.context import Context
from detections.languages.spl.names import unquoted
from detections.languages.spl.nodes import Column, Search
from detections.languages.spl.rebuilding import made_of
from detections.languages.spl.search import macro_condition
from detections.languages.spl.values import decoded, inside, likened
from detections.languages.tree import Branch, Condition, Node, Operator, Test, join

_COMPARISONS: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TESTS = frozenset({"match", "like", "cidrmatch", "isnull", "isnotnull", "searchmatch", "in"})
_CASING = frozenset({"lower", "upper"})
_LOGICAL = frozenset({"disjunction", "conjunction", "negation", "comparison", "likeness", "membership"})
_TRUTHS = {"true()": True, "true": True, "1": True, "false()": False, "false": False, "0": False}
_CONNECTIVES = frozenset({"AND", "OR", "XOR"})
_BLANKS = re.compile(r"\s+")


class Operand(NamedTuple):
    """One side of a comparison: a field, a literal (string or number), or an expression with its text and fields."""

    kind: str
    text: str
    start: int
    end: int
    raw: str = ""
    fields: tuple[str, ...] = ()


class EvalLowering:
    """One expression's conditions; `searches` are the bracketed searches in its command."""

    def __init__(self, context: Context, searches: tuple[Search, ...] = ()) -> None:
        self.context = context
        self.searches = {search.start - 1: search for search in searches}

    def lower(self, piece: Piece) -> Node | None:
        return fold(piece, None, self._visit)

    def _visit(self, piece: Piece, scope: None) -> Node | Plan[None] | None:
        if isinstance(piece, Token):
            return self._single(piece)
        parts = piece.children
        match piece.data:
            case "disjunction" | "conjunction":
                kept = [(part, scope) for part in parts if isinstance(part, Tree) or part.type not in _CONNECTIVES]
                return Plan(kept, _any if piece.data == "disjunction" else _every)
            case "negation":
                return Plan([(parts[1], scope)], lambda nodes: self._negated(piece, nodes))
            case "group":
                return Plan([(parts[1], scope)], _every)
            case "comparison":
                return self._comparison(piece)
            case "likeness":
                pattern = parts[-1]
                return self._turned(piece, self._like(parts[0], pattern, piece), len(parts) == 4)
            case "membership":
                members = cast("Tree[Token]", parts[-1]).children[1:-1:2]
                return self._turned(piece, self._membership(parts[0], members, piece), len(parts) == 4)
            case "call":
                return self._call(piece)
        return self._truth(piece)

    def _negated(self, piece: Piece, nodes: list[Node]) -> Node | None:
        if not nodes:
            return None
        start, end = self.context.place(start_of(piece), end_of(piece))
        return Branch("not", (nodes[0],), "", start, end)

    def _turned(self, piece: Piece, node: Node | None, negated: bool) -> Node | None:
        return self._negated(piece, [node]) if negated and node is not None else node

    def _single(self, token: Token) -> Node | None:
        if token.type == "MACRO":
            return macro_condition(self.context, token)
        if token.type == "SEARCH":
            return self.context.nested(self.searches[token.start_pos or 0])
        return None if token.type == "BROKEN" else self._truth(token)

    def _truth(self, piece: Piece) -> Node | None:
        """An expression that is asked for its truth."""
        operand = self.operand(piece)
        if operand.kind != "field" and _TRUTHS.get(operand.text) is not None:
            self.context.skip(operand.start, operand.end, "a constant")
            return None
        column, kind = self._subject(operand)
        test = self.context.test("eq", "true", operand.start, operand.end)
        return self.context.condition(column, (test,), operand.start, operand.end, kind)

    def _comparison(self, piece: Tree[Token]) -> Node | Plan[None] | None:
        left, sign, right = piece.children[0], str(piece.children[1]), piece.children[2]
        for tested, other in ((left, right), (right, left)):
            if _is_test(tested):
                truth = _TRUTHS.get(self.operand(other).text.lower())
                if truth is not None and sign in ("=", "==", "!="):
                    turned = truth is (sign == "!=")
                    self.context.skip(start_of(other), end_of(other), "the truth of a test")
                    return Plan([(tested, None)], partial(self._unless, piece, turned))
        one, two = self.operand(left), self.operand(right)
        if one.kind == "literal" and two.kind == "literal":
            self._constant(piece)
            return None
        if one.kind == "literal":
            one, two, sign = two, one, _TURNED.get(sign, sign)
        column, kind = self._subject(one)
        operator = _COMPARISONS.get(sign, "eq")
        test, more = self._against(two, operator, "" if operator == "eq" else operator)
        condition = self.context.condition(column, (test,), start_of(piece), end_of(piece), kind or more)
        return self._turned(piece, condition, sign == "!=")

    def _constant(self, piece: Tree[Token]) -> None:
        """`1=1` is a way to write "always"; a name in double quotes is a mistake."""
        start, end = start_of(piece), end_of(piece)
        self.context.skip(start, end, "a comparison of constants")
        if any(isinstance(part, Token) and part.type == "STRING" for part in (piece.children[0], piece.children[2])):
            message = "This compares two texts. A field's name stands in single quotes here, or in none."
            self.context.findings.add(start, end, message, "warning")

    def _unless(self, piece: Piece, turned: bool, nodes: list[Node]) -> Node | None:
        return self._turned(piece, nodes[0], turned) if nodes else None

    def _against(self, other: Operand, operator: Operator, comparator: str) -> tuple[Test, str]:
        """The test against a right side, and why it is derived when that is no literal."""
        if other.kind == "field":
            name = self.context.columns.name(other.text)
            return self.context.test("fieldref", name, other.start, other.end, comparator=comparator), "compare"
        test = self.context.test(operator, other.text, other.start, other.end, other.raw)
        return test, "" if other.kind == "literal" else "compare"

    def _like(self, subject: Piece, pattern: Piece, whole: Piece) -> Node | None:
        one, two = self.operand(subject), self.operand(pattern)
        column, kind = self._subject(one)
        if two.kind == "literal":
            operator, value = likened(two.text)
            test, more = self.context.test(operator, value, two.start, two.end, two.raw), ""
        else:
            test, more = self._against(two, "wildcard", "like")
        return self.context.condition(column, (test,), start_of(whole), end_of(whole), kind or more)

    def _membership(self, subject: Piece, members: list[Piece], whole: Piece) -> Node | None:
        start, end = start_of(whole), end_of(whole)
        if not members:
            self.context.findings.add(start, end, "This list has no members. It was left out.")
            return None
        column, kind = self._subject(self.operand(subject))
        operands = [self.operand(member) for member in members]
        plain: Operator = "in" if len(operands) > 1 else "eq"
        literals = tuple(
            self.context.test(plain, one.text, one.start, one.end, one.raw) for one in operands if one.kind == "literal"
        )
        others = tuple(self._against(one, plain, "")[0] for one in operands if one.kind != "literal")
        found: list[Node] = []
        if literals:
            found.append(self.context.condition(column, literals, start, end, kind))
        if others:
            found.append(self.context.condition(column, others, start, end, kind or "compare"))
        return join("or", found)

    def _call(self, piece: Tree[Token]) -> Node | None:
        name, parts = str(piece.children[0]).lower(), piece.children[2:-1:2]
        start, end = start_of(piece), end_of(piece)
        if name in ("isnull", "isnotnull") and len(parts) == 1:
            operand = self.operand(parts[0])
            column, kind = self._subject(operand)
            test = self.context.test("exists", "", operand.start, operand.end)
            return self._turned(piece, self.context.condition(column, (test,), start, end, kind), name == "isnull")
        if name == "like" and len(parts) == 2:
            return self._like(parts[0], parts[1], piece)
        if name in ("match", "cidrmatch") and len(parts) == 2:
            subject, other = parts if name == "match" else reversed(parts)
            column, kind = self._subject(self.operand(subject))
            operator: Operator = "regex_match" if name == "match" else "cidr"
            test, more = self._against(self.operand(other), operator, name)
            return self.context.condition(column, (test,), start, end, kind or more)
        if name == "in" and len(parts) > 1:
            return self._membership(parts[0], parts[1:], piece)
        if name == "searchmatch" and len(parts) == 1:
            operand = self.operand(parts[0])
            place = self.context.place(start, end)
            test = self.context.test("match", operand.text, operand.start, operand.end, operand.raw)
            return Condition("_raw", (test,), *place)
        return self._truth(piece)

    def _subject(self, operand: Operand) -> tuple[Column, str]:
        """The column that an operand is; an expression is its own text, and derived."""
        if operand.kind == "field":
            return self.context.columns.column(operand.text), ""
        columns = self.context.columns
        base = tuple(dict.fromkeys(columns.column(name).field for name in operand.fields))
        return Column(operand.text, kind="eval", base=base), "eval"

    def operand(self, piece: Piece) -> Operand:
        """One side of a comparison."""
        whole = piece
        piece = _without_casing(_unwrapped(piece))
        start, end = start_of(whole), end_of(whole)
        if isinstance(piece, Token):
            if piece.type in ("NAME", "FIELD"):
                return Operand("field", unquoted(piece), start, end)
            if piece.type == "STRING":
                return Operand("literal", decoded(piece), start, end, inside(piece))
            if piece.type == "NUMBER":
                return Operand("literal", str(piece), start, end)
        elif piece.data == "negative" and isinstance(piece.children[1], Token) and piece.children[1].type == "NUMBER":
            return Operand("literal", "".join(map(str, piece.children)), start, end)
        text = self.context.text[start_of(piece) : end_of(piece)]
        return Operand("expression", _BLANKS.sub(" ", text), start, end, fields=tuple(made_of(piece)[0]))

    def computed(self, piece: Piece) -> Iterator[Node]:
        """The conditions inside an expression that makes a column: those of if(), case() and validate(), and the
        expression itself where it is a condition."""
        waiting = [_unwrapped(piece)]
        if _is_test(waiting[0]):
            node = self.lower(waiting.pop())
            if node is not None:
                yield node
        while waiting:
            current = waiting.pop()
            if isinstance(current, Token):
                continue
            parts = current.children
            name = str(parts[0]).lower() if current.data == "call" else ""
            if name in ("if", "case", "validate"):
                arguments = parts[2:-1:2]
                tested, others = (arguments[:1], arguments[1:]) if name == "if" else (arguments[::2], arguments[1::2])
                for argument in tested:
                    node = self.lower(argument)
                    if node is not None:
                        yield node
                waiting.extend(reversed(others))
            else:
                waiting.extend(reversed(parts))


def _unwrapped(piece: Piece) -> Piece:
    while isinstance(piece, Tree) and piece.data == "group":
        piece = piece.children[1]
    return piece


def _without_casing(piece: Piece) -> Piece:
    """What lower() and upper() are applied to, when that is a field."""
    inner = piece
    while isinstance(inner, Tree) and inner.data == "call" and str(inner.children[0]).lower() in _CASING:
        if len(inner.children) != 4:
            return piece
        inner = _unwrapped(inner.children[2])
    return inner if isinstance(inner, Token) and inner.type in ("NAME", "FIELD") else piece


def _is_test(piece: Piece) -> bool:
    piece = _unwrapped(piece)
    if isinstance(piece, Token):
        return False
    return piece.data in _LOGICAL or (piece.data == "call" and str(piece.children[0]).lower() in _TESTS)


def _any(nodes: list[Node]) -> Node | None:
    return join("or", nodes) if nodes else None


def _every(nodes: list[Node]) -> Node | None:
    return join("and", nodes) if nodes else None
