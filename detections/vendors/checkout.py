"""A checkout: which of its files are rules, and one of them read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from detections.documents.decoding import read_text
from detections.documents.document import FileReading, Lifecycle
from detections.documents.problem import Problem, UnreadableError
from detections.vendors.vendor import ReadWith, Vendor

_ESCAPED = "\\udc"  # how `_printable` begins a byte that is no UTF-8


def rule_paths(vendor: Vendor, root: Path) -> list[str]:
    """The rule files of a checkout, relative to it, sorted. Raises `UnreadableError` when it is none of the vendor.

    A name that is not UTF-8 stands with its bytes escaped, as `read_file` and every table can hold it.
    """
    folders = _outermost(vendor)
    try:
        if not root.exists():
            raise UnreadableError(Problem("There is no such folder.", str(root)))
        if not root.is_dir():
            raise UnreadableError(Problem("This is a file; a checkout is a folder.", str(root)))
        there = [folder for folder in folders if (root / folder).is_dir()] + _alike(root, folders)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableError(Problem(f"The folder cannot be read: {reason}.", str(root))) from error
    found = {
        _printable(str(PurePosixPath(file.relative_to(root))))
        for folder in there
        for file in _files(root / folder, root)
        if file.suffix.lower() in vendor.suffixes
    }
    if not found:
        looked = ", ".join(f"{folder}/" for folder in folders)
        raise UnreadableError(
            Problem(
                f"No {vendor.name} rules are here: no file that ends in {' or '.join(vendor.suffixes)} was found in "
                f"{looked} Name the folder of the checkout itself.",
                str(root),
            )
        )
    return sorted(found)


def lifecycle_of(vendor: Vendor, path: str) -> Lifecycle:
    """Live or not, by the longest of the vendor's folders that holds `path`; live outside of them all."""
    holding = [folder for folder in vendor.folders if path.startswith(f"{folder}/")]
    return vendor.folders[max(holding, key=len)] if holding else "live"


def read_file(vendor: Vendor, root: Path, path: str, read_with: ReadWith) -> FileReading:
    """One rule file. Whatever it holds, the answer is rules or problems, never an exception."""
    file = root / path
    try:
        return vendor.read(read_text(file, path), path, read_with)
    except UnreadableError as error:
        if _ESCAPED in path and not file.exists():
            return FileReading(path, (), (Problem("The file's name is not UTF-8. Rename it.", path),))
        return FileReading(path, (), (error.problem,))
    except RecursionError:
        return FileReading(path, (), (Problem("The file is nested too deep to be read. Flatten it.", path),))


def commit_of(root: Path) -> str:
    """The git commit of a checkout; "" when it is none, or git is not there."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _outermost(vendor: Vendor) -> list[str]:
    """The vendor's folders that lie in no other of them."""
    return sorted(
        folder
        for folder in vendor.folders
        if not any(folder.startswith(f"{other}/") for other in vendor.folders)
    )  # fmt: skip


def _alike(root: Path, folders: list[str]) -> list[str]:
    """Folders beside the vendor's that begin alike: SigmaHQ keeps rules in `rules-something`, too."""
    names = (entry.name for entry in root.iterdir() if entry.is_dir())
    return sorted(name for name in names if any(name.startswith(f"{folder}-") for folder in folders))


def _files(folder: Path, root: Path) -> Iterator[Path]:
    """Every file below a folder; links are not followed out of the checkout."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            file = Path(place) / name
            if not name.startswith(".") and not (file.is_symlink() and not _inside(file, root)):
                yield file


def _inside(file: Path, root: Path) -> bool:
    try:
        return file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _printable(path: str) -> str:
    """A path as any table can hold it: bytes that are no UTF-8, which Python keeps as half surrogates, escaped."""
    return path.encode("utf-8", "backslashreplace").decode()
