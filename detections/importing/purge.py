"""What nobody needs any more: old run records, and sessions that have expired.

Indicators that nothing uses go with each recomputation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.utils import timezone

from detections.models import Run


@dataclass(frozen=True, slots=True)
class Purge:
    """How many run records, with their chunks, were deleted."""

    runs: int


def purge() -> Purge:
    """Delete what is old. The last good sync of each source stays, whatever its age."""
    long_ago = timezone.now() - timedelta(days=settings.RUNS_KEPT_DAYS)
    old = Run.objects.over().filter(finished_at__lt=long_ago).exclude(pk__in=Run.objects.last_good_syncs())
    _, deleted = old.delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return Purge(deleted.get("detections.Run", 0))
