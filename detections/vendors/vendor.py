"""What a vendor is: where its rules are and how one of its files becomes rule documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detections.documents.document import FileReading, Lifecycle
from detections.documents.problem import Problem


@dataclass(frozen=True, slots=True)
class ReadWith:
    """What the files of a checkout are read with (Splunk's macros). Picklable.

    `texts` maps a name to a text; `digest` is a hash over all of them, part of every file's fingerprint; `problems`
    are those of the files that they come from.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row of the table of vendors.

    `folders` maps the folders of a checkout that hold rules to the lifecycle of the rules in them, the longest
    folder first deciding (`rules/_deprecated` before `rules`). `suffixes` are the endings of rule files.
    `structural_parents` says that this vendor writes the parent technique beside every sub-technique as a matter
    of form, so that such a parent is no statement of its own. `read` takes a file's text, its path in the
    checkout and what to read it with; it raises nothing but `UnreadableError`.
    """

    slug: str
    name: str
    repository: str
    branch: str
    licence: str
    folders: Mapping[str, Lifecycle]
    suffixes: tuple[str, ...]
    structural_parents: bool
    read: Callable[[str, str, ReadWith], FileReading]
    read_with: Callable[[Path], ReadWith] = lambda root: ReadWith()
    extra_folders: tuple[str, ...] = ()

    def link(self, path: str, commit: str = "") -> str:
        """The address of a file in the vendor's public repository."""
        return f"{self.repository}/blob/{commit or self.branch}/{path.split('#')[0]}"
