"""The matrix as a picture: SVG that needs nothing else, with a title and every cell in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten, wrap

from django.utils.html import escape

from catalog.shades import cell_words, legend, shade_of_cell
from detections.guide.matrix import ELSEWHERE, MISSING, Cell, Column, Matrix

CONTENT_TYPE = "image/svg+xml"
# Pixels. A letter of the cells' type is about 5.3 wide, so that this many stand in a line.
MARGIN, WIDTH, HEIGHT, GAP, INDENT = 24, 148, 42, 4, 12
HEAD, TOP = 40, 92
LETTERS = 25
STYLE = (
    "text{font-family:system-ui,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',Arial,sans-serif;font-size:10px}"
    ".h{font-size:18px;font-weight:700}.p{font-size:12px}.t{font-size:11px;font-weight:700}.b{font-weight:700}"
)
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def matrix_svg(matrix: Matrix, *, said: str, attack_version: str, subtechniques: bool = False) -> str:
    """The picture. `said` are the filters in words; `subtechniques` draws them below their parents."""
    columns = [(column, [*_drawn(column, subtechniques)]) for column in matrix.columns]
    longest = max((len(cells) for _, cells in columns), default=0)
    width = max(2 * MARGIN + len(columns) * (WIDTH + GAP), 620)
    height = TOP + HEAD + longest * (HEIGHT + GAP) + MARGIN + 20
    title = f"ATT&CK{f' v{attack_version}' if attack_version else ''}: rules for each technique"
    told = f"{f'{said}. ' if said else ''}{matrix.covered} of {matrix.techniques} techniques covered."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{_text(title)}</title><desc id="desc">{_text(_described(matrix, told))}</desc>',
        f'<style>{STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="h" x="{MARGIN}" y="34">{_text(title)}</text>',
        f'<text class="p" x="{MARGIN}" y="54">{_text(told)}</text>',
        *_legend(),
        *(
            part
            for number, (column, cells) in enumerate(columns)
            for part in _column(column, cells, MARGIN + number * (WIDTH + GAP))
        ),
        f'<text x="{MARGIN}" y="{height - 14}" fill="#56635c">MITRE ATT&amp;CK: © The MITRE Corporation. Reproduced '
        "and distributed with the permission of The MITRE Corporation.</text></svg>",
    ]
    return "\n".join(parts) + "\n"


def _drawn(column: Column, subtechniques: bool) -> Iterator[tuple[Cell, int]]:
    """The cells of a column with their indent."""
    for cell in column.cells:
        yield cell, 0
        if subtechniques:
            yield from ((sub, INDENT) for sub in cell.subtechniques)


def _described(matrix: Matrix, told: str) -> str:
    tactics = (f"{column.tactic.name}: {column.covered} of {column.techniques} covered" for column in matrix.columns)
    return " ".join([told, f"{'; '.join(tactics)}." if matrix.columns else ""]).strip()


def _legend() -> Iterator[str]:
    for number, (shade, words) in enumerate(legend()):
        x = MARGIN + number * 92
        yield f'<rect x="{x}" y="66" width="12" height="12" fill="{shade.ground}" stroke="#b9c4bc"/>'
        yield f'<text x="{x + 17}" y="76">{_text(words)} rules</text>'


def _column(column: Column, cells: list[tuple[Cell, int]], x: int) -> Iterator[str]:
    yield f'<text class="t" x="{x}" y="{TOP + 16}">{_text(column.tactic.name)}</text>'
    yield f'<text x="{x}" y="{TOP + 30}" fill="#56635c">{column.covered} of {column.techniques} covered</text>'
    for number, (cell, indent) in enumerate(cells):
        yield from _cell(cell, x + indent, TOP + HEAD + number * (HEIGHT + GAP), WIDTH - indent)


def _cell(cell: Cell, x: int, y: int, width: int) -> Iterator[str]:
    technique, shade = cell.technique, shade_of_cell(cell)
    dashes = ' stroke-dasharray="3 2"' if cell.state == MISSING else ""
    number = str(cell.rules) if cell.rules == cell.rolled_up else f"{cell.rules} / {cell.rolled_up}"
    yield f'<g fill="{shade.ink}"><title>{_text(f"{technique}: {cell_words(cell)}")}</title>'
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="3" '
        f'fill="{shade.ground}" stroke="#b9c4bc"{dashes}/>'
    )
    yield f'<text x="{x + 5}" y="{y + 13}">{_text(technique.attack_id)}</text>'
    yield (
        f'<text class="b" x="{x + width - 5}" y="{y + 13}" text-anchor="end">'
        f"{'–' if cell.state == ELSEWHERE else number}</text>"
    )
    for line, words in enumerate(_lines(technique.name, LETTERS - (2 if width < WIDTH else 0))):
        yield f'<text x="{x + 5}" y="{y + 25 + 11 * line}">{_text(words)}</text>'
    yield "</g>"


def _lines(name: str, letters: int) -> list[str]:
    """At most two lines; the `title` beside them holds the whole name."""
    lines = wrap(name, letters, max_lines=2, placeholder="…")
    return lines or [shorten(name, letters)]


def _text(words: str) -> str:
    """Text as XML may hold it."""
    return escape(NOT_IN_XML.sub("", words))
