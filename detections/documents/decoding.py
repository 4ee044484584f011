"""Bytes of a file to text that the product can hold: UTF-8, no NUL, no lone surrogate, of a bounded size."""

from __future__ import annotations

from pathlib import Path

from detections.documents.problem import Problem, UnreadableError, problem_at

MAX_BYTES = 4 * 1024 * 1024


def read_text(file: Path, path: str = "") -> str:
    """The text of a file, newlines as `\\n`. Raises `UnreadableError` with the place of what is wrong."""
    path = path or str(file)
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableError(_too_large(size, path))
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableError(Problem(f"The file cannot be opened: {reason}.", path)) from error
    return decode(data, path)


def decode(data: bytes, path: str = "") -> str:
    """`data` as text, under the same rules as `read_text`."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(_too_large(len(data), path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        raise UnreadableError(
            Problem(
                f"The file is not UTF-8: byte 0x{data[error.start]:02x} cannot stand here. Save it as UTF-8.",
                path, line, column,
            )
        ) from error  # fmt: skip
    text = text.replace("\r\n", "\n")
    check_text(text, path)
    return text


def check_text(text: str, path: str = "") -> None:
    """Refuse what no database can hold. Raises `UnreadableError`."""
    nul = text.find("\x00")
    if nul >= 0:
        raise UnreadableError(
            problem_at(text, nul, "The text holds a NUL character, which no database can store. Remove it.", path=path)
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = "The text holds half of a surrogate pair, which is no character. Remove it."
        problem = problem_at(text[: error.start], error.start, message, path=path)
        raise UnreadableError(problem) from error


def check_value(value: object, path: str = "") -> None:
    """`check_text` for every string inside a loaded document (escapes can make NUL and surrogates)."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            if "\x00" in current or not current.isascii():
                check_text(current, path)
        elif isinstance(current, dict):
            stack.extend(current.keys())
            stack.extend(current.values())
        elif isinstance(current, list | tuple):
            stack.extend(current)


def _too_large(size: int, path: str) -> Problem:
    limit = MAX_BYTES // (1024 * 1024)
    return Problem(f"The file is {size / 1024 / 1024:.1f} MB large; a rule file may have {limit} MB.", path)
