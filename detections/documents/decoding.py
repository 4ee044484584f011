"""Bytes of a file to text that the product can hold: UTF-8, no NUL, no lone surrogate, of a bounded size."""

from __future__ import annotations

from pathlib import Path

from detections.documents.problem import Problem, UnreadableError, problem_at

MAX_BYTES = 4 * 1024 * 1024
MAX_NUMBER_BITS = 2048  # Python refuses to print integers of more than 4,300 digits


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
    fault = unstorable(text)
    if fault is not None:
        offset, message = fault
        raise UnreadableError(problem_at(text, offset, message, path=path))


def unstorable(text: str) -> tuple[int, str] | None:
    """Where a text holds what no database can store, and what it is; None for a good text."""
    nul = text.find("\x00")
    if nul >= 0:
        return nul, "The text holds a NUL character, which no database can store. Remove it."
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            return error.start, "The text holds half of a surrogate pair, which is no character. Remove it."
    return None


def check_value(value: object, path: str = "") -> None:
    """`check_text` for every string inside a loaded document (escapes can make NUL and surrogates)."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            fault = unstorable(current)
            if fault is not None:
                # The place inside the value is no place in the file: the value itself has to do.
                snippet = current.encode("utf-8", "backslashreplace").decode()[:160].replace("\x00", "\\0")
                raise UnreadableError(Problem(fault[1], path, snippet=snippet))
        elif isinstance(current, int):
            if current.bit_length() > MAX_NUMBER_BITS:
                raise UnreadableError(Problem("A number is too long to be one. Put it in quotes.", path))
        elif isinstance(current, dict):
            stack.extend(current.keys())
            stack.extend(current.values())
        elif isinstance(current, list | tuple):
            stack.extend(current)


def _too_large(size: int, path: str) -> Problem:
    limit = MAX_BYTES // (1024 * 1024)
    return Problem(f"The file is {size / 1024 / 1024:.1f} MB large; a rule file may have {limit} MB.", path)
