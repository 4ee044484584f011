"""Where a page is in the site: the way back to what it belongs to."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("_crumbs.html")
def crumbs(*steps: Any) -> dict[str, Any]:
    """Breadcrumbs: words and addresses in turn, last the page's own word. A step without a word is left out."""
    *way, here = steps
    return {"way": [step for step in zip(way[::2], way[1::2], strict=True) if step[0]], "here": here}
