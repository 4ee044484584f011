"""Values with what was looked for marked in them. Formatting only."""

from __future__ import annotations

from django import template

from detections.searching.grammar import Search
from detections.searching.highlighting import Part, parts_of, spans_of_texts

register = template.Library()


@register.filter
def marked_with(value: str, asked: Search) -> tuple[Part, ...]:
    """A value in parts: the words of a search and the parts of its values are marked."""
    values = (part for predicate in asked.predicates if not predicate.negated for part in predicate.value or ())
    return parts_of(value, spans_of_texts(value, [*asked.sought, *values]))
