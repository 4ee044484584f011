"""Files out of a zip archive, within bounds: what is too much is refused before it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from detections.documents.decoding import MAX_BYTES
from detections.documents.problem import Problem, UnreadableError

MAX_FILES = 2_000
MAX_TOTAL = 64 * 1024 * 1024  # bytes of all files together, unpacked


def is_archive(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def unpacked(data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
    """Each file of an archive with its path inside it, sorted. Raises `UnreadableError`.

    Hidden files and folders, such as those that macOS adds, are left out.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = sorted(
                (row for row in archive.infolist() if _is_file(row.filename)), key=lambda row: row.filename
            )
            _check(members, path)
            for member in members:
                yield member.filename, archive.read(member)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise UnreadableError(
            Problem(f"The archive cannot be unpacked: {error}. Pack it anew as zip.", path)
        ) from error
    except RuntimeError as error:  # a password
        raise UnreadableError(Problem("The archive has a password. Pack it without one.", path)) from error


def _is_file(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.endswith("/") and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _check(members: list[zipfile.ZipInfo], path: str) -> None:
    if len(members) > MAX_FILES:
        message = f"The archive holds {len(members):,} files; at most {MAX_FILES:,} are read. Sync a folder instead."
        raise UnreadableError(Problem(message, path))
    large = next((member for member in members if member.file_size > MAX_BYTES), None)
    if large is not None:
        message = f"{large.filename} is {large.file_size / 1024 / 1024:.0f} MB large; a rule file may have "
        raise UnreadableError(Problem(f"{message}{MAX_BYTES // 1024 // 1024} MB.", path))
    total = sum(member.file_size for member in members)
    if total > MAX_TOTAL:
        message = (
            f"The archive is {total / 1024 / 1024:.0f} MB large unpacked; {MAX_TOTAL // 1024 // 1024} MB are read."
        )
        raise UnreadableError(Problem(message, path))
