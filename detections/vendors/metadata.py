"""Metadata of rule files: values of the expected shape out of whatever a file holds, with a problem for the rest."""

from __future__ import annotations

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


@dataclass(slots=True)
class Metadata:
    """Reads the values of one rule file. What has the wrong shape becomes a warning at its key, never an error.

    `text` is the file's text, in which `key` is found for the problem's place; `path` its path in the checkout.
    """

    text: str
    path: str
    problems: list[Problem] = field(default_factory=list)

    def string(self, table: Mapping[str, Any], key: str) -> str:
        """A text; numbers are written out; "" when there is none."""
        held = table.get(key)
        if held is None:
            return ""
        if isinstance(held, dict | list):
            self.complain(key, f"`{key}` has to be a text.")
            return ""
        return str(held).strip()

    def strings(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """The texts of a list; one text alone is a list of one."""
        held = table.get(key)
        if held is None:
            return ()
        members = held if isinstance(held, list) else [held]
        if any(isinstance(member, dict | list) for member in members):
            self.complain(key, f"`{key}` has to be a list of texts: what is none is left out.")
        texts = (str(member).strip() for member in members if not isinstance(member, dict | list | None))
        return tuple(text for text in texts if text)

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
        for text in written:
            name = text.upper()
            if _TECHNIQUE.fullmatch(name):
                found.append(name)
            else:
                self.complain(key, f"{text[:40]!r} is no ATT&CK technique id: write it as T1059 or T1059.001.")
        return tuple(dict.fromkeys(found))

    def complain(self, key: str, message: str, severity: Severity = "warning") -> None:
        """A problem at the first line that begins with `key`, or at the file's beginning."""
        place = re.search(rf"^\s*(?:- )?{re.escape(key)}\b", self.text, re.MULTILINE)
        offset = place.start() + len(place[0]) - len(key) if place else 0
        self.problems.append(problem_at(self.text, offset, message, path=self.path, severity=severity))

    def line_of(self, query: str, key: str) -> int:
        """The file's line (from 1) on which the query's text begins."""
        first = next((line.strip() for line in query.splitlines() if line.strip()), "")
        lead = query[: len(query) - len(query.lstrip())].count("\n")
        begin = re.search(rf"^\s*{re.escape(key)}\s*[=:]", self.text, re.MULTILINE)
        offset = begin.start() if begin else 0
        found = self.text.find(first[:40], begin.end() if begin else 0) if first else -1
        return self.text.count("\n", 0, found if found >= 0 else offset) + 1 - (lead if found >= 0 else 0)


def jsonable(value: Any) -> Any:
    """A loaded value as JSON can hold it: dates as ISO texts, keys as texts."""
    if isinstance(value, dict):
        return {str(key): jsonable(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(below) for below in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
