"""A team's own collections of rules."""

from __future__ import annotations

import re

from detections.editing.errors import EditError
from detections.models import Generation, Source
from detections.vendors import VENDORS

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")


def create_source(slug: str, vendor: str, name: str, public: bool = False) -> Source:
    """A source whose rules are written by hand or uploaded. Raises `EditError` when its address is taken."""
    if vendor not in VENDORS:
        raise EditError(f"{vendor!r} is no format. Choose one of: {', '.join(VENDORS)}.")
    if not _SLUG.fullmatch(slug) or slug in VENDORS:
        raise EditError(
            f"{slug!r} cannot be the address of a source. Take small letters, digits and hyphens, and none of "
            f"{', '.join(VENDORS)}."
        )
    if Source.objects.filter(slug=slug).exists():
        raise EditError(f"There is a source with the address {slug!r} already. Choose another.")
    source = Source.objects.create(slug=slug, vendor=vendor, name=name.strip() or slug, public=public)
    Generation.objects.bump()
    return source
