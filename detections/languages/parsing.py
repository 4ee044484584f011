"""What the languages with a lark grammar share: scanning, bounds, parsing with repair, and folding without recursion.

A text is scanned to a list of tokens first, so that size and depth are bounded before anything is built, and so that
a part which the grammar refuses can be cut out of the list (one BROKEN token stands for it) and the rest still read.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from lark import Lark, Token, Tree, UnexpectedToken
from lark.lexer import Lexer

from detections.documents.problem import Problem, Severity, problem_at
from detections.languages.tree import MAX_DEPTH, Branch, Condition, Node

MAX_LENGTH = 256 * 1024
MAX_REPAIRS = 20
MAX_REPAIRED_TOKENS = 20_000
MAX_PROBLEMS = 100
BROKEN = "BROKEN"

Piece: TypeAlias = "Tree[Token] | Token"


class GivenTokens(Lexer):
    """The parser's lexer: hands on tokens that were scanned, and perhaps mended, before."""

    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, tokens: list[Token]) -> Iterator[Token]:  # type: ignore[override]
        return iter(tokens)


@dataclass(slots=True)
class Findings:
    """The problems of one reading, in the order they were found, at most `MAX_PROBLEMS`."""

    text: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, start: int, end: int, message: str, severity: Severity = "error") -> None:
        if len(self.problems) < MAX_PROBLEMS - 1:
            self.problems.append(problem_at(self.text, start, message, end=end, severity=severity))
        elif len(self.problems) < MAX_PROBLEMS:
            more = "There are more problems in this query than are listed here."
            self.problems.append(problem_at(self.text, start, more, end=end))

    def in_order(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.problems, key=lambda problem: problem.start or 0))

    def left_out(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Marks:
    """Which terminals of a grammar mean what, for bounds and repair.

    `brackets` maps an opening terminal to its closing one and the text of the latter; `separators` stand between the
    clauses of which one can be cut out; `prefixes` nest what follows them; `strays` are terminals that no rule uses,
    with what to say about them; `words` names terminals for people.
    """

    brackets: Mapping[str, tuple[str, str]]
    separators: frozenset[str]
    prefixes: frozenset[str]
    strays: Mapping[str, str]
    words: Mapping[str, str]


class Grammar:
    """A grammar file made into a scanner and a parser. Both are stateless after construction."""

    def __init__(
        self, file: Path, marks: Marks, callbacks: Mapping[str, Callable[[Token], Token]] | None = None
    ) -> None:
        source = file.read_text(encoding="utf-8")
        self.marks = marks
        self._scanner = Lark(source, parser=None, lexer="basic", lexer_callbacks=dict(callbacks or {}))
        self._parser = Lark(
            source, parser="lalr", lexer=GivenTokens, propagate_positions=False, maybe_placeholders=False
        )
        self._closers = {closer: opener for opener, (closer, _) in marks.brackets.items()}

    def scan(self, text: str) -> list[Token]:
        return list(self._scanner.lex(text))

    def too_deep(self, tokens: list[Token]) -> Token | None:
        """The first token that is nested deeper than `MAX_DEPTH` brackets and prefixes."""
        opening, closing, prefixes = self.marks.brackets, self._closers, self.marks.prefixes
        depth = run = 0
        for token in tokens:
            kind = token.type
            if kind in opening:
                depth += 1
            elif kind in closing:
                depth -= 1
            run = run + 1 if kind in prefixes else 0
            if depth + run > MAX_DEPTH:
                return token
        return None

    def parse(self, tokens: list[Token], findings: Findings) -> Tree[Token] | None:
        """The tree of the tokens; parts that the grammar refuses are cut out, each with a problem."""
        for attempt in range(MAX_REPAIRS):
            try:
                return self._parser.parse(tokens)
            except UnexpectedToken as error:
                if attempt == 0:
                    mended = self._balance(tokens, findings)
                    if len(mended) != len(tokens):
                        tokens = mended
                        continue
                tokens = self._cut(tokens, error, findings)
                if len(tokens) > MAX_REPAIRED_TOKENS:
                    return None
        return None

    def _balance(self, tokens: list[Token], findings: Findings) -> list[Token]:
        """Every bracket closed, and none closed that was not opened."""
        brackets, closers = self.marks.brackets, self._closers
        kept: list[Token] = []
        stack: list[Token] = []

        def close(at: int) -> None:
            opener = stack.pop()
            kind, sign = brackets[opener.type]
            begin, end = span(opener)
            findings.add(begin, end, f"This `{opener}` is never closed. Add a `{sign}`.")
            kept.append(_made(kind, sign, at))

        for token in tokens:
            if token.type in brackets:
                stack.append(token)
            elif token.type in closers:
                opener = closers[token.type]
                if not any(open_.type == opener for open_ in stack):
                    findings.add(*span(token), f"This `{token}` closes nothing. Remove it or open it before.")
                    continue
                while stack[-1].type != opener:
                    close(span(token)[0])
                stack.pop()
            kept.append(token)
        while stack:
            close(len(findings.text))
        return kept

    def _cut(self, tokens: list[Token], error: UnexpectedToken, findings: Findings) -> list[Token]:
        """The tokens with the clause around the error replaced by BROKEN, or the offending token dropped."""
        starts = [token.start_pos or 0 for token in tokens]
        ended = error.token.type == "$END"
        at = len(tokens) if ended else _index(tokens, starts, error.token)
        first, last = self._clause(tokens, at)
        clause = tokens[first:last]
        begin = span(clause[0])[0] if clause else (span(tokens[at])[0] if at < len(tokens) else len(findings.text))
        finish = span(clause[-1])[1] if clause else begin
        if (clause and all(token.type == BROKEN for token in clause)) or (not clause and at and _is_gap(tokens, at)):
            # a gap that is mended already: what stands beside it is what the grammar refuses
            drop = min(at, len(tokens) - 1)
            findings.add(*span(tokens[drop]), self._said(error, ended))
            return tokens[:drop] + tokens[drop + 1 :]
        place = span(error.token) if not ended else (len(findings.text), len(findings.text))
        where = (begin, finish) if clause else place
        findings.add(*where, self._said(error, ended))
        return [*tokens[:first], _made(BROKEN, findings.text[begin:finish], begin), *tokens[last:]]

    def _clause(self, tokens: list[Token], at: int) -> tuple[int, int]:
        """First and last index of the clause that holds, or ends before, token `at`, brackets inside it included."""
        brackets, closers, separators = self.marks.brackets, self._closers, self.marks.separators
        first, depth = at, 0
        while first:
            kind = tokens[first - 1].type
            if kind in closers:
                depth += 1
            elif kind in brackets:
                if not depth:
                    break
                depth -= 1
            elif kind in separators and not depth:
                break
            first -= 1
        last, depth = at, 0
        while last < len(tokens):
            kind = tokens[last].type
            if kind in brackets:
                depth += 1
            elif kind in closers:
                if not depth:
                    break
                depth -= 1
            elif kind in separators and not depth:
                break
            last += 1
        return first, last

    def _said(self, error: UnexpectedToken, ended: bool) -> str:
        token = error.token
        if token.type in self.marks.strays:
            return f"{self.marks.strays[token.type]} The part was left out."
        names = sorted({self.marks.words[name] for name in error.expected if name in self.marks.words})
        awaited = f" Expected here: {', '.join(names)}." if names else ""
        what = "The query ends too early." if ended else f"`{_short(token)}` cannot stand here."
        return f"{what}{awaited} The part was left out."


def span(token: Token) -> tuple[int, int]:
    """First and last offset of a token."""
    return token.start_pos or 0, token.end_pos or 0


def start_of(piece: Piece) -> int:
    while not isinstance(piece, Token):
        piece = piece.children[0]
    return piece.start_pos or 0


def end_of(piece: Piece) -> int:
    while not isinstance(piece, Token):
        piece = piece.children[-1]
    return piece.end_pos or 0


def _made(kind: str, value: str, at: int) -> Token:
    return Token(kind, value, start_pos=at, end_pos=at + (len(value) if kind == BROKEN else 0))


def _index(tokens: list[Token], starts: list[int], wanted: Token) -> int:
    index = bisect.bisect_left(starts, wanted.start_pos or 0)
    while tokens[index] is not wanted:
        index += 1
    return index


def _is_gap(tokens: list[Token], at: int) -> bool:
    return tokens[at - 1].type == BROKEN


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


Scope = TypeVar("Scope")


class Plan(NamedTuple, Generic[Scope]):
    """How a piece is lowered: first these parts (each in its scope, or lowered already), then `build` over them."""

    parts: Sequence[tuple[Piece, Scope] | Node | None]
    build: Callable[[list[Node]], Node | None]


def fold(root: Piece, scope: Scope, visit: Callable[[Piece, Scope], Node | Plan[Scope] | None]) -> Node | None:
    """`root` lowered by `visit`, parts before wholes, on a stack of its own: depth is bounded by the tokens only."""
    work: list[Any] = [(root, scope)]
    done: list[Node | None] = []
    while work:
        item = work.pop()
        if item is None or isinstance(item, Condition | Branch):
            done.append(item)
        elif callable(item[0]):
            build, count = item
            parts = [node for node in done[len(done) - count :] if node is not None]
            del done[len(done) - count :]
            done.append(build(parts))
        else:
            result = visit(*item)
            if isinstance(result, Plan):
                work.append((result.build, len(result.parts)))
                work.extend(reversed(result.parts))
            else:
                done.append(result)
    return done[0]
