"""The cells of the matrix: their shade, and what they say of each vendor."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from catalog.shades import shade_of_cell, shade_of_vendors
from detections.guide.matrix import ELSEWHERE, Cell

register = template.Library()


@register.filter
def shade(cell: Cell, marks: Mapping[str, str] | None = None) -> str:
    """The class of a cell: by its rules, or with the vendors' `marks` by how many of them have one."""
    if marks and cell.state != ELSEWHERE:
        return shade_of_vendors(len(cell.every), len(marks)).name
    return shade_of_cell(cell).name


@register.filter
def by_vendor(cell: Cell, marks: Mapping[str, str]) -> list[tuple[str, int]]:
    """(mark, rules) of each vendor that has a rule."""
    return [(mark, cell.every[slug]) for slug, mark in marks.items() if slug in cell.every]
