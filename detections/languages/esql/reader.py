"""Reads the Elasticsearch Query Language (ES|QL): text -> tree of conditions. The one door of this folder."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from lark import Token

from detections.languages.esql.commands import COMMANDS, RESERVED
from detections.languages.esql.lowering import Lowering
from detections.languages.esql.pipeline import Splitter
from detections.languages.parsing import Findings, Grammar, Marks
from detections.languages.tree import Reading

_MARKS = Marks(
    brackets={"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]"), "LBRACE": ("RBRACE", "}")},
    separators=frozenset({
        "AND", "OR", "NOT", "COMMA", "PIPE", "SEMICOLON", "BY", "ASSIGN",
        *(form.terminal for form in COMMANDS.values()),
    }),
    prefixes=frozenset({"NOT", "MINUS", "PLUS"}),
    operands=frozenset({"FIELD", "NAME", "STRING", "RAW_STRING", "NUMBER", "NOT", "LPAR"}),
    joints={"AND": "and", "COMMA": ","},
    strays={
        "OPEN_STRING": "This quote is never closed.",
        "STRAY": "This character means nothing in ES|QL; texts stand in double quotes.",
    },
    words={
        "AND": "`and`", "OR": "`or`", "COMPARE": "a comparison", "IN": "`in`", "LPAR": "`(`", "RPAR": "`)`",
        "RSQB": "`]`", "RBRACE": "`}`", "COMMA": "`,`", "FIELD": "a column", "STRING": "a quoted text",
        "NUMBER": "a number", "PIPE": "`|`", "ASSIGN": "`=`", "AS": "`as`", "ON": "`on`",
        "SUBQUERY": "a query in brackets",
    },
)  # fmt: skip


def _keyword(token: Token) -> Token:
    kind = RESERVED.get(token.lower()) if len(token) <= 5 else None
    if kind:
        token.type = kind
    return token


@functools.cache
def grammar() -> Grammar:
    return Grammar(Path(__file__).with_name("grammar.lark"), _MARKS, {"NAME": _keyword})


def read(text: str, embedded: Mapping[str, Callable[[str], Reading]] | None = None) -> Reading:
    """What an ES|QL query says. Never raises: what cannot be read is a problem with its place.

    `embedded` maps the names of the languages that ES|QL embeds ("kql", "lucene") to their readers.
    """
    findings = Findings(text)
    tokens = grammar().scan(text, findings)
    if not tokens:
        if tokens is not None:
            findings.add(0, len(text), "The query holds nothing but comments.")
        return findings.reading(None)
    pipeline = Splitter(tokens, findings).pipeline()
    lowering = Lowering(lambda part: grammar().parse(part, findings), embedded or {}, findings)
    tree = lowering.lower(pipeline)
    return findings.reading(tree, tuple(lowering.beside))
