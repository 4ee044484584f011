"""The indicator tables of a guide as a page shows them: some rows, and the address of the next ones."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from catalog.templatetags.wording import query_with
from detections.guide.guide import Guide, IndicatorRow, Tables
from detections.guide.indicator import reach_of
from detections.models import Reader

MORE = 200


@dataclass(frozen=True, slots=True)
class IndicatorTable:
    """`shown` of `total` rows stand on the page up to here; `more` leads to the next ones, "" at the end.

    `equivalent` maps a row's key to its equivalent reach where there is one; None when the column was not asked for.
    """

    rows: tuple[IndicatorRow, ...]
    equivalent: dict[str, int] | None
    shown: int
    total: int
    excluded: bool
    more: str

    @property
    def prefix(self) -> str:
        return "x" if self.excluded else "i"

    @property
    def columns(self) -> int:
        return 5 if self.equivalent is None else 6


def first_rows(guide: Guide, reader: Reader, query: str, *, excluded: bool, equivalent: bool) -> IndicatorTable:
    """The first rows of a guide's table."""
    tables: Tables = guide.exclusions if excluded else guide.checks
    return indicator_table(
        guide.technique.attack_id,
        reader,
        tables.indicators,
        0,
        tables.indicators_count,
        query,
        excluded=excluded,
        equivalent=equivalent,
    )


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
    asked = query_with(query, excluded=int(excluded), equivalent=int(equivalent), offset=shown)
    return IndicatorTable(
        rows=rows,
        equivalent=_equivalent(rows, reader) if equivalent else None,
        shown=shown,
        total=total,
        excluded=excluded,
        more=address + asked if rows and shown < total else "",
    )


def _equivalent(rows: tuple[IndicatorRow, ...], reader: Reader) -> dict[str, int]:
    keys = [row.id for row in rows if row.role != "scope"]
    return {key: found.equivalent for key, found in reach_of(keys, reader).items() if found.equivalent}
