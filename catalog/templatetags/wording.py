"""The words of the interface. Formatting only: nothing here asks the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

PARSE_WORDS = {"full": "parsed in full", "partial": "parsed in part", "none": "not parsed"}
LANGUAGE_NAMES = {
    "sigma": "Sigma", "kql": "KQL", "eql": "EQL", "lucene": "Lucene", "esql": "ES|QL", "spl": "SPL", "none": "no query",
}  # fmt: skip
LIFECYCLE_WORDS = {"live": "live", "deprecated": "deprecated", "unsupported": "unsupported", "retired": "retired"}
LOG_SOURCE_KINDS = {
    "logsource": "log source", "dataset": "data set", "index": "index", "data model": "data model",
    "sourcetype": "source type", "data_source": "data source", "datamodel": "data model",
}  # fmt: skip
PLACE_WORDS = {
    "category": "Event category",
    "until": "Until (ends the sequence)",
    "threat_query": "Query over the threat index",
    "filter": "Filters beside the query",
    "computed": "Computed columns",
    "logsource": "Log source",
}
MANY = 100  # from here on a reach figure is marked: a widely used indicator, likely noisy alone


@register.filter
def parse_words(parse: str) -> str:
    """`full` as "parsed in full"."""
    return PARSE_WORDS.get(parse, parse)


@register.filter
def language_name(language: str) -> str:
    return LANGUAGE_NAMES.get(language, language)


@register.filter
def lifecycle_words(rule: Any) -> str:
    """Why a rule does not count: its lifecycle, or that it is a copy of a public rule."""
    if rule.lifecycle == "live" and rule.copy:
        return "copy of a public rule"
    return LIFECYCLE_WORDS.get(rule.lifecycle, rule.lifecycle)


@register.filter
def log_source_kind(kind: str) -> str:
    return LOG_SOURCE_KINDS.get(kind, kind.replace("_", " "))


@register.filter
def place_words(place: str) -> str:
    return PLACE_WORDS.get(place, place)


@register.filter
def counted(number: int, noun: str) -> str:
    """`3|counted:"rule"` is "3 rules"; another plural is written "query,queries"."""
    one, _, many = noun.partition(",")
    return f"{intcomma(number)} {one if number == 1 else many or one + 's'}"


@register.filter
def denominator(parsed: Mapping[str, int]) -> str:
    """`{full: 2, partial: 0, none: 1}` as "2 parsed in full, 1 not parsed"."""
    said = [f"{intcomma(parsed[key])} {words}" for key, words in PARSE_WORDS.items() if parsed.get(key)]
    return ", ".join(said) or "none parsed"


@register.filter
def share(part: int, whole: int) -> str:
    """A share in percent; never rounded up to 100 or down to 0."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %".replace(".0 %", " %")


@register.filter
def is_many(reach: int | None) -> bool:
    return reach is not None and reach >= MANY


@register.simple_tag
def parse_badge(parse: str) -> SafeString | str:
    """A mark for rules that were not parsed in full; nothing for the others."""
    if parse == "full":
        return ""
    return format_html('<span class="badge {}">{}</span>', parse, parse_words(parse))


@register.filter
def lookup(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """`mapping|lookup:key`; None when it is not there."""
    return mapping.get(key) if mapping else None


@register.filter
def web_address(link: str) -> str:
    """`link` when a browser may follow it, else nothing: a rule's own text may hold any scheme."""
    return link if link.lower().startswith(("https://", "http://")) else ""


@register.filter
def shown(value: str, length: int = 300) -> str:
    """A value as a table shows it: the empty text named, a very long one cut."""
    if value == "":
        return "(empty)"
    return value if len(value) <= length else f"{value[: length - 1]}…"


@register.simple_tag
def query_with(query: str, **changes: Any) -> str:
    """The query string of the filters in force with more parameters; those that are empty or 0 are left out, and a
    switch that is on is written 1."""
    more = urlencode({name: 1 if value is True else value for name, value in changes.items() if value})
    joined = "&".join(part for part in (query, more) if part)
    return f"?{joined}" if joined else ""


@register.filter
def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text whose author broke its lines by hand: only an empty line parts two of them."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
