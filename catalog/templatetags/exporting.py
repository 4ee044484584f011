"""The link below a table that leads to the same rows in the API. Formatting only: nothing here asks the database."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import resolve, reverse

from catalog.templatetags.wording import query_with

register = template.Library()
FORMS = ("csv", "ndjson")  # of a whole table


@register.inclusion_tag("_export.html", takes_context=True)
def export(context: template.Context, endpoint: str, *args: Any, **changes: Any) -> dict[str, str]:
    """The table's addresses: the endpoint's, with those parameters of the page that it knows, and `changes`.

    A `form` among the changes is what the endpoint has instead of tables: "json".
    """
    form = changes.pop("form", "")
    address = reverse(endpoint, args=args)
    view = resolve(address).func.view_class
    known = {*view.filterset_class.base_filters, *view.own, "ordering"} - {"from", *changes}
    pairs = [(name, value) for name, values in context["request"].GET.lists() for value in values]
    kept = urlencode([(name, value) for name, value in pairs if name in known and value])
    forms = (form, form) if form else FORMS
    csv, other = (address + query_with(kept, **changes, format=one) for one in forms)
    return {"csv": "" if form else csv, "json": other}
