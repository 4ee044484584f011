"""From tokens to commands: a query is cut at its pipes before it is parsed, so that a command that is broken, or that
nobody knows, costs nothing but itself.

Here the words that only mean something in their place become keywords: the name of a command, and what belongs to it.
"""

from __future__ import annotations

from lark import Token

from detections.languages.esql.commands import COMMANDS, UNITS, Form
from detections.languages.esql.nodes import Command, Pipeline
from detections.languages.parsing import Findings, span

MAX_QUERIES_DEEP = 8

_BRACKETS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_SIGNS = {"LPAR": ")", "LSQB": "]", "LBRACE": "}"}
_ENDS = frozenset({"PIPE", "SEMICOLON"})
_KEPT = frozenset({"COMMA", "PIPE", "SEMICOLON", "SUBQUERY", "OPEN_STRING"})


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
        opened: list[Token] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            kind = token.type
            if kind == "RPAR" and deep and not any(other.type == "LPAR" for other in opened):
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
                opened.append(token)
            elif kind in _BRACKETS.values():
                if not opened:
                    self.findings.add(*span(token), f"This `{token}` closes nothing. Remove it or open it before.")
                    continue
                token = self._matching(opened, tokens, token)
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

    def _matching(self, opened: list[Token], tokens: list[Token], closer: Token) -> Token:
        """The closing bracket that the text means: brackets inside that are still open are closed before it."""
        if any(_BRACKETS[opener.type] == closer.type for opener in opened):
            while _BRACKETS[opened[-1].type] != closer.type:
                self._close([opened.pop()], tokens, closer)
            opened.pop()
            return closer
        opener = opened.pop()
        sign = _SIGNS[opener.type]
        self.findings.add(*span(closer), f"This `{closer}` closes a `{opener}`. Write `{sign}`.")
        return Token(_BRACKETS[opener.type], sign, start_pos=closer.start_pos, end_pos=closer.end_pos)

    def _close(self, opened: list[Token], tokens: list[Token], before: Token | None) -> None:
        place = span(before)[0] if before is not None else len(self.findings.text)
        while opened:
            opener = opened.pop()
            sign = _SIGNS[opener.type]
            self.findings.add(*span(opener), f"This `{opener}` is never closed. Add a `{sign}`.")
            tokens.append(Token(_BRACKETS[opener.type], sign, start_pos=place, end_pos=place))

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


def _worded(tokens: list[Token], form: Form, findings: Findings) -> list[Token]:
    """The tokens of a command with its own keywords made such, and with loose arguments as parts."""
    loose = form.loose
    worded: list[Token] = []
    before = ""
    for token in tokens:
        kind = token.type
        keyword = form.words.get(token.lower()) if kind == "NAME" else None
        if keyword:
            loose = loose and not form.until_word
            kind = keyword
        elif loose and kind not in _KEPT:
            kind = "PART"
        elif kind == "ASSIGN" and form.terminal == "WHERE":
            findings.add(*span(token), "ES|QL compares with `==`. `=` was read so.")
            kind = "COMPARE"
        elif kind == "NAME" and before == "NUMBER" and token.lower() in UNITS:
            kind = "UNIT"
        before = kind
        worded.append(token if kind == token.type else token.update(kind))
    return worded
