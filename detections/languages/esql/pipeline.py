"""From tokens to commands: a query is cut at its pipes before it is parsed, so that a command that is broken, or that
nobody knows, costs nothing but itself.

Here the words that only mean something in their place become keywords: the name of a command, and what belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from detections.languages.esql.commands import COMMANDS, UNITS, Form
from detections.languages.esql.functions import TESTS
from detections.languages.esql.nodes import Command, Pipeline
from detections.languages.parsing import Findings, span

MAX_QUERIES_DEEP = 8

_BRACKETS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSERS = frozenset(_BRACKETS.values())
_SIGNS = {"LPAR": ")", "LSQB": "]", "LBRACE": "}"}
_LISTED = frozenset({"IN", "LIKE", "RLIKE"})
_ENDS = frozenset({"PIPE", "SEMICOLON"})
_KEPT = frozenset({"COMMA", "PIPE", "SEMICOLON", "SUBQUERY", "OPEN_STRING"})


@dataclass(slots=True)
class _Opened:
    """A bracket that is not closed yet: its index among the tokens, and the index where, if it never is, it ends.

    Inside a bracket no column is assigned and no keyword of its command stands; nor does one that is `listed` (a list,
    the arguments of a test) go on behind `and` and `or`.
    """

    at: int
    listed: bool
    end: int = 0

    def see(self, token: Token, tokens: list[Token], form: Form) -> None:
        """Takes notice of a token that stands in this bracket and follows `tokens`."""
        if self.end:
            return
        here = len(tokens)
        if token.type == "ASSIGN" and here > self.at + 2 and tokens[-2].type == "COMMA":
            self.end = here - 2
        elif (token.type == "NAME" and token.lower() in form.words) or (self.listed and token.type in ("AND", "OR")):
            self.end = here


class Splitter:
    """One query's tokens to commands; problems go to `findings`."""

    def __init__(self, tokens: list[Token], findings: Findings) -> None:
        self.tokens = [token for token in tokens if token.type != "OPEN_COMMENT"]
        self.findings = findings
        if len(self.tokens) < len(tokens):
            self.findings.add(*span(tokens[-1]), "This comment is never closed. Add a `*/`.")
        self.at = 0

    def pipeline(self, deep: int = 0) -> Pipeline:
        """The commands from here to the end of the text or, in a query in brackets, to its closing bracket."""
        commands: list[Command] = []
        while self.at < len(self.tokens):
            if deep and self.tokens[self.at].type == "RPAR":
                break
            command = self._command(deep)
            if command is not None:
                commands.append(command)
        return tuple(commands)

    def _command(self, deep: int) -> Command | None:
        first = self.tokens[self.at]
        word = str(first).lower()
        form = COMMANDS.get(word) if first.type == "NAME" else None
        if form is not None and form.second:
            follower = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
            if follower is None or follower.lower() != form.second:
                form = None
        self.at += 1 if form is None or not form.second else 2
        if form is None:
            self._unknown(first, deep)
            return None
        head = Token(form.terminal, str(first), start_pos=first.start_pos, end_pos=self._before().end_pos)
        tokens, searches = self._arguments(form, deep)
        return Command(form.terminal, (head, *_worded(tokens, form, self.findings)), searches)

    def _arguments(self, form: Form, deep: int) -> tuple[list[Token], tuple[Pipeline, ...]]:
        """The tokens up to the end of the command, every bracket among them closed."""
        tokens: list[Token] = []
        searches: list[Pipeline] = []
        opened: list[_Opened] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            kind = token.type
            if kind == "RPAR" and deep and not any(tokens[bracket.at].type == "LPAR" for bracket in opened):
                break
            self.at += 1
            if form.searches and kind == "LPAR" and not opened and deep < MAX_QUERIES_DEEP:
                searches.append(self.pipeline(deep + 1))
                tokens.append(self._closed(token))
                continue
            if kind in _ENDS:
                self._close(opened, tokens, token)
                tokens.append(token)
                break
            if kind in _BRACKETS:
                opened.append(_Opened(len(tokens), _is_listed(tokens[-1] if tokens else None)))
            elif kind in _BRACKETS.values():
                if not opened:
                    self.findings.add(*span(token), f"This `{token}` closes nothing. Remove it or open it before.")
                    continue
                token = self._matching(opened, tokens, token)
            elif opened:
                opened[-1].see(token, tokens, form)
            tokens.append(token)
        self._close(opened, tokens, None)
        return tokens, tuple(searches)

    def _closed(self, opener: Token) -> Token:
        """The token that stands for a query in brackets, whose closing bracket comes next or is missing."""
        if self.at < len(self.tokens):
            self.at += 1
        else:
            self.findings.add(*span(opener), "This `(` is never closed. Add a `)`.")
        return Token("SUBQUERY", "(", start_pos=opener.start_pos, end_pos=self._before().end_pos)

    def _matching(self, opened: list[_Opened], tokens: list[Token], closer: Token) -> Token:
        """The closing bracket that the text means: brackets inside that are still open are closed before it."""
        for index in range(len(opened) - 1, -1, -1):
            if _BRACKETS[tokens[opened[index].at].type] == closer.type:
                self._close(opened[index + 1 :], tokens, closer)
                del opened[index:]
                return closer
        opener = tokens[opened.pop().at]
        sign = _SIGNS[opener.type]
        self.findings.add(*span(closer), f"This `{closer}` closes a `{opener}`. Write `{sign}`.")
        return Token(_BRACKETS[opener.type], sign, start_pos=closer.start_pos, end_pos=closer.end_pos)

    def _close(self, opened: list[_Opened], tokens: list[Token], before: Token | None) -> None:
        """Brackets that are never closed are closed where what stands inside them ends, `before` at the latest."""
        end = len(tokens)
        while opened:
            bracket = opened.pop()
            opener = tokens[bracket.at]
            end = bracket.end or end
            follower = tokens[end] if end < len(tokens) else before
            place = span(follower)[0] if follower is not None else len(self.findings.text)
            sign = _SIGNS[opener.type]
            self.findings.add(*span(opener), f"This `{opener}` is never closed. Add a `{sign}`.")
            tokens.insert(end, Token(_BRACKETS[opener.type], sign, start_pos=place, end_pos=place))
            end += 1

    def _unknown(self, first: Token, deep: int) -> None:
        """A command that is not read: its place up to the next pipe is said, and nothing of it is kept."""
        if first.type in _ENDS:
            self.findings.add(*span(first), f"There is no command before this `{first}`. Remove it or write one.")
            return
        opened = 0
        while self.at < len(self.tokens) and self.tokens[self.at].type not in _ENDS:
            kind = self.tokens[self.at].type
            if kind == "RPAR" and deep and not opened:
                break
            opened += (kind == "LPAR") - (kind == "RPAR" and opened > 0)
            self.at += 1
        name = str(first) if len(first) <= 40 else f"{first[:37]}..."
        message = f"`{name}` is no command of ES|QL that is read here. The part up to the next pipe was left out."
        self.findings.add(span(first)[0], self._before().end_pos or 0, message)
        if self.at < len(self.tokens) and self.tokens[self.at].type in _ENDS:
            self.at += 1

    def _before(self) -> Token:
        return self.tokens[self.at - 1]


def _is_listed(before: Token | None) -> bool:
    """Whether a bracket behind this token holds a list or the arguments of a test."""
    return before is not None and (before.type in _LISTED or before.lower() in TESTS)


def _worded(tokens: list[Token], form: Form, findings: Findings) -> list[Token]:
    """The tokens of a command with its own keywords made such, and with loose arguments as parts."""
    loose = form.loose
    worded: list[Token] = []
    before = ""
    depth = 0
    for token in tokens:
        kind = token.type
        depth += (kind in _BRACKETS) - (kind in _CLOSERS)
        keyword = form.words.get(token.lower()) if kind == "NAME" else None
        if keyword:
            loose = loose and not form.until_word
            kind = keyword
        elif loose and kind not in _KEPT:
            kind = "PART"
        elif kind == "ASSIGN" and (depth or form.terminal == "WHERE"):
            findings.add(*span(token), "ES|QL compares with `==`. `=` was read so.")
            kind = "COMPARE"
        elif kind == "NAME" and before == "NUMBER" and token.lower() in UNITS:
            kind = "UNIT"
        before = kind
        worded.append(token if kind == token.type else token.update(kind))
    return worded
