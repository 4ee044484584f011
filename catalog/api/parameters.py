"""Parameters of the API as the schema tells them: those of a FilterSet, and the few that none describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from catalog.api.errors import BadParameters
from catalog.filters.strict import StrictFilterSet
from catalog.ordering import Order
from detections.guide.naming import CANONICAL, NAMESPACES

REPEATS = "Repeats for OR; different filters combine for AND."
ROLLUP = OpenApiParameter(
    "subtechniques", OpenApiTypes.INT, enum=[0, 1], description="1 counts the rules of sub-techniques too, each once."
)
FROM = OpenApiParameter("from", description="The revoked id that led here; set by redirects.")
NAMES = OpenApiParameter(
    "names", enum=list(NAMESPACES), description="Whose names of fields stand in `name`; rows and counts stay the same."
)
EXCLUDED = OpenApiParameter(
    "excluded", OpenApiTypes.INT, enum=[0, 1], description="1 for what the rules exclude, 0 for what they check."
)


FLAGS = {"": False, "0": False, "1": True}


def flag(request: Request, name: str) -> bool:
    """A switch among the parameters: 1 or 0. Raises `BadParameters`."""
    written = request.query_params.get(name, "")
    if written not in FLAGS:
        raise BadParameters({name: ["Write 1 or 0."]})
    return FLAGS[written]


def namespace(request: Request) -> str:
    """`?names=`. Raises `BadParameters`."""
    written = request.query_params.get("names", "") or CANONICAL
    if written not in NAMESPACES:
        raise BadParameters({"names": [f"Write one of: {', '.join(NAMESPACES)}."]})
    return written


def whole(name: str, description: str, most: int, least: int = 1) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": least, "maximum": most}, description=description)


def parameters_of(filterset: type[StrictFilterSet]) -> list[OpenApiParameter]:
    """The filters of a FilterSet."""
    return [_parameter(name, one) for name, one in filterset.base_filters.items()]


def ordering(orders: Mapping[str, Order]) -> OpenApiParameter:
    known = [*orders, *(f"-{name}" for name in orders)]
    return OpenApiParameter("ordering", enum=known, description="What the rows are sorted by; - for descending.")


def fields(known: Iterable[str]) -> OpenApiParameter:
    """The keys that may be chosen."""
    keys = {"type": "array", "items": {"type": "string", "enum": list(known)}}
    said = "Only these keys of the answer (of a list: of its rows), by commas."
    return OpenApiParameter("fields", keys, style="form", explode=False, description=said)


def _parameter(name: str, one: django_filters.Filter) -> OpenApiParameter:
    label = str(one.label).rstrip(".")
    if isinstance(one, django_filters.MultipleChoiceFilter):
        return OpenApiParameter(name, many=True, description=f"{label}. {getattr(one, 'repeats', REPEATS)}")
    if isinstance(one, django_filters.ChoiceFilter):
        words = [str(value) for value, _ in one.extra["choices"]]
        return OpenApiParameter(name, enum=words, description=f"{label}.")
    if isinstance(one, django_filters.NumberFilter):
        return whole(name, f"{label}.", one.extra["max_value"], one.extra["min_value"])
    schema: dict[str, Any] = {"type": "string"}
    if longest := one.extra.get("max_length"):
        schema["maxLength"] = longest
    return OpenApiParameter(name, schema, description=f"{label}.")
