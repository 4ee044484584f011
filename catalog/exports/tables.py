"""Whole tables as CSV and NDJSON, made and sent piece by piece: memory does not grow with the rows.

CSV has a column for each key. A list is joined by `"; "`, an object has a column for each of its keys
(`parent.name`), a list of objects one for each key of them (`tactics.name`), and a mapping of words to numbers is
written `"eq 3; contains 1"`. What is null is empty. NDJSON keeps the shapes: each line is a row as the list shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.utils import encoders

from catalog.exports.csv import Value, csv_lines

CHUNK = 500  # rows that are read, shown and sent together
JOINED = "; "

Row = Mapping[str, Any]
Write = Callable[[Sequence[Row]], str]


def in_chunks(rows: QuerySet[Any] | Iterable[Any]) -> Iterator[list[Any]]:
    """`rows` some at a time; of a queryset the database keeps those that are not read yet."""
    source = rows.iterator(chunk_size=CHUNK) if isinstance(rows, QuerySet) else iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def csv_table(chunks: Iterable[Sequence[Row]], serializer: serializers.Serializer) -> Iterator[str]:
    """The lines of a table whose rows `serializer` has made, its header first."""
    columns = dict(_columns(serializer))
    yield csv_lines([list(columns)])
    for rows in chunks:
        yield csv_lines([[value_of(row) for value_of in columns.values()] for row in rows])


def ndjson_table(chunks: Iterable[Sequence[Row]]) -> Iterator[str]:
    encode = partial(json.dumps, cls=encoders.JSONEncoder, ensure_ascii=False, separators=(",", ":"))
    for rows in chunks:
        yield "".join(f"{encode(row)}\n" for row in rows)


def _columns(serializer: serializers.Serializer, *path: str) -> Iterator[tuple[str, Callable[[Row], Value]]]:
    """(name, what finds its value in a row) of each column."""
    for name, field in serializer.fields.items():
        below = getattr(field, "child", field)
        if isinstance(below, serializers.Serializer):
            yield from _columns(below, *path, name)
        else:
            yield ".".join((*path, name)), partial(_value_at, (*path, name))


def _value_at(path: Sequence[str], row: Row) -> Value:
    found: Any = row
    for place, name in enumerate(path):
        if isinstance(found, list):
            return JOINED.join(_text(_value_at(path[place:], one)) for one in found)
        found = found.get(name) if found is not None else None
    return _value(found)


def _value(found: Any) -> Value:
    if isinstance(found, Mapping):
        return JOINED.join(f"{key} {_text(_value(value))}" for key, value in found.items())
    if isinstance(found, list | tuple):
        return JOINED.join(_text(_value(one)) for one in found)
    return found


def _text(value: Value) -> str:
    return "" if value is None else str(value)
