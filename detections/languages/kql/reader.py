"""Reads the Kibana Query Language: text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from pathlib import Path

from lark import Token

from detections.languages.kql.lowering import Lowering
from detections.languages.parsing import Findings, Grammar, Marks
from detections.languages.tree import Reading

_KEYWORDS = {"and": "AND", "or": "OR", "not": "NOT"}

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "LBRACE": ("RBRACE", "}")},
    separators=frozenset({"AND", "OR", "NOT"}),
    prefixes=frozenset({"NOT"}),
    operands=frozenset({"WORD", "STRING", "LPAR"}),
    joints={"AND": "and"},
    infixes=frozenset({"COLON", "RANGE"}),
    strays={
        "OPEN_STRING": "This quote is never closed.",
        "STRAY": "This character cannot stand here; inside a value write a backslash before it, or quote the value.",
    },
    words={
        "AND": "`and`", "OR": "`or`", "COLON": "`:`", "RANGE": "a comparison", "LPAR": "`(`", "RPAR": "`)`",
        "RBRACE": "`}`", "WORD": "a word", "STRING": "a quoted text",
    },
)  # fmt: skip


def _keyword(token: Token) -> Token:
    if len(token) <= 3:
        kind = _KEYWORDS.get(token.lower())
        if kind:
            token.type = kind
    return token


@functools.cache
def grammar() -> Grammar:
    return Grammar(Path(__file__).with_name("grammar.lark"), _MARKS, {"WORD": _keyword})


def read(text: str) -> Reading:
    """What a KQL query says. Never raises: what cannot be read is a problem with its place."""
    findings = Findings(text)
    tokens = grammar().scan(text, findings)
    root = grammar().parse(tokens, findings) if tokens else None
    return findings.reading(Lowering(text, findings).tree(root) if root is not None else None)
