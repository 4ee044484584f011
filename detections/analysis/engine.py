"""The engine's version: a hash of everything that decides what a rule says.

It is taken over the pure core's own files, grammars and tables, so that no mend of any of them can be forgotten: a
better grammar or a changed table analyses every rule again though its file did not change.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_PARTS = ("documents", "languages", "vendors", "normalization", "analysis")
_SUFFIXES = {".py", ".lark", ".csv"}


@cache
def engine_digest() -> str:
    """16 hex digits over the pure core."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for part in _PARTS:
        for file in sorted((root / part).rglob("*")):
            if file.suffix in _SUFFIXES:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def fingerprint(content: bytes, read_with: str) -> str:
    """What a file's meaning depends on, as one hash: its bytes, what it is read with, and the engine."""
    digest = hashlib.sha256()
    digest.update(engine_digest().encode())
    digest.update(read_with.encode())
    digest.update(content)
    return digest.hexdigest()
