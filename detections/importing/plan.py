"""What a sync has to do: which files of a checkout are new or changed, and which are gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detections.analysis.engine import fingerprint
from detections.documents.decoding import MAX_BYTES
from detections.importing.stored import with_shared
from detections.models import Source, SourceFile
from detections.normalization.catalogue import Catalogue, base_catalogue
from detections.vendors.checkout import rule_paths
from detections.vendors.vendor import ReadWith, Vendor


@dataclass(frozen=True, slots=True)
class Plan:
    """`changed` are (path, fingerprint) pairs to analyse, `present` all paths of the checkout, `gone` known paths
    that it holds no more. `read_with` is what the checkout says that they are read with."""

    changed: tuple[tuple[str, str], ...]
    present: frozenset[str]
    gone: tuple[str, ...]
    read_with: ReadWith


def plan_sync(source: Source, vendor: Vendor, root: Path, catalogue: Catalogue) -> Plan:
    """Compare the checkout with what is stored. Raises `UnreadableError` when it is no checkout of this vendor."""
    named = "" if catalogue is base_catalogue() else catalogue.digest  # the product's own is in the engine's digest
    paths = rule_paths(vendor, root)
    read_with = vendor.read_with(root)
    known = dict(SourceFile.objects.filter(source=source).values_list("path", "fingerprint"))
    digest = with_shared(source, read_with).digest + named
    prints = {path: _fingerprint(root / path, digest) for path in paths}
    return Plan(
        tuple((path, print_) for path, print_ in prints.items() if known.get(path) != print_),
        frozenset(paths),
        tuple(sorted(known.keys() - prints.keys())),
        read_with,
    )


def _fingerprint(file: Path, read_with: str) -> str:
    """A file too large or not readable has a fingerprint too, so that its problem is reported once."""
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= MAX_BYTES else f"{size} bytes".encode()
    except OSError as error:
        content = f"unreadable: {error.errno}".encode()
    return fingerprint(content, read_with)
