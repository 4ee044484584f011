"""Reads the Kibana Query Language: text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from pathlib import Path

from lark import Token

from detections.languages.kql.lowering import Lowering
from detections.languages.parsing import MAX_LENGTH, Findings, Grammar, Marks, span
from detections.languages.tree import MAX_DEPTH, Reading

_KEYWORDS = {"and": "AND", "or": "OR", "not": "NOT"}

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "LBRACE": ("RBRACE", "}")},
    separators=frozenset({"AND", "OR", "NOT"}),
    prefixes=frozenset({"NOT"}),
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
    if not text.strip():
        findings.add(0, len(text), "The query is empty.")
        return Reading(None, "none", findings.in_order())
    if len(text) > MAX_LENGTH:
        findings.add(0, 0, f"The query has {len(text)} characters; {MAX_LENGTH} are read. Split it.")
        return Reading(None, "none", findings.in_order())
    language = grammar()
    tokens = language.scan(text)
    deep = language.too_deep(tokens)
    if deep is not None:
        findings.add(*span(deep), f"The query is nested more than {MAX_DEPTH} deep here. Flatten it.")
        return Reading(None, "none", findings.in_order())
    root = language.parse(tokens, findings)
    tree = Lowering(text, findings).tree(root) if root is not None else None
    if findings.left_out():
        return Reading(tree, "partial" if tree is not None else "none", findings.in_order())
    return Reading(tree, "full", findings.in_order())
