"""What every page's template is given: where it is in the site, the ATT&CK version in force, the state of counts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from detections.models import Generation

# The sections of the navigation: the first part of the address, the word, the name of the page.
SECTIONS = (
    ("matrix", "Matrix", "matrix"),
    ("techniques", "Techniques", "technique-list"),
    ("rules", "Rules", "rule-list"),
    ("fields", "Fields", "field-list"),
    ("indicators", "Indicators", "indicator-list"),
    ("exclusions", "Exclusions", "exclusion-list"),
    ("compare", "Compare", "compare"),
    ("sources", "Sources", "source-list"),
    ("api", "API", "api-docs"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """`section` is the first part of the address; the rows are read only when a template asks for them."""
    return {
        "section": request.path.split("/")[1],
        "sections": SECTIONS,
        "generation": getattr(request, "generation", SimpleLazyObject(Generation.objects.current)),
    }
