"""A bare query as a rule document, so that what is typed is read by the same door as what is imported."""

from __future__ import annotations

from detections.documents.document import RuleDocument

_VENDORS = {"sigma": "sigma", "spl": "splunk"}


def draft(language: str, text: str) -> RuleDocument:
    """A document around one query; for Sigma `text` is the whole rule."""
    query = "" if language == "sigma" else text
    return RuleDocument(
        vendor=_VENDORS.get(language, "elastic"),
        own_id="draft",
        title="Draft",
        path="",
        text=text,
        language=language,
        query=query,
    )
