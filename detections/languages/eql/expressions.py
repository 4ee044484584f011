"""The left sides of EQL's tests: fields, casts that are looked through, and computed expressions."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from typing import NamedTuple

from lark import Token, Tree

from detections.languages.eql.keywords import KEYWORDS
from detections.languages.parsing import Findings, Piece, end_of, start_of

MAX_NAME = 1000
CASTS = frozenset({"string", "number", "safe"})
NAMES = frozenset({"FIELD", "NAME", "VARIABLE"})

_PATH = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*(?:\.[A-Za-z_@][A-Za-z0-9_@]*|\[[0-9]+\])*")
_DOT = re.compile(r"\s*\.\s*")
_TICKED = re.compile(r"`((?:[^`]|``)+)`")
_NO_BLANK_BEFORE = frozenset({"COMMA", "RPAR", "RSQB", "ASSIGN"})
_NO_BLANK_AFTER = frozenset({"LPAR", "LSQB", "ASSIGN", "MISSING"})
_OPERANDS = frozenset({"FIELD", "NAME", "VARIABLE", "NUMBER", "RPAR", "STRING", "RAW_STRING"})


class Scope(NamedTuple):
    """Where a piece stands: the category of its event query, and what the variables of array functions stand for."""

    context: str = ""
    variables: tuple[tuple[str, str], ...] = ()


class Subject(NamedTuple):
    """What is tested: a field, or an expression with the fields that it reads (`derived` is then "function")."""

    name: str
    path: str
    derived: str
    base_fields: tuple[str, ...]
    start: int
    end: int


class Expressions:
    """Names and expressions of one query; `aliases` are the names that `as` gives to events."""

    def __init__(self, tokens: Sequence[Token], aliases: frozenset[str], findings: Findings) -> None:
        self.tokens = tokens
        self.aliases = aliases
        self.findings = findings
        self._starts: list[int] = []

    def subject(self, piece: Piece, scope: Scope) -> Subject:
        start, end = start_of(piece), end_of(piece)
        inner = unwrapped(piece)
        if isinstance(inner, Token) and inner.type in NAMES:
            name = self.field(inner, scope)
            written = str(inner)
            return Subject(name, written if written != name else "", "", (), start, end)
        tokens = _without_casts(self.between(start_of(inner), end_of(inner)))
        return Subject(rendered(tokens)[:MAX_NAME], "", "function", self._fields(tokens, scope), start, end)

    def other(self, piece: Piece, scope: Scope) -> str:
        """The right side of a comparison of two fields: a field's name with its alias, or the expression's text."""
        inner = unwrapped(piece)
        if isinstance(inner, Token) and inner.type in NAMES:
            return clean(inner) if inner.type != "VARIABLE" else self.field(inner, scope)
        return rendered(_without_casts(self.between(start_of(inner), end_of(inner))))[:MAX_NAME]

    def has_fields(self, piece: Piece) -> bool:
        return bool(self._fields(self.between(start_of(piece), end_of(piece)), Scope()))

    def field(self, token: Token, scope: Scope) -> str:
        """The name of a field without what only this query gives it: optional mark, alias, variable."""
        name = clean(token)
        first, dot, rest = name.partition(".")
        if token.type == "VARIABLE":
            array = dict(scope.variables).get(first)
            if array is not None:
                name = array + dot + rest
            else:
                message = f"Nothing here says what `{first}` is; only the condition of an array function has variables."
                self.findings.add(start_of(token), end_of(token), message)
        elif dot and first in self.aliases:
            name = rest
        return name[:MAX_NAME]

    def between(self, start: int, end: int) -> Sequence[Token]:
        """The tokens of a stretch of the text."""
        if not self._starts:
            self._starts = [token.start_pos or 0 for token in self.tokens]
        return self.tokens[bisect.bisect_left(self._starts, start) : bisect.bisect_left(self._starts, end)]

    def _fields(self, tokens: Sequence[Token], scope: Scope) -> tuple[str, ...]:
        found = set()
        for index, token in enumerate(tokens):
            called = index + 1 < len(tokens) and tokens[index + 1].type == "LPAR"
            if token.type == "FIELD" or (token.type == "NAME" and not called):
                found.add(self.field(token, scope))
        return tuple(sorted(found))


def clean(token: Token) -> str:
    """A field's name without the optional mark, backticks and blanks around dots."""
    text = str(token)
    if "`" in text:
        text = _TICKED.sub(lambda match: match.group(1).replace("``", "`"), text)
    elif not text.isidentifier():
        text = _DOT.sub(".", text)
    return text.removeprefix("?")


def ticked(name: str) -> str:
    """A field's name as it can be written: in backticks where it is no plain path."""
    plain = _PATH.fullmatch(name) and name not in KEYWORDS
    return name if plain else "`" + name.replace("`", "``") + "`"


def unwrapped(piece: Piece) -> Piece:
    """A value without brackets and casts around it."""
    while isinstance(piece, Tree):
        if piece.data == "group":
            piece = piece.children[1]
        elif piece.data == "call" and called(piece) in CASTS and len(piece.children) > 3:
            piece = piece.children[2]
        else:
            return piece
    return piece


def called(call: Tree[Token]) -> str:
    """The name of the function of a call, folded: EQL's function names ignore case here, and `~` asks for that."""
    return str(call.children[0]).rstrip("~").lower()


def arguments(call: Tree[Token]) -> list[Piece]:
    return call.children[2:-1:2]


def _without_casts(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens without the names and brackets of casts; a cast with a second argument stays as it is."""
    if not any(token.type == "NAME" and token in CASTS for token in tokens):
        return tokens
    dropped: set[int] = set()
    opened: list[tuple[int, bool]] = []
    for index, token in enumerate(tokens):
        if token.type == "LPAR":
            before = tokens[index - 1] if index else token
            opened.append((index, before.type == "NAME" and before.rstrip("~").lower() in CASTS))
        elif token.type == "COMMA" and opened:
            opened[-1] = (opened[-1][0], False)
        elif token.type == "RPAR" and opened:
            first, is_cast = opened.pop()
            if is_cast:
                dropped |= {first - 1, first, index}
    return [token for index, token in enumerate(tokens) if index not in dropped]


def rendered(tokens: Sequence[Token]) -> str:
    """Tokens as one line of text, spaced the usual way, whatever blanks and comments stood between them."""
    out: list[str] = []
    before, unary = "", False
    for token in tokens:
        kind = token.type
        opens = kind == "LPAR" and before == "NAME"
        if out and not (opens or unary or kind in _NO_BLANK_BEFORE or before in _NO_BLANK_AFTER):
            out.append(" ")
        out.append(ticked(clean(token)) if kind == "FIELD" else str(token))
        unary = kind == "MINUS" and before not in _OPERANDS
        before = kind
    return "".join(out)
