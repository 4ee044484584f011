"""Rows by the thousand: one prepared statement run over many tuples, three times as fast as building objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models


def insert_rows(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    using: str = "default",
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
) -> None:
    """INSERT tuples of values in the order of `fields` (names of model fields).

    With `unique`, rows that stand already are left as they are, or get the new values of the `update` fields. JSON
    columns take JSON texts.
    """
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return
    connection = connections[using]
    quote = connection.ops.quote_name

    def column(name: str) -> str:
        return quote(model._meta.get_field(name).column)

    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(column, fields))}) VALUES ({marks})"  # noqa: S608
    if unique:
        sql += f" ON CONFLICT ({', '.join(map(column, unique))}) DO "
        changes = ", ".join(f"{column(name)} = excluded.{column(name)}" for name in update)
        sql += f"UPDATE SET {changes}" if update else "NOTHING"
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
