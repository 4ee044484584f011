"""Each corpus is read once for all accuracy checks."""

from functools import cache
from pathlib import Path

import pytest

from tests.benchmarks.reading import CorpusReading, read_corpus


@cache
def _read(vendor: str, root: str) -> CorpusReading:
    return read_corpus(vendor, Path(root))


@pytest.fixture(scope="session")
def reading(corpora: Path):
    """A function from a vendor's slug to everything that its corpus says."""
    return lambda vendor: _read(vendor, str(corpora / "corpora" / vendor))
