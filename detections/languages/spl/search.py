"""From the search grammar's tree to conditions: base searches, `search`, and `where` of tstats and mstats."""

from __future__ import annotations

import re
from typing import cast

from lark import Token, Tree

from detections.languages.parsing import Piece, Plan, end_of, fold, start_of
from detections.languages.spl.commands import MODIFIERS, PLUMBING
from detections.languages.spl.context import Context
from detections.languages.spl.nodes import Search
from detections.languages.spl.scanning import search_grammar
from detections.languages.spl.values import decoded, inside, searched
from detections.languages.tree import Branch, Condition, Node, Operator, Test, join

RAW = "_raw"
MACRO = "_macro"

_COMPARISONS: dict[str, Operator] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_CONNECTIVES = frozenset({"AND", "OR", "COMMA"})
_LOWER_CASE = frozenset({"and", "or", "not", "in"})
_TOKEN = re.compile(r"\$[\w.]+\$")
_CALL = re.compile(r"`\s*([\w.:-]+)\s*(\([\s\S]*\))?\s*`")


class SearchLowering:
    """One search expression. `tokens` says that `$name$` values are filled in elsewhere (by `map`)."""

    def __init__(self, context: Context, searches: tuple[Search, ...], *, tokens: bool = False) -> None:
        self.context = context
        self.searches = {search.start - 1: search for search in searches}
        self.tokens = tokens

    def lower(self, start: int, end: int) -> Node | None:
        """The conditions between two offsets of the expanded text."""
        context = self.context
        found = search_grammar().tokens(context.text, start, end, tuple(self.searches.values()))
        if not found:
            return None
        root = search_grammar().tree(found, context.findings)
        return fold(root.children[0], None, self._visit) if root is not None else None

    def _visit(self, piece: Piece, scope: None) -> Node | Plan[None] | None:
        if isinstance(piece, Token):
            return self._single(piece)
        parts = piece.children
        match piece.data:
            case "conjunction" | "disjunction":
                kept = [(part, scope) for part in parts if isinstance(part, Tree) or part.type not in _CONNECTIVES]
                return Plan(kept, _every if piece.data == "conjunction" else _any)
            case "negation":
                return Plan([(parts[1], scope)], lambda nodes: self._negated(piece, nodes))
            case "group":
                return Plan([(part, scope) for part in parts[1:-1]], _every)
            case "test":
                return self._test(piece)
            case "membership":
                return self._membership(piece)
        return self._keyword(cast("Token", parts[0]))

    def _negated(self, piece: Tree[Token], nodes: list[Node]) -> Node | None:
        if not nodes:
            return None
        start, end = self.context.place(start_of(piece), end_of(piece))
        return Branch("not", (nodes[0],), "", start, end)

    def _single(self, token: Token) -> Node | None:
        if token.type == "MACRO":
            return macro_condition(self.context, token)
        if token.type == "SEARCH":
            return self.context.nested(self.searches[token.start_pos or 0])
        return None

    def _test(self, piece: Tree[Token]) -> Node | None:
        name, sign, value = cast("list[Token]", piece.children)
        start, end = start_of(piece), end_of(piece)
        if inside(name).lower() in MODIFIERS:
            self.context.skip(start, end, "a time range or a data model's node")
            return None
        if value.type == "SEARCH":
            return self.context.nested(self.searches[value.start_pos or 0])
        test = self._one(value, "eq")
        if test is None:
            return None
        negated = sign == "!="
        if sign in _COMPARISONS:
            text = decoded(value)
            test = self.context.test(_COMPARISONS[sign], text, *_span(value), inside(value))
        condition = self.context.condition(self.context.columns.column(name), (test,), start, end)
        return Branch("not", (condition,), "", condition.start, condition.end) if negated else condition

    def _membership(self, piece: Tree[Token]) -> Node | None:
        name, members = cast("Token", piece.children[0]), cast("Tree[Token]", piece.children[2])
        values = [member for member in cast("list[Token]", members.children[1:-1]) if member.type != "COMMA"]
        start, end = start_of(piece), end_of(piece)
        if not values:
            self.context.findings.add(start, end, "This list has no members. It was left out.")
            return None
        found = [self._one(value, "in" if len(values) > 1 else "eq") for value in values]
        tests = tuple(test for test in found if test is not None)
        if not tests:
            return None
        return self.context.condition(self.context.columns.column(name), tests, start, end)

    def _one(self, value: Token, plain: Operator) -> Test | None:
        """The test of one written value; None for a value that is filled in elsewhere."""
        text = decoded(value)
        if self.tokens and _TOKEN.fullmatch(text):
            self.context.skip(*_span(value), "a value that `map` fills in")
            return None
        operator, held = searched(text, plain)
        return self.context.test(operator, held, *_span(value), inside(value))

    def _keyword(self, token: Token) -> Node | None:
        text = decoded(token)
        if token.type == "WORD" and not text.strip("*"):
            self.context.skip(*_span(token), "a star that asks for every event")
            return None
        if self.tokens and _TOKEN.fullmatch(text):
            self.context.skip(*_span(token), "a text that `map` fills in")
            return None
        start, end = _span(token)
        if token in _LOWER_CASE:
            message = f"`{token}` is searched as a word. The operator is written {token.upper()} here."
            self.context.findings.add(start, end, message, "warning")
        place = self.context.place(start, end)
        return Condition(RAW, (self.context.test("match", text, start, end, inside(token)),), *place)


def macro_condition(context: Context, token: Token) -> Condition | None:
    """An undefined macro where a test could stand. The filters that a rule calls by its own name say nothing."""
    start, end = _span(token)
    match = _CALL.fullmatch(str(token))
    name, arguments = match.groups() if match else (str(token).strip("`"), None)
    if name.endswith("_filter") or name in PLUMBING:
        context.skip(start, end, "a macro that is a place for one's own exceptions")
        return None
    test = context.test("match", f"{name}{arguments or ''}", start, end)
    return Condition(MACRO, (test,), *context.place(start, end))


def _span(token: Token) -> tuple[int, int]:
    return token.start_pos or 0, token.end_pos or 0


def _every(nodes: list[Node]) -> Node | None:
    return join("and", nodes) if nodes else None


def _any(nodes: list[Node]) -> Node | None:
    return join("or", nodes) if nodes else None
