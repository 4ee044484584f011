"""Pages of a list: `page` and `page_size`, checked."""

from __future__ import annotations

from typing import Any

from django.core.paginator import InvalidPage
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from catalog.api.errors import BadParameters

LARGEST_NUMBER = 10_000_000


class Pages(PageNumberPagination):
    """`page` from 1, `page_size` from 1 to 500."""

    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        return whole_number(request, "page_size", self.page_size, most=self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1},
             "description": "Which page. Of CSV and NDJSON all rows without it."},
            {"name": "page_size", "in": "query", "schema": size, "description": "Rows on a page."},
        ]  # fmt: skip

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The framework's own says `nullable`, which OpenAPI 3.1 does not know."""
        found: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            found["properties"][name] = {"type": ["string", "null"], "format": "uri"}
        return found

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        self.request = request
        number = whole_number(request, "page", 1, most=LARGEST_NUMBER)
        paginator = self.django_paginator_class(queryset, self.get_page_size(request))
        try:
            self.page = paginator.page(number)
        except InvalidPage as error:
            raise BadParameters({"page": [f"There are {paginator.num_pages} pages."]}) from error
        return list(self.page)


def whole_number(request: Request, name: str, default: int, *, most: int, least: int = 1) -> int:
    """A whole number among the parameters. Raises `BadParameters`."""
    written = request.query_params.get(name)
    if written is None:
        return default
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 9 else -1
    if not least <= number <= most:
        raise BadParameters({name: [f"Write a whole number from {least} to {most}."]})
    return number
