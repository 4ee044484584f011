"""Metadata of rule files: values of the expected shape out of whatever a file holds, with a problem for the rest."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from detections.documents.problem import Problem, Severity, problem_at

_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
MAX_PROBLEMS = 50  # of one rule: a file of 200,000 wrong ids is one mistake


@dataclass(slots=True)
class Metadata:
    """Reads the values of one rule file. What has the wrong shape becomes a warning at its key, never an error.

    `text` is the file's text, in which `key` is found for the problem's place; `path` its path in the checkout.
    """

    text: str
    path: str
    problems: list[Problem] = field(default_factory=list)

    def string(self, table: Mapping[str, Any], key: str) -> str:
        """A text; "" when there is none. Numbers, dates and truth values are written out, with a warning."""
        held = table.get(key)
        if held is None:
            return ""
        if not isinstance(held, str):
            self.complain(key, f"`{key}` has to be a text. Put it in quotes.")
        return "" if isinstance(held, dict | list) else str(held).strip()

    def strings(self, table: Mapping[str, Any], key: str, *, alone: bool = False) -> tuple[str, ...]:
        """The texts of a list. One text is a list of one, with a warning where the vendor allows no text `alone`."""
        held = table.get(key)
        if held is None:
            return ()
        members = held if isinstance(held, list) else [held]
        kept = [member for member in members if not isinstance(member, dict | list | None)]
        if len(kept) < len(members):
            self.complain(key, f"`{key}` has to be a list of texts: what is none is left out.")
        elif not all(isinstance(member, str) for member in kept):
            self.complain(key, f"`{key}` has to be a list of texts. Put each in quotes.")
        elif not alone and not isinstance(held, list):
            self.complain(key, f"`{key}` has to be a list: the text is read as a list of one.")
        return tuple(text for text in (str(member).strip() for member in kept) if text)

    def mapping(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A table inside a table; an empty one when there is none."""
        held = table.get(key)
        if held is None:
            return {}
        if not isinstance(held, dict):
            self.complain(key, f"`{key}` has to be a table.")
            return {}
        return held

    def mappings(self, table: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
        """The tables of a list."""
        held = table.get(key)
        if held is None:
            return ()
        if not isinstance(held, list) or any(not isinstance(member, dict) for member in held):
            self.complain(key, f"`{key}` has to be a list of tables.")
            return tuple(member for member in held if isinstance(member, dict)) if isinstance(held, list) else ()
        return tuple(held)

    def day(self, table: Mapping[str, Any], *keys: str) -> str:
        """The first of the dates under `keys`, in ISO form; "" when there is none."""
        for key in keys:
            held = table.get(key)
            if isinstance(held, datetime):
                return held.date().isoformat()
            if isinstance(held, date):
                return held.isoformat()
            if held in (None, ""):
                continue
            found = _DATE.fullmatch(str(held).strip())
            try:
                if found:
                    return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
            except ValueError:
                pass
            self.complain(key, f"`{key}` is no date: write it as 2024-06-22.")
        return ""

    def own_id(self, table: Mapping[str, Any], key: str, vendor: str) -> str:
        """The rule's id; one made from its path when it has none that can be an address."""
        own = self.string(table, key)
        if _OWN_ID.fullmatch(own):
            return own
        if own:
            self.complain(key, "The id has to be 1 to 100 letters, digits, dots, hyphens and underscores.")
        else:
            self.complain(key, f"The rule has no `{key}`: an id is made from its path. Give it a UUID.")
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{vendor}:{self.path}#1"))

    def title(self, table: Mapping[str, Any], key: str = "name") -> str:
        """The rule's title; its file's name when it has none."""
        title = self.string(table, key)
        if title:
            return title
        self.complain(key, f"The rule has no `{key}`: its file's name stands for it.")
        return self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    def techniques(self, written: tuple[str, ...], key: str) -> tuple[str, ...]:
        """ATT&CK ids, upper-cased, without doubles; what is none becomes a warning."""
        found = []
        for text in dict.fromkeys(written):
            name = text.upper()
            if _TECHNIQUE.fullmatch(name):
                found.append(name)
            else:
                message = f"{text[:40]!r} is no ATT&CK technique id: write it as T1059 or T1059.001."
                self.complain(key, message, near=text)
        return tuple(dict.fromkeys(found))

    def complain(self, key: str, message: str, severity: Severity = "warning", near: str = "") -> None:
        """A problem where `near` stands after the first line that begins with `key`, at that line without it, or at
        the file's beginning. The same problem is noted once, and a rule has at most `MAX_PROBLEMS`."""
        if len(self.problems) >= MAX_PROBLEMS:
            return
        place = re.search(rf"^[ \t]*(?:- )?[\"']?(?={re.escape(key)}\b)", self.text, re.MULTILINE)
        offset = place.end() if place else 0
        found = re.compile(rf"(?<![\w.]){re.escape(near)}(?![\w.])").search(self.text, offset) if near else None
        problem = problem_at(
            self.text, found.start() if found else offset, message, path=self.path, severity=severity
        )  # fmt: skip
        if problem not in self.problems:
            self.problems.append(problem)


def jsonable(value: Any) -> Any:
    """A loaded value as JSON can hold it: dates as ISO texts, keys as texts, and no infinite numbers."""
    if isinstance(value, dict):
        return {str(key): jsonable(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(below) for below in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, str | int | bool) else str(value)
