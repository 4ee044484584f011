"""The catalogue of field names in force: the product's tables with the site's rows laid over them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from detections.models import AliasOverride, FieldOverride
from detections.normalization.catalogue import Alias, Catalogue, Field, base_catalogue

_FIELD_COLUMNS = ("canonical", "type", "group", "description", "role")
_ALIAS_COLUMNS = ("canonical", "vendor", "name", "category", "case_sensitive", "form", "source", "note")


def current_catalogue() -> Catalogue:
    """The one frozen value that analysis takes. Raises `CatalogueError` when the site's rows contradict the tables."""
    fields = FieldOverride.objects.order_by("canonical").values_list(*_FIELD_COLUMNS)
    return _merged(tuple(fields), _site_aliases())


def current_aliases() -> tuple[Alias, ...]:
    """The vendors' names in force, for whoever needs no fields. One query."""
    return _merged((), _site_aliases()).aliases


def _site_aliases() -> tuple[tuple[Any, ...], ...]:
    return tuple(AliasOverride.objects.order_by("vendor", "name", "category").values_list(*_ALIAS_COLUMNS))


@lru_cache(maxsize=4)
def _merged(fields: tuple[tuple[str, ...], ...], aliases: tuple[tuple[Any, ...], ...]) -> Catalogue:
    return base_catalogue().merged(
        (Field(*row) for row in fields),
        (Alias(*row) for row in aliases),
    )
