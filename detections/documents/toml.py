"""TOML of rule files, with errors that have a place."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from detections.documents.decoding import check_text, check_value
from detections.documents.problem import Problem, UnreadableError

_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)|\s*\(at end of document\)")


def load_toml(text: str, path: str = "") -> dict[str, Any]:
    """The table that `text` is. Raises `UnreadableError` with line and column."""
    check_text(text, path)
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = _PLACE.search(said)
        message = f"This is not valid TOML: {_PLACE.sub('', said).strip()}."
        lines = text.split("\n")
        if place and place.group(1):
            line, column = int(place.group(1)), int(place.group(2))
            snippet = lines[line - 1][:160] if line <= len(lines) else ""
            raise UnreadableError(Problem(message, path, line, column, snippet)) from error
        raise UnreadableError(Problem(message, path, len(lines))) from error
    except RecursionError as error:
        raise UnreadableError(Problem("The TOML is nested too deep. Rules are not; flatten it.", path)) from error
    except ValueError as error:
        raise UnreadableError(Problem(f"A value of this TOML cannot be read: {error}.", path)) from error
    check_value(value, path)
    return value
