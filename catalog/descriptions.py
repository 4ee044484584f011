"""ATT&CK's descriptions, which are Markdown with citations of their own, as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

import nh3
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_CITATION = re.compile(r"\(Citation: ([^()]*(?:\([^()]*\)[^()]*)*)\)")
# In rendered HTML, where quotes of the text itself are escaped: only a link's own address can match.
_TECHNIQUE = re.compile(
    r'href="https?://attack\.mitre\.org/techniques/(T\d{4})(?:[/.](\d{3}))?/?(?:#[^"]*)?"', re.IGNORECASE
)
_HEADING = re.compile(r"<(/?)h[1-3]>")  # a description stands below the page's own headings
_CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)
_TAGS = {"p", "a", "code", "pre", "em", "strong", "ul", "ol", "li", "br", "blockquote", "sup", "h4", "h5", "h6"}
_PLACE = "\ue000{}\ue001"
_PLACED = re.compile("\ue000(\\d+)\ue001")


def render_description(markdown: str, citations: Mapping[str, Sequence[str]]) -> SafeString:
    """HTML of a description. Links to ATT&CK's techniques lead to this site's; `(Citation: X)` becomes a number.

    `citations` maps a source's name to (description, address). Nothing but a short list of tags gets through.
    """
    markdown = markdown.replace("\ue000", "").replace("\ue001", "")
    kept: list[str] = []

    def keep(html: str) -> str:
        kept.append(html)
        return _PLACE.format(len(kept) - 1)

    numbers: dict[str, int] = {}
    text = _CODE.sub(lambda found: keep(f"<code>{escape(found[1])}</code>"), markdown)
    text = _CITATION.sub(lambda found: keep(_citation(found[1].strip(), citations, numbers)), text)
    html = _HEADING.sub(r"<\1h4>", _TECHNIQUE.sub(_own_link, _markdown().render(text)))
    html = _PLACED.sub(lambda found: kept[int(found[1])] if int(found[1]) < len(kept) else "", html)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "sup": {"class"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 it was cleaned one line above


def _citation(name: str, citations: Mapping[str, Sequence[str]], numbers: dict[str, int]) -> str:
    known = citations.get(name)
    if not known:
        return f"[{escape(name)}]"
    number = numbers.setdefault(name, len(numbers) + 1)
    title, address = (*known, "", "")[:2]
    if not address.startswith(("http://", "https://")):
        return f"<sup>[{number}]</sup>"
    return f'<sup><a href="{escape(address)}" title="{escape(title or name)}">[{number}]</a></sup>'


def _own_link(found: re.Match[str]) -> str:
    attack_id = found[1].upper() + (f".{found[2]}" if found[2] else "")
    return f'href="{reverse("technique-detail", args=[attack_id])}"'


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})
