"""What an address of the matrix or of the comparison asks for: the same for page, API and exports."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.filters.techniques import CompareFilterSet, MatrixFilterSet
from catalog.templatetags.wording import LANGUAGE_NAMES, PARSE_WORDS
from detections.guide.compare import Comparison, compare
from detections.guide.matrix import Matrix, build_matrix
from detections.models import Source, Tactic


def matrix_of(asked: MatrixFilterSet) -> Matrix:
    """The matrix that a FilterSet without errors asks for."""
    return build_matrix(
        asked.qs,
        asked.rules,
        show=asked.chosen("show"),
        platforms=asked.chosen("platform"),
        tactics=asked.chosen("tactic"),
    )


def comparison_of(asked: CompareFilterSet) -> Comparison | None:
    """The comparison that a FilterSet without errors asks for; None where there are not two sources."""
    if len(asked.pair) < 2:
        return None
    matrix = build_matrix(
        asked.qs, asked.rules, platforms=asked.chosen("platform"), tactics=asked.chosen("tactic")
    )  # fmt: skip
    return compare(matrix, *asked.pair, show=asked.chosen("show"))


def counted_sources(asked: MatrixFilterSet) -> list[Source]:
    """The sources whose rules the matrix counts, by slug."""
    named = asked.chosen("vendor")
    return [
        source for source in Source.objects.visible_to(asked.reader).in_order() if not named or source.slug in named
    ]


def value_words(sources: list[Source]) -> dict[str, Mapping[str, str]]:
    """By parameter the words for its values, where they differ."""
    return {
        "vendor": {source.slug: source.name for source in sources},
        "tactic": dict(Tactic.objects.values_list("shortname", "name")),
        "language": LANGUAGE_NAMES,
        "parse": PARSE_WORDS,
        "show": {"missing": "only missing", "first": "only the first", "second": "only the second"},
    }


def said(asked: MatrixFilterSet, words: Mapping[str, Mapping[str, str]]) -> str:
    """The filters in force in one line: "vendor SigmaHQ or Elastic, platform Windows"; "" without any."""
    parts = []
    for name in asked.filters:
        value = asked.chosen(name)
        values = [value] if isinstance(value, str) else list(value)
        if any(values):
            shown = " or ".join(words.get(name, {}).get(one, one) for one in values)
            parts.append(shown if name == "show" else f"words {shown}" if name == "q" else f"{name} {shown}")
    return ", ".join(parts)
