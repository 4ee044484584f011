"""The matrix as a layer of MITRE's ATT&CK Navigator, format 4.5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.shades import SHADES, cell_words, legend, shade_of_cell
from detections.guide.matrix import ELSEWHERE, Cell, Column, Matrix
from detections.models import Source

LAYER = "4.5"
NAVIGATOR = "5.1.0"
DOMAIN = "enterprise-attack"


def navigator_layer(
    matrix: Matrix, sources: Sequence[Source], *, attack_version: str, said: str, address: str = ""
) -> dict[str, Any]:
    """The layer. `said` are the filters in words, `address` is where the matrix itself is.

    A technique's score is the number of its rules with those of its sub-techniques, as its cell is shaded.
    Techniques of other platforms are disabled; those that the filters leave out are not in it.
    """
    names = {source.slug: source.name for source in sources}
    return {
        "name": f"Fieldguide: {said}" if said else "Fieldguide",
        "versions": {"attack": attack_version.split(".")[0], "navigator": NAVIGATOR, "layer": LAYER},
        "domain": DOMAIN,
        "description": f"Live detection rules for each technique{f', {said}' if said else ''}. "
        f"{matrix.covered} of {matrix.techniques} techniques are covered.",
        "sorting": 0,
        "layout": {
            "layout": "side", "showID": True, "showName": True, "showAggregateScores": False,
            "countUnscored": False, "aggregateFunction": "average", "expandedSubtechniques": "none",
        },
        "hideDisabled": False,
        "techniques": [
            _technique(column, cell, names) for column in matrix.columns for cell in column.every_cell()
        ],
        "gradient": {
            "colors": [SHADES[1].ground, SHADES[-1].ground], "minValue": 0, "maxValue": max(matrix.most, 1),
        },
        "legendItems": [{"label": f"{words} rules", "color": shade.ground} for shade, words in legend()],
        "metadata": [],
        "links": [{"label": "This matrix in Fieldguide", "url": address}] if address else [],
        "showTacticRowBackground": False,
        "tacticRowBackground": "#dddddd",
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
        "selectVisibleTechniques": False,
    }  # fmt: skip


def _technique(column: Column, cell: Cell, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "techniqueID": cell.technique.attack_id,
        "tactic": column.tactic.shortname,
        "score": cell.rolled_up,
        "color": shade_of_cell(cell).ground,
        "comment": cell_words(cell),
        "enabled": cell.state != ELSEWHERE,
        "metadata": [
            {"name": name, "value": str(cell.every[slug])} for slug, name in names.items() if slug in cell.every
        ],
        "showSubtechniques": False,
    }
