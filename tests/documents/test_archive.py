"""Archives: files with their paths, and everything that is too much or broken refused with the reason."""

from __future__ import annotations

import io
import zipfile

import pytest

from detections.documents import archive
from detections.documents.problem import UnreadableError


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return target.getvalue()


def test_files_come_sorted_and_without_what_is_hidden() -> None:
    data = packed({"b/x.yml": b"x", "a.yml": b"a", "__MACOSX/a.yml": b"m", ".git/config": b"g", "b/": b""})
    assert archive.is_archive(data)
    assert list(archive.unpacked(data, "rules.zip")) == [("a.yml", b"a"), ("b/x.yml", b"x")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packed({"a.yml": b"0" * (archive.MAX_BYTES + 1)}), "a.yml is 4 MB large"),
        (packed({f"{number}.yml": b"" for number in range(archive.MAX_FILES + 1)}), "holds 2,001 files"),
        (packed({f"{number}.yml": b"0" * archive.MAX_BYTES for number in range(17)}), "68 MB large unpacked"),
        (packed({"a.yml": b"abc" * 50})[:60], "cannot be unpacked"),
        (b"PK\x03\x04nothing", "cannot be unpacked"),
    ],
    ids=["large file", "many files", "large together", "cut", "no archive"],  # the data holds the time of its making
)
def test_what_is_too_much_or_broken_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        list(archive.unpacked(data, "rules.zip"))


def test_damage_inside_a_file_is_refused() -> None:
    data = bytearray(packed({"a.yml": b"title: a rule that is long enough to be packed " * 20}))
    data[60] ^= 0xFF
    with pytest.raises(UnreadableError, match="cannot be unpacked"):
        list(archive.unpacked(bytes(data), "rules.zip"))
