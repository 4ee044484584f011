"""ATT&CK's descriptions as safe HTML."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from catalog.descriptions import render_description

register = template.Library()


@register.filter
def description(markdown: str, citations: dict[str, Any]) -> SafeString:
    """Markdown with ATT&CK's citations; `render_description` cleans what comes out."""
    return mark_safe(render_description(markdown, citations))  # noqa: S308 cleaned there
