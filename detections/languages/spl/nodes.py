"""The shape of an SPL search: commands between pipes, with the searches in brackets that they hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `name` is lower case, "" for an implicit search, "`" for a macro that is not defined; its arguments
    stand from `begin` to `end` of the expanded text; `searches` are the bracketed searches among them."""

    name: str
    start: int
    begin: int
    end: int
    searches: tuple[Search, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Commands from `start` to `end` of the expanded text (inside the brackets, when it has any)."""

    start: int
    end: int
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """What a name stands for at some place of the pipeline.

    `field` and `path` are the raw field behind it, the latter as it was written (with a data model's prefix) where
    that differs. `kind` says why it is computed, "" when it is not; `lookup` names the lookup that it comes from.
    `base` are the fields that it is computed from. `gathered` marks the parts of a real field on the way to being put
    together again (`rebuilt` then): the words of an audit record before they are joined to its command line.
    """

    field: str
    path: str = ""
    kind: str = ""
    lookup: str = ""
    base: tuple[str, ...] = ()
    gathered: bool = False
    rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One argument of a command, brackets and quotes kept together, at its place in the expanded text."""

    text: str
    start: int
    end: int
