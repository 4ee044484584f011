"""The two grammars of SPL, with a scanner that reads a part of a text and leaves bracketed searches whole."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from lark import Lark, Token, Tree

from detections.languages.parsing import Findings, Grammar, Marks, span
from detections.languages.spl.nodes import Search
from detections.languages.tree import MAX_DEPTH

_SEARCH_KEYWORDS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "IN": "IN"}
_EVAL_KEYWORDS = {"and": "AND", "or": "OR", "xor": "XOR", "not": "NOT", "in": "IN", "like": "LIKE"}
_STRAYS = {
    "OPEN_STRING": "This quote is never closed.",
    "STRAY": "This character cannot stand here; quote the value.",
}

_SEARCH_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")")},
    separators=frozenset({"AND", "OR", "NOT"}),
    prefixes=frozenset({"NOT"}),
    operands=frozenset({"WORD", "STRING"}),
    joints={},
    strays=_STRAYS,
    words={
        "AND": "`AND`", "OR": "`OR`", "LPAR": "`(`", "RPAR": "`)`", "OPERATOR": "a comparison", "WORD": "a word",
        "STRING": "a quoted text",
    },
)  # fmt: skip

_EVAL_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")")},
    separators=frozenset({"AND", "OR", "XOR", "NOT", "COMMA", "WHERE", "EVAL"}),
    prefixes=frozenset({"NOT", "MINUS", "PLUS"}),
    operands=frozenset({"NAME", "FIELD", "LPAR"}),
    joints={"AND": "AND"},
    infixes=frozenset({"COMPARE", "EQUALS", "LIKE", "IN"}),
    strays=_STRAYS,
    words={
        "AND": "`AND`", "OR": "`OR`", "LPAR": "`(`", "RPAR": "`)`", "COMMA": "`,`", "COMPARE": "a comparison",
        "NAME": "a name", "STRING": "a quoted text", "NUMBER": "a number", "EQUALS": "`=`",
    },
)  # fmt: skip


class PartGrammar(Grammar):
    """A grammar for parts of a text. The terminals of the grammar's file become one expression, which finds them an
    order of magnitude faster than a scanner that counts lines; `keywords` maps words to the terminals they are."""

    def __init__(self, name: str, marks: Marks, word: str, keywords: Mapping[str, str], *, fold: bool) -> None:
        file = Path(__file__).with_name(name)
        super().__init__(file, marks)
        source = Lark(file.read_text(encoding="utf-8"), parser=None, lexer="basic")
        used = [terminal for terminal in source.terminals if terminal.pattern is not None]
        used.sort(key=lambda terminal: (-terminal.priority, -terminal.pattern.max_width, terminal.name))
        ignored = set(source.ignore_tokens)
        self._pattern = re.compile(
            "|".join(
                f"(?:{terminal.pattern.to_regexp()})"
                if terminal.name in ignored
                else f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})"
                for terminal in used
            )
        )
        self._word = word
        self._keywords = keywords
        self._fold = fold

    def tokens(self, text: str, start: int, end: int, holes: tuple[Search, ...] = ()) -> list[Token]:
        """The tokens from `start` to `end`; a bracketed search among them is one SEARCH token."""
        found: list[Token] = []
        for hole in holes:
            if not start < hole.start <= hole.end < end:
                continue
            self._add(found, text, start, hole.start - 1)
            begin, start = hole.start - 1, hole.end + 1
            found.append(Token("SEARCH", text[begin:start], start_pos=begin, end_pos=start))
        self._add(found, text, start, end)
        return found

    def _add(self, found: list[Token], text: str, start: int, end: int) -> None:
        keywords, longest = self._keywords, 4
        for match in self._pattern.finditer(text, start, end):
            kind = match.lastgroup
            if kind is None:
                continue
            value = match.group()
            if kind == self._word and len(value) <= longest:
                kind = keywords.get(value.lower() if self._fold else value, kind)
            found.append(Token(kind, value, start_pos=match.start(), end_pos=match.end()))

    def tree(self, tokens: list[Token], findings: Findings) -> Tree[Token] | None:
        """The tree of the tokens within bounds."""
        deep = self._too_deep(tokens)
        if deep is not None:
            findings.add(*span(deep), f"The query is nested more than {MAX_DEPTH} deep here. Flatten it.")
            return None
        return self.parse(tokens, findings)


def with_targets(tokens: list[Token]) -> list[Token]:
    """The tokens of eval's assignments, where a name before the equals sign may hold signs: `cpu:mem = a/b`."""
    kept: list[Token] = []
    first = True
    depth = at = 0
    while at < len(tokens):
        token = tokens[at]
        if first:
            last = at
            while last + 1 < len(tokens) and tokens[last + 1].start_pos == tokens[last].end_pos:
                if tokens[last + 1].type == "EQUALS":
                    break
                last += 1
            if last > at and last + 1 < len(tokens) and tokens[last + 1].type == "EQUALS":
                text = "".join(tokens[at : last + 1])
                token = Token("NAME", text, start_pos=token.start_pos, end_pos=tokens[last].end_pos)
                at = last
        depth += (token.type == "LPAR") - (token.type == "RPAR")
        first = token.type == "COMMA" and depth == 0
        kept.append(token)
        at += 1
    return kept


@functools.cache
def search_grammar() -> PartGrammar:
    return PartGrammar("search.lark", _SEARCH_MARKS, "WORD", _SEARCH_KEYWORDS, fold=False)


@functools.cache
def eval_grammar() -> PartGrammar:
    return PartGrammar("eval.lark", _EVAL_MARKS, "NAME", _EVAL_KEYWORDS, fold=True)
