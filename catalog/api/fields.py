"""`?fields=`: the keys of an answer that a script wants."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.errors import BadParameters


def chosen_fields(request: Request, serializer: type[serializers.BaseSerializer]) -> frozenset[str]:
    """The keys asked for, none for all. Raises `BadParameters` for one that the answer does not have."""
    written = request.query_params.get("fields", "")
    names = frozenset(filter(None, (name.strip() for name in written.split(","))))
    known = list(serializer().fields) if not issubclass(serializer, serializers.ListSerializer) else []
    unknown = sorted(names - set(known))
    if unknown:
        raise BadParameters({"fields": [f"The answer has no {', '.join(unknown)}. It has {', '.join(known)}."]})
    return names
