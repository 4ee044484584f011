"""Reads Lucene's query language (query_string): text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from pathlib import Path

from lark import Token

from detections.languages.lucene.lowering import Default, Lowering
from detections.languages.parsing import Findings, Grammar, Marks
from detections.languages.tree import Reading

MAX_TOKENS = 50_000  # words of a letter are many more tests in a text of the same length than in other languages

_KEYWORDS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "TO": "TO"}

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "OPEN": ("CLOSE", "]")},
    separators=frozenset({"AND", "OR", "NOT"}),
    prefixes=frozenset({"NOT", "MINUS", "PLUS"}),
    operands=frozenset(),
    joints={},
    strays={
        "OPEN_STRING": "This quote is never closed.",
        "COLON": "This `:` cannot stand here; inside a value write a backslash before it, or quote the value.",
        "STRAY": "This character cannot stand here; write a backslash before it, or quote the value.",
    },
    words={
        "COLON": "`:`", "COMPARE": "a comparison", "LPAR": "`(`", "RPAR": "`)`", "TO": "`TO`", "CLOSE": "`]`",
        "TERM": "a word", "STRING": "a quoted text", "REGEX": "a regular expression",
    },
)  # fmt: skip


def _keyword(token: Token) -> Token:
    token.type = _KEYWORDS.get(token, token.type)
    return token


def _negation(token: Token) -> Token:
    token.type = "NOT"
    return token


@functools.cache
def grammar() -> Grammar:
    return Grammar(Path(__file__).with_name("grammar.lark"), _MARKS, {"TERM": _keyword, "BANG": _negation})


def read(text: str, default: Default = "OR") -> Reading:
    """What a Lucene query says. Never raises: what cannot be read is a problem with its place.

    `default` is the operator between clauses that have none between them.
    """
    findings = Findings(text)
    tokens = grammar().scan(text, findings)
    if tokens and len(tokens) > MAX_TOKENS:
        message = f"The query has {len(tokens)} words and signs; at most {MAX_TOKENS} are read. Split it."
        findings.add(0, len(text), message)
        return findings.reading(None)
    root = grammar().parse(tokens, findings) if tokens else None
    return findings.reading(Lowering(findings, default).tree(root) if root is not None else None)
