"""Parameters of the API that no FilterSet describes, as the schema tells them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from catalog.filters.rules import RuleFilterSet
from detections.guide.naming import NAMESPACES

FIELDS = OpenApiParameter("fields", description="Only these keys of the answer (of a list: of its rows), by commas.")
ROLLUP = OpenApiParameter(
    "subtechniques", OpenApiTypes.INT, enum=[0, 1], description="1 counts the rules of sub-techniques too, each once."
)
FROM = OpenApiParameter("from", description="The revoked id that led here; set by redirects.")
LIMIT = OpenApiParameter(
    "limit", OpenApiTypes.INT, description="Rows of each table of indicators: 500 unless told, up to 10,000."
)
NAMES = OpenApiParameter(
    "names", enum=list(NAMESPACES), description="Whose names of fields stand in `name`; rows and counts stay the same."
)
FILTERS = [
    OpenApiParameter(name, many=True, description=f"{one.label}. Repeats for OR, different filters combine for AND.")
    if name != "live"
    else OpenApiParameter(name, enum=["yes", "no", "all"], description=one.label)
    for name, one in RuleFilterSet.base_filters.items()
]


def ordering(*columns: str) -> OpenApiParameter:
    return OpenApiParameter("ordering", description=f"{', '.join(columns)}; - before it for descending.")
