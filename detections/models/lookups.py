"""Lookups that Django lacks, the same on every database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Lookup


class Among(Lookup):
    """That a whole number is one of many: one parameter, however many there are."""

    lookup_name = "among"
    prepare_rhs = False

    def __init__(self, lhs: Any, numbers: Iterable[int]) -> None:
        super().__init__(lhs, tuple(numbers))

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(self.rhs)]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*params, list(self.rhs)]


class Like(Lookup):
    """That a text consists of some parts with anything between them, in upper or lower case: `("", "a", "")` is any
    text that holds an a. On PostgreSQL an index of trigrams over UPPER(text) answers it."""

    lookup_name = "like"
    prepare_rhs = False

    def __init__(self, lhs: Any, parts: Sequence[str]) -> None:
        super().__init__(lhs, tuple(parts))

    @property
    def pattern(self) -> str:
        return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in self.rhs)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s ESCAPE '\\'", [*params, self.pattern]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"UPPER({column}::text) LIKE UPPER(%s)", [*params, self.pattern]
