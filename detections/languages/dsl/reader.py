"""Elasticsearch's query DSL, as Elastic's rules and Kibana's filters write it: JSON -> tree of conditions.

A text is one filter or a list of them, which are ANDed: `{"meta": {"negate": true}, "query": {...}}`. Nothing has a
place in the rule's own query, so offsets are 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from detections.documents.decoding import unstorable
from detections.documents.problem import Problem
from detections.languages.shapes import ANY, ONE, shape
from detections.languages.tree import Branch, Condition, Node, Operator, Reading, Test, join

MAX_LENGTH = 256 * 1024
_PIECES = re.compile(r"\\(.)|([*?])", re.DOTALL)
_BOUNDS: dict[str, Operator] = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte", "from": "gte", "to": "lte"}
# What a clause says beside its value; none of it changes what is looked for.
_OPTIONS = frozenset({"boost", "_name", "case_insensitive", "rewrite", "minimum_should_match", "operator", "slop"})


def read(text: str) -> Reading:
    """What filters say. Never raises: a clause that is not understood is a problem, and the rest is read."""
    if len(text) > MAX_LENGTH:
        return Reading(None, "none", (Problem(f"The filters have more than {MAX_LENGTH} characters."),))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Reading(None, "none", (Problem(f"The filters are no JSON: {error}."),))
    filters = _Filters()
    nodes = [node for one in (value if isinstance(value, list) else [value]) for node in filters.read(one)]
    tree = join("and", nodes) if nodes else None
    if not filters.problems:
        return Reading(tree)
    return Reading(tree, "partial" if tree else "none", tuple(filters.problems))


class _Filters:
    """Reads clause by clause; what it does not know goes to `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.depth = 0

    def read(self, filter_: Any) -> Iterator[Node]:
        """The condition of one filter; none of one that is switched off."""
        if not isinstance(filter_, dict):
            self._refuse(filter_)
            return
        meta = filter_.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        if meta.get("disabled") is True:
            return
        query = filter_.get("query")
        if not isinstance(query, dict):  # older filters hold the clause itself
            query = {key: held for key, held in filter_.items() if key not in ("meta", "$state", "query")}
        node = self._query(query)
        if node is not None:
            yield Branch("not", (node,)) if meta.get("negate") is True else node

    def _query(self, query: Any) -> Node | None:
        if not isinstance(query, dict) or not query or self.depth > 50:
            return self._refuse(query)
        self.depth += 1
        nodes = []
        for name, body in query.items():
            clause = _CLAUSES.get(name)
            node = clause(self, body) if clause else self._refuse({name: body})
            if node is not None:
                nodes.append(node)
        self.depth -= 1
        return join("and", nodes) if nodes else None

    def _bool(self, body: Any) -> Node | None:
        if not isinstance(body, dict):
            return self._refuse({"bool": body})
        groups = {name: self._list(body.get(name)) for name in ("must", "filter", "should", "must_not")}
        nodes = groups["must"] + groups["filter"]
        # Beside must and filter, should only ranks, unless a minimum says that it has to match.
        if groups["should"] and (not nodes or str(body.get("minimum_should_match", "0")) not in ("0", "")):
            nodes.append(join("or", groups["should"]))
        nodes += [Branch("not", (node,)) for node in groups["must_not"]]
        return join("and", nodes) if nodes else None

    def _list(self, clauses: Any) -> list[Node]:
        members = clauses if isinstance(clauses, list) else [] if clauses is None else [clauses]
        return [node for node in map(self._query, members) if node is not None]

    def _exists(self, body: Any) -> Node | None:
        field = body.get("field") if isinstance(body, dict) else None
        return Condition(field, (Test("exists"),)) if isinstance(field, str) else self._refuse({"exists": body})

    def _range(self, body: Any) -> Node | None:
        found: list[Node] = []
        for field, bounds in self._fields(body):
            tests = [
                Test(_BOUNDS[name], text)
                for name, value in (bounds.items() if isinstance(bounds, dict) else ())
                if name in _BOUNDS and (text := self._text(value)) is not None
            ]
            found += [Condition(field, (test,)) for test in tests]
        return join("and", found) if found else self._refuse({"range": body})

    def _terms(self, body: Any) -> Node | None:
        found: list[Node] = []
        for field, values in self._fields(body):
            texts = [self._text(value) for value in (values if isinstance(values, list) else [])]
            kept = [text for text in texts if text is not None]
            operator: Operator = "in" if len(kept) > 1 else "eq"
            if kept:
                found.append(Condition(field, tuple(Test(operator, text) for text in kept)))
        return join("and", found) if found else self._refuse({"terms": body})

    def _one(self, body: Any, name: str, test: Callable[[str], Test]) -> Node | None:
        """A clause of the form {field: value} or {field: {"value": value}}."""
        found: list[Node] = []
        for field, held in self._fields(body):
            value = held
            if isinstance(held, dict):
                value = next((held[key] for key in ("value", "query", "wildcard") if key in held), None)
            text = self._text(value)
            if text is not None:
                found.append(Condition(field, (test(text),)))
        return join("and", found) if found else self._refuse({name: body})

    @staticmethod
    def _fields(body: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(body, Mapping):
            yield from ((name, held) for name, held in body.items() if name not in _OPTIONS)

    def _text(self, value: Any) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if not isinstance(value, str) or unstorable(value):
            return None
        return value

    def _refuse(self, clause: Any) -> Node | None:
        """No condition, and a problem that shows the clause."""
        shown = json.dumps(clause, ensure_ascii=True, default=str)[:160]
        self.problems.append(Problem("This part of the filters is not understood; it was left out.", snippet=shown))
        return None


def _wildcard(text: str) -> Test:
    """A pattern whose stars and question marks are wildcards and whose backslash escapes anything."""
    parts: list[object] = []
    at = 0
    for found in _PIECES.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(found[1] if found[1] is not None else ANY if found[2] == "*" else ONE)
        at = found.end()
    parts.append(text[at:])
    shaped = shape(parts)
    if shaped is None:
        plain = "".join(str(part) for part in parts)
        return Test("eq", plain, text if plain != text else None)
    return Test(shaped.operator, shaped.value, text if shaped.value != text else None)


_CLAUSES: dict[str, Callable[[_Filters, Any], Node | None]] = {
    "bool": _Filters._bool,
    "exists": _Filters._exists,
    "range": _Filters._range,
    "terms": _Filters._terms,
    "term": lambda self, body: self._one(body, "term", lambda text: Test("eq", text)),
    "match": lambda self, body: self._one(body, "match", lambda text: Test("eq", text)),
    "match_phrase": lambda self, body: self._one(body, "match_phrase", lambda text: Test("eq", text)),
    "prefix": lambda self, body: self._one(body, "prefix", lambda text: Test("startswith", text)),
    "regexp": lambda self, body: self._one(body, "regexp", lambda text: Test("regex_match", text)),
    "wildcard": lambda self, body: self._one(body, "wildcard", _wildcard),
}
