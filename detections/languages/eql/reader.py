"""Reads the Event Query Language: text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from pathlib import Path

from lark import Token

from detections.languages.eql.lowering import Lowering
from detections.languages.parsing import MAX_LENGTH, Findings, Grammar, Marks, span
from detections.languages.tree import MAX_DEPTH, Parse, Reading

_KEYWORDS = {
    "and": "AND", "or": "OR", "not": "NOT", "in": "IN", "in~": "IN", "like": "MATCH", "like~": "MATCH",
    "regex": "MATCH", "regex~": "MATCH", "where": "WHERE", "sequence": "SEQUENCE", "sample": "SAMPLE",
    "join": "JOIN", "by": "BY", "with": "WITH", "until": "UNTIL", "as": "AS",
    "true": "BOOLEAN", "false": "BOOLEAN", "null": "NULL",
}  # fmt: skip

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]")},
    separators=frozenset({
        "AND", "OR", "NOT", "COMMA", "WHERE", "PIPE", "SEQUENCE", "SAMPLE", "JOIN", "BY", "WITH", "UNTIL",
    }),
    prefixes=frozenset({"NOT", "MINUS"}),
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
    kind = _KEYWORDS.get(token)
    if kind:
        token.type = kind
    return token


@functools.cache
def grammar() -> Grammar:
    return Grammar(Path(__file__).with_name("grammar.lark"), _MARKS, {"NAME": _keyword})


def read(text: str) -> Reading:
    """What an EQL query says. Never raises: what cannot be read is a problem with its place."""
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
    if root is None:
        return Reading(None, "none", findings.in_order())
    lowered = Lowering(tokens, findings).lower(root)
    parse: Parse = "full"
    if findings.left_out():
        parse = "none" if lowered.tree is None else "partial"
    return Reading(lowered.tree, parse, findings.in_order(), lowered.beside, lowered.join_fields)
