"""How the time of reading a query grows with its length: one condition joined by OR, doubled up to the input bound."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detections.analysis.analysis import read_query
from detections.languages.parsing import MAX_LENGTH

SHORTEST = 4 * 1024
PASSES = 3  # the fastest counts: what else the machine does only adds
SIGMA = """title: Lamps
id: 5a2a4d58-7a3b-4b0e-9a50-1f2a3b4c5d6e
logsource: {product: windows, category: process_creation}
detection:
  condition: selection
  selection:
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """Microseconds of CPU per byte by length in bytes, the shortest first."""

    language: str
    per_byte: dict[int, float]

    @property
    def ratio(self) -> float:
        """The longest's time per byte to the shortest's: 1 when time grows linearly."""
        figures = list(self.per_byte.values())
        return figures[-1] / figures[0]


def growth(language: str) -> Growth:
    """Measure one language. Raises `AssertionError` when a query is not read in full with all its conditions."""
    per_byte = {}
    for text, count in _queries(_WRITERS[language]):
        seconds = min(_seconds(language, text, count) for _ in range(PASSES))
        per_byte[len(text)] = seconds / len(text) * 1e6
    return Growth(language, per_byte)


def _queries(write: Callable[[int], str]) -> Iterator[tuple[str, int]]:
    """Queries of about 4 KB, 8 KB and so on, none longer than the bound, each with the number of its conditions."""
    each = len(write(200)) - len(write(199))
    length = SHORTEST
    while length <= MAX_LENGTH:
        count = (length - len(write(1))) // each
        yield write(count), count
        length *= 2


def _seconds(language: str, text: str, count: int) -> float:
    gc.collect()
    begun = time.process_time()
    reading = read_query(language, text)
    seconds = time.process_time() - begun
    assert reading.parse == "full", (language, reading.problems[:1])
    assert reading.tree is not None and len(getattr(reading.tree, "children", ())) == count, language
    return seconds


def _joined(condition: str, before: str = "", joint: str = " or ", after: str = "") -> Callable[[int], str]:
    """A writer of queries with `count` conditions, numbered in five digits."""
    return lambda count: before + joint.join(condition % number for number in range(count)) + after


_WRITERS: dict[str, Callable[[int], str]] = {
    "sigma": _joined("  - Image|endswith: '\\lamp%05d.exe'", SIGMA, "\n"),
    "kql": _joined('process.name : "lamp%05d.exe"'),
    "eql": _joined('process.name == "lamp%05d.exe"', "process where "),
    "esql": _joined('process.name == "lamp%05d.exe"', "FROM logs-* | WHERE ", " OR "),
    "spl": _joined('process_name="lamp%05d.exe"', "search ", " OR "),
    "lucene": _joined('process.name:"lamp%05d.exe"', joint=" OR "),
    "dsl": _joined(
        '{"term": {"process.name": "lamp%05d.exe"}}', '{"query": {"bool": {"should": [', ", ", "]}}}"
    ),
}  # fmt: skip
LANGUAGES = tuple(_WRITERS)
