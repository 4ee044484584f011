"""The tables of a guide as a page shows them: some rows, and the address of the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from catalog.templatetags.wording import query_with
from detections.guide.guide import Guide, IndicatorRow, Tables
from detections.guide.indicator import equivalent_reach
from detections.models import Reader

FIRST = 25
MORE = 200


@dataclass(frozen=True, slots=True)
class Table:
    """`shown` of `total` rows stand on the page up to here; `more` leads to the next ones, "" at the end."""

    rows: tuple[Any, ...]
    shown: int
    total: int
    more: str
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class IndicatorTable:
    """Rows as in `Table`.

    `equivalent` maps a row's key to its equivalent reach where there is one; None when the column was not asked for.
    """

    rows: tuple[IndicatorRow, ...]
    equivalent: dict[str, int] | None
    shown: int
    total: int
    excluded: bool
    more: str

    @property
    def columns(self) -> int:
        return 5 if self.equivalent is None else 6


def field_table(
    attack_id: str, tables: Tables, query: str, offset: int = 0, most: int = FIRST, *, excluded: bool
) -> Table:
    """Rows of a guide's fields from `offset` on."""
    asked = query_with(query, excluded=excluded).removeprefix("?")
    return rows_table("technique-fields", attack_id, tables.fields, asked, offset, most, excluded=excluded)


def rows_table(
    page: str, attack_id: str, rows: Sequence[Any], query: str, offset: int = 0, most: int = FIRST, *,
    excluded: bool = False,
) -> Table:  # fmt: skip
    """Some of `rows`, whose further ones stand on the page of that name."""
    shown = min(offset + most, len(rows))
    more = reverse(page, args=[attack_id]) + query_with(query, offset=shown) if shown < len(rows) else ""
    return Table(tuple(rows[offset:shown]), max(shown, offset), len(rows), more, excluded)


def first_rows(
    guide: Guide, reader: Reader, query: str, most: int | None = None, *, excluded: bool, equivalent: bool
) -> IndicatorTable:
    """The first rows of a guide's table of indicators."""
    tables: Tables = guide.exclusions if excluded else guide.checks
    return indicator_table(
        guide.technique.attack_id, reader, tables.indicators[:most], 0, tables.indicators_count, query,
        excluded=excluded, equivalent=equivalent,
    )  # fmt: skip


def indicator_table(
    attack_id: str,
    reader: Reader,
    rows: tuple[IndicatorRow, ...],
    offset: int,
    total: int,
    query: str,
    *,
    excluded: bool,
    equivalent: bool,
) -> IndicatorTable:
    """`rows` of the table from `offset` on, of `total`."""
    shown = offset + len(rows)
    address = reverse("technique-indicators", args=[attack_id])
    asked = query_with(query, excluded=excluded, equivalent=equivalent, offset=shown)
    return IndicatorTable(
        rows=rows,
        equivalent=_equivalent(rows, reader) if equivalent else None,
        shown=shown,
        total=total,
        excluded=excluded,
        more=address + asked if rows and shown < total else "",
    )


def _equivalent(rows: tuple[IndicatorRow, ...], reader: Reader) -> dict[str, int]:
    return equivalent_reach([row.id for row in rows if row.role != "scope"], reader)
