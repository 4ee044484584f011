"""Words as links to what they stand for. Formatting only: nothing here asks the database."""

from __future__ import annotations

from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def rules_of(facet: str, word: str, shown: str = "") -> SafeString | str:
    """A word of a facet as a link to the live rules that have it; `shown` is what people call it."""
    if not word:
        return ""
    return format_html('<a href="{}?{}">{}</a>', reverse("rule-list"), urlencode({facet: word}), shown or word)
