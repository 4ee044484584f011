"""The shape of an ES|QL query: commands between pipes, with the queries in brackets that some of them hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lark import Token

Pipeline: TypeAlias = "tuple[Command, ...]"


@dataclass(frozen=True, slots=True)
class Command:
    """One command with its tokens, the pipe behind it included; `searches` are the queries that it holds in brackets.

    Each of those is one SUBQUERY token among `tokens`.
    """

    terminal: str
    tokens: tuple[Token, ...]
    searches: tuple[Pipeline, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """Why a column is computed (a word of `Condition.derived`), and the fields of the index that it is made of."""

    kind: str
    base: tuple[str, ...] = ()
