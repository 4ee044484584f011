"""The left sides of ES|QL's tests: columns, casts that are looked through, and computed expressions."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lark import Token, Tree

from detections.languages.esql.columns import Columns
from detections.languages.esql.commands import RESERVED
from detections.languages.esql.functions import CASTS
from detections.languages.parsing import Findings, Piece, end_of, start_of

MAX_NAME = 1000
NAMES = frozenset({"NAME", "FIELD"})

_PATH = re.compile(r"(?:[^\W\d][\w@]*|@[\w@]+)(?:\.[\w@]+)*")
_DOT = re.compile(r"\s*\.\s*")
_TICKED = re.compile(r"`((?:[^`]|``)+)`")


class Subject(NamedTuple):
    """What is tested: a column, or an expression with the fields that it reads (`derived` says why, if it is)."""

    name: str
    path: str
    derived: str
    base_fields: tuple[str, ...]
    start: int
    end: int


class Expressions:
    """Names and expressions of one command."""

    def __init__(self, tokens: Sequence[Token], columns: Columns, findings: Findings) -> None:
        self.tokens = tokens
        self.columns = columns
        self.findings = findings
        self._starts: list[int] = []

    def subject(self, piece: Piece) -> Subject:
        start, end = start_of(piece), end_of(piece)
        inner = unwrapped(piece)
        if isinstance(inner, Token) and inner.type in NAMES:
            name = clean(inner)[:MAX_NAME]
            path = str(inner) if str(inner) != name else ""
            kind = self.columns.kind(name)
            return Subject(name, path, kind, self.columns.base([name]) if kind else (), start, end)
        return Subject(self.text(inner)[:MAX_NAME], "", "function", self.columns.base(self.names(inner)), start, end)

    def names(self, piece: Piece) -> list[str]:
        """The columns that a piece reads, in text order."""
        return list(dict.fromkeys(clean(token) for token in _columns(self.between(start_of(piece), end_of(piece)))))

    def text(self, piece: Piece) -> str:
        """A piece as it is written, without comments, and with one blank where blanks stand between its parts."""
        out: list[str] = []
        before: Token | None = None
        for token in self.between(start_of(piece), end_of(piece)):
            apart = before is not None and before.end_pos != token.start_pos
            if apart and before is not None and before.type != "LPAR" and token.type != "RPAR":
                out.append(" ")
            out.append(str(token))
            before = token
        return "".join(out)

    def between(self, start: int, end: int) -> Sequence[Token]:
        """The tokens of a stretch of the text."""
        if not self._starts:
            self._starts = [token.start_pos or 0 for token in self.tokens]
        return self.tokens[bisect.bisect_left(self._starts, start) : bisect.bisect_left(self._starts, end)]


def _columns(tokens: Sequence[Token]) -> Iterator[Token]:
    """The names among tokens that are columns: no functions, no types of casts."""
    before = ""
    for index, token in enumerate(tokens):
        called = index + 1 < len(tokens) and tokens[index + 1].type == "LPAR"
        if token.type == "FIELD" or (token.type == "NAME" and not called and before != "CAST"):
            yield token
        before = token.type


def clean(token: Token) -> str:
    """A column's name without backticks and blanks around dots."""
    text = str(token)
    if "`" in text:
        return _TICKED.sub(lambda match: match.group(1).replace("``", "`"), text)
    return text if text.isidentifier() else _DOT.sub(".", text)


def ticked(name: str) -> str:
    """A column's name as it can be written: in backticks where it is no plain path."""
    plain = _PATH.fullmatch(name) and name.lower() not in RESERVED
    return name if plain else "`" + name.replace("`", "``") + "`"


def unwrapped(piece: Piece) -> Piece:
    """A value without brackets and casts around it."""
    while isinstance(piece, Tree):
        if piece.data == "group":
            piece = piece.children[1]
        elif piece.data == "cast":
            piece = piece.children[0]
        elif piece.data == "call" and called(piece) in CASTS and len(piece.children) == 4:
            piece = piece.children[2]
        else:
            return piece
    return piece


def called(call: Tree[Token]) -> str:
    """The name of the function of a call; ES|QL's function names ignore case."""
    return str(call.children[0]).lower()


def arguments(call: Tree[Token]) -> list[Piece]:
    return call.children[2:-1:2]
