"""Reads the Event Query Language: text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from pathlib import Path

from lark import Token

from detections.languages.eql.keywords import KEYWORDS
from detections.languages.eql.lowering import Lowering
from detections.languages.parsing import Findings, Grammar, Marks, span
from detections.languages.tree import Reading

_KINDS = frozenset(KEYWORDS.values())

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]")},
    separators=frozenset({
        "AND", "OR", "NOT", "COMMA", "WHERE", "PIPE", "SEQUENCE", "SAMPLE", "JOIN", "BY", "WITH", "UNTIL",
    }),
    prefixes=frozenset({"NOT", "MINUS"}),
    operands=frozenset({"FIELD", "NAME", "STRING", "RAW_STRING", "NUMBER", "NOT", "LPAR"}),
    joints={"AND": "and", "COMMA": ","},
    walls=frozenset({"LSQB", "RSQB"}),
    strays={
        "OPEN_STRING": "This quote is never closed.",
        "OPEN_COMMENT": "This comment is never closed.",
        "STRAY": "This character means nothing in EQL.",
    },
    words={
        "AND": "`and`", "OR": "`or`", "COMPARE": "a comparison", "IN": "`in`", "WHERE": "`where`", "LPAR": "`(`",
        "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`", "COMMA": "`,`", "FIELD": "a field", "STRING": "a quoted text",
        "NUMBER": "a number", "PIPE": "`|`",
    },
)  # fmt: skip


def _keyword(token: Token) -> Token:
    kind = KEYWORDS.get(token) or (KEYWORDS.get(token.lower()) if token.isupper() else None)
    if kind:
        token.type = kind
    return token


@functools.cache
def grammar() -> Grammar:
    return Grammar(Path(__file__).with_name("grammar.lark"), _MARKS, {"NAME": _keyword})


def read(text: str) -> Reading:
    """What an EQL query says. Never raises: what cannot be read is a problem with its place."""
    findings = Findings(text)
    tokens = grammar().scan(text, findings)
    root = grammar().parse(tokens, findings) if tokens else None
    if not tokens or root is None:
        return findings.reading(None)
    for token in tokens:
        if token.type in _KINDS and token.isupper():
            findings.add(*span(token), f"EQL's keywords are written small: `{token.lower()}`.")
    lowered = Lowering(tokens, findings).lower(root)
    return findings.reading(lowered.tree, lowered.beside, lowered.join_fields)
