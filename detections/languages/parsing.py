"""What the languages with a lark grammar share: scanning, bounds, parsing with repair, and folding without recursion.

A text is scanned to a list of tokens first, so that size and depth are bounded before anything is built, and so that
a part which the grammar refuses can be cut out of the list (one BROKEN token stands for it) and the rest still read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from lark import Lark, Token, Tree, UnexpectedToken
from lark.lexer import Lexer

from detections.documents.problem import Problem, Severity, problem_at
from detections.languages.tree import MAX_DEPTH, Beside, Branch, Condition, Node, Reading, walk

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
    """The problems of one reading, at most `MAX_PROBLEMS`; `incomplete` says that something was left out."""

    text: str
    problems: list[Problem] = field(default_factory=list)
    incomplete: bool = False

    def add(self, start: int, end: int, message: str, severity: Severity = "error") -> None:
        self.incomplete = self.incomplete or severity == "error"
        if len(self.problems) == MAX_PROBLEMS - 1:
            message = "There are more findings in this query than are listed here."
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem_at(self.text, start, message, end=end, severity=severity))

    def refuse(self, token: Token, message: str, part: Token | None) -> None:
        """An error whose line and column are the token's and whose offsets are those of the part left out."""
        ended = token.type == "$END"
        place = len(self.text) if ended else span(token)[0]
        start, end = span(part) if part is not None else (place, place) if ended else span(token)
        count = len(self.problems)
        self.add(place, place, message)
        if len(self.problems) > count:
            self.problems[-1] = replace(self.problems[-1], start=start, end=end)

    def reading(self, tree: Node | None, beside: tuple[Beside, ...] = (), joins: tuple[str, ...] = ()) -> Reading:
        """The reading of a query that gave `tree`: full without errors, none when there is nothing beside them."""
        problems = tuple(sorted(self.problems, key=lambda problem: problem.start or 0))
        if not self.incomplete:
            return Reading(tree, "full", problems, beside, joins)
        if next(walk(tree), None) is None:
            return Reading(None, "none", problems, beside, joins)
        return Reading(tree, "partial", problems, beside, joins)


@dataclass(frozen=True, slots=True)
class Marks:
    """Which terminals of a grammar mean what, for bounds and repair.

    `brackets` maps an opening terminal to its closing one and the text of the latter; `walls` are those of either
    kind that no clause reaches across; `separators` stand between the clauses of which one can be cut out; `joints`
    are separators that people forget, with their text; `infixes` stand behind the first word of a clause and
    `operands` can be that word; `prefixes` nest what follows them; `strays` are terminals that no rule uses, with
    what to say about them; `words` names terminals for people.
    """

    brackets: Mapping[str, tuple[str, str]]
    separators: frozenset[str]
    prefixes: frozenset[str]
    operands: frozenset[str]
    joints: Mapping[str, str]
    strays: Mapping[str, str]
    words: Mapping[str, str]
    infixes: frozenset[str] = frozenset()
    walls: frozenset[str] = frozenset()


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

    def scan(self, text: str, findings: Findings) -> list[Token] | None:
        """The tokens of a text within bounds, or None with a problem that says which bound it breaks."""
        if not text.strip():
            findings.add(0, len(text), "The query is empty.")
            return None
        if len(text) > MAX_LENGTH:
            findings.add(0, 0, f"The query has {len(text)} characters; at most {MAX_LENGTH} are read. Split it.")
            return None
        tokens = list(self._scanner.lex(text))
        deep = self._too_deep(tokens)
        if deep is not None:
            findings.add(*span(deep), f"The query is nested more than {MAX_DEPTH} deep here. Flatten it.")
            return None
        return tokens

    def _too_deep(self, tokens: list[Token]) -> Token | None:
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
        """The tree of the tokens; parts that the grammar refuses are mended or cut out, each with a problem."""
        balanced = False
        for _ in range(MAX_REPAIRS):
            try:
                return self._parser.parse(tokens)
            except UnexpectedToken as error:
                if len(tokens) > MAX_REPAIRED_TOKENS:
                    findings.refuse(error.token, self._said(error, len(findings.text)), None)
                    return None
                if not balanced:
                    balanced, before = True, tokens
                    tokens = self._balance(tokens, findings)
                    if tokens != before:
                        continue
                tokens = self._mended(tokens, error, findings)
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

    def _mended(self, tokens: list[Token], error: UnexpectedToken, findings: Findings) -> list[Token]:
        """The tokens with a forgotten joint put in, the clause around the error cut out, or one token dropped."""
        at = _index(tokens, error.token)
        said = self._said(error, len(findings.text))
        first, last = self._clause(tokens, at)
        joint = self._forgotten(tokens, first, at, error)
        if joint:
            kind, place = joint
            sign = self.marks.joints[kind]
            findings.refuse(error.token, f"{said} Is `{sign}` missing before `{_short(tokens[place])}`?", None)
            return [*tokens[:place], _made(kind, sign, span(tokens[place])[0]), *tokens[place:]]
        clause = tokens[first:last]
        if all(token.type == BROKEN for token in clause) and (clause or _made_already(tokens, first)):
            # what was cut out before is not the reason: what stands beside it is
            drop = min(at, len(tokens) - 1)
            findings.refuse(error.token, f"{said} It was left out.", tokens[drop])
            return tokens[:drop] + tokens[drop + 1 :]
        begin = span(clause[0])[0] if clause else span(error.token)[0]
        broken = _made(BROKEN, findings.text[begin : span(clause[-1])[1]] if clause else "", begin)
        findings.refuse(error.token, f"{said} The part was left out.", broken)
        return [*tokens[:first], broken, *tokens[last:]]

    def _forgotten(self, tokens: list[Token], first: int, at: int, error: UnexpectedToken) -> tuple[str, int] | None:
        """The joint that is missing and where, when a clause ended before the error and another begins there."""
        place = at - 1 if error.token.type in self.marks.infixes else at
        if place <= first or place >= len(tokens) or tokens[place].type not in self.marks.operands:
            return None
        if place < at and tokens[place - 1].type not in self.marks.operands:
            return None
        for kind in self.marks.joints:
            if kind in error.accepts and (kind not in ("AND",) or place - first >= 3):
                return kind, place
        return None

    def _clause(self, tokens: list[Token], at: int) -> tuple[int, int]:
        """First and last index of the clause that holds, or ends before, token `at`, brackets inside it included."""
        opening, closing = self.marks.brackets.keys(), self._closers.keys()
        first = at - self._reach(reversed(tokens[:at]), closing, opening)
        last = at + self._reach(iter(tokens[at:]), opening, closing)
        return first, last

    def _reach(self, tokens: Iterator[Token], deeper: Collection[str], outwards: Collection[str]) -> int:
        """How many tokens it is to the end of the clause in one direction."""
        depth = count = 0
        for token in tokens:
            kind = token.type
            if depth == 0 and (kind in self.marks.separators or kind in self.marks.walls or kind in outwards):
                break
            depth += (kind in deeper) - (kind in outwards)
            count += 1
        return count

    def _said(self, error: UnexpectedToken, length: int) -> str:
        token = error.token
        if token.type in self.marks.strays:
            return self.marks.strays[token.type]
        names = sorted({self.marks.words[name] for name in error.accepts if name in self.marks.words})
        awaited = f" Expected here: {', '.join(names)}." if names else ""
        ended = token.type == "$END" or span(token)[0] >= length
        what = "The query ends too early." if ended else f"`{_short(token)}` cannot stand here."
        return f"{what}{awaited}"


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


def _index(tokens: list[Token], wanted: Token) -> int:
    if wanted.type == "$END":
        return len(tokens)
    return next(index for index, token in enumerate(tokens) if token is wanted)


def _made_already(tokens: list[Token], at: int) -> bool:
    return at > 0 and tokens[at - 1].type == BROKEN


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
