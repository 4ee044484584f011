"""Filters of the admin's lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin


class NamedRowsFilter(admin.RelatedFieldListFilter):
    """Of rows whose key is a name. Django counts each under its key, which a name with a space in it cannot be."""

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        rows = changelist.get_queryset(self.request, exclude_parameters=self.expected_parameters())
        counts = self.get_facet_counts(changelist.pk_attname, rows)
        found = rows.aggregate(**{f"count_{place}": count for place, count in enumerate(counts.values())})
        return {name: found[f"count_{place}"] for place, name in enumerate(counts)}
