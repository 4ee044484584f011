"""A checkout: which of its files are rules, and one of them read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

from detections.documents.decoding import read_text
from detections.documents.document import FileReading
from detections.documents.problem import Problem, UnreadableError
from detections.vendors.vendor import ReadWith, Vendor


def rule_paths(vendor: Vendor, root: Path) -> list[str]:
    """The rule files of a checkout, relative to it, sorted. Raises `UnreadableError` when it is none of the vendor."""
    if not root.exists():
        raise UnreadableError(Problem("There is no such folder.", str(root)))
    if not root.is_dir():
        raise UnreadableError(Problem("This is a file; a checkout is a folder.", str(root)))
    tops = sorted({folder.split("/", 1)[0] for folder in vendor.folders})
    found = [
        str(PurePosixPath(file.relative_to(root)))
        for top in _folders(root, tops)
        for file in _files(root / top)
        if file.suffix.lower() in vendor.suffixes
    ]
    if not found:
        looked = ", ".join(f"{top}/" for top in tops)
        raise UnreadableError(
            Problem(
                f"No {vendor.name} rules are here: no file that ends in {' or '.join(vendor.suffixes)} was found in "
                f"{looked} Name the folder of the checkout itself.",
                str(root),
            )
        )
    return sorted(found)


def read_file(vendor: Vendor, root: Path, path: str, read_with: ReadWith) -> FileReading:
    """One rule file. Whatever it holds, the answer is rules or problems, never an exception."""
    try:
        return vendor.read(read_text(root / path, path), path, read_with)
    except UnreadableError as error:
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


def _folders(root: Path, tops: list[str]) -> list[str]:
    """The vendor's folders that are there, and others of theirs that begin alike (`rules-something`)."""
    names = {entry.name for entry in root.iterdir() if entry.is_dir()}
    alike = {name for name in names for top in tops if name.startswith(f"{top}-")}
    return sorted((names & set(tops)) | alike)


def _files(folder: Path) -> list[Path]:
    """Every file below a folder; links are not followed out of it."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place) / name for name in files if not name.startswith(".")]
    return found
