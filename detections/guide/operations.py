"""The catalog for those who run it: its state in figures that name public sources alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from detections.guide.figures import SourceFigures, source_figures
from detections.models import Generation, Reader, Rule, Run, Source


@dataclass(frozen=True, slots=True)
class CatalogState:
    """`sources` are public; `runs` counts all by kind and state; `drift` is what the last recomputation found wrong."""

    generation: int
    counts_stale: bool
    sources: tuple[SourceFigures, ...]
    runs: tuple[tuple[str, str, int], ...]
    drift: int | None
    recomputed_at: datetime | None


def catalog_state() -> CatalogState:
    """All figures in five queries, none of which grows with rules but one count by source."""
    generation, reader = Generation.objects.current(), Reader.ANONYMOUS
    last = Run.objects.filter(kind=Run.Kind.RECOMPUTE, state=Run.State.SUCCEEDED).order_by("-finished_at").first()
    runs = Run.objects.order_by("kind", "state").values_list("kind", "state").annotate(number=Count("pk"))
    return CatalogState(
        generation=generation.number,
        counts_stale=generation.counts_stale,
        sources=source_figures(Source.objects.visible_to(reader), Rule.objects.visible_to(reader)),
        runs=tuple(runs),
        drift=last.counts.get("drift") if last else None,
        recomputed_at=last.finished_at if last else None,
    )
