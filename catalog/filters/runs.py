"""Filters of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import SimpleLazyObject

from catalog.filters.kinds import WordsFilter
from catalog.filters.strict import StrictFilterSet
from detections.models import Run, Source


class RunFilterSet(StrictFilterSet):
    kind = WordsFilter(field_name="kind", label="What it does")
    state = WordsFilter(field_name="state", label="How it stands")
    source = WordsFilter(field_name="source__slug", label="Slug of the source")

    class Meta:
        model = Run
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        def slugs() -> list[str]:
            return list(Source.objects.visible_to(self.reader).in_order().values_list("slug", flat=True))

        return {"kind": Run.Kind.values, "state": Run.State.values, "source": SimpleLazyObject(slugs)}
