"""What each language costs: every query of the loaded rules, parsed and lowered in one process."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from detections.analysis.analysis import read_query, reader_of
from detections.documents.document import RuleDocument
from detections.languages import READERS


@dataclass(slots=True)
class LanguageReading:
    """The queries of one language: `parsed` counts them by full, partial and none; `seconds` are those of each pass."""

    rules: int = 0
    queries: list[tuple[str, Any]] = field(default_factory=list)
    parsed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    @property
    def least(self) -> float:
        """CPU seconds of the fastest pass: what else the machine does only adds."""
        return min(self.seconds)


def read_languages(documents: Iterable[RuleDocument], passes: int) -> dict[str, LanguageReading]:
    """Every language of the product over the documents' own and side queries, `passes` times.

    Building the grammars comes before and is not in the times.
    """
    found = {language: LanguageReading() for language in READERS}
    for document in documents:
        languages = set()
        for language, text, loaded in _queries(document):
            found[language].queries.append((text, loaded))
            languages.add(language)
        for language in languages:
            found[language].rules += 1
    for language in found:
        reader_of(language)
    gc.collect()
    gc.freeze()  # the loaded rules stay: an import never holds so many, and so never looks through them
    for _ in range(passes):
        for language, row in found.items():
            row.parsed.clear()
            begun = time.process_time()
            row.parsed.update(read_query(language, text, loaded).parse for text, loaded in row.queries)
            row.seconds.append(time.process_time() - begun)
    gc.unfreeze()
    return found


def _queries(document: RuleDocument) -> Iterable[tuple[str, str, Any]]:
    """(language, text, what the vendor loaded) of the rule's own query and of those beside it."""
    text = document.text if document.language == "sigma" else document.query
    if document.language in READERS and text.strip():
        yield document.language, text, document.loaded
    for side in document.side_queries:
        yield side.language, side.text, None
