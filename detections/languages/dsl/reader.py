"""Elasticsearch's query DSL, as Elastic's rules and Kibana's filters write it: JSON -> tree of conditions.

A text is one filter or a list of them, which are ANDed: `{"meta": {"negate": true}, "query": {...}}`. Nothing has a
place in the rule's own query, so offsets are 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

from detections.documents.decoding import unstorable
from detections.documents.problem import Problem, Severity
from detections.languages.shapes import ANY, ONE, shape
from detections.languages.tree import Branch, Condition, Node, Operator, Parse, Reading, Test, join, moved

MAX_LENGTH = 256 * 1024
MAX_CLAUSES = 50  # one inside the other
MAX_NAME = 1000
MAX_PROBLEMS = 100
_PIECES = re.compile(r"\\(.)|([*?])", re.DOTALL)
_BOUNDS: dict[str, Operator] = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte", "from": "gte", "to": "lte"}
# What a clause says beside its value; none of it changes what is looked for.
_OPTIONS = frozenset({
    "boost", "_name", "case_insensitive", "rewrite", "minimum_should_match", "operator", "slop",
    "adjust_pure_negative",
})  # fmt: skip
_GROUPS = ("must", "filter", "should", "must_not")
_OF_LUCENE = re.compile(r"[^\w.*@]")

Readers: TypeAlias = Mapping[str, Callable[..., Reading]]


def read(text: str, embedded: Readers | None = None) -> Reading:
    """What filters say. Never raises: a clause that is not understood is a problem, and the rest is read.

    `embedded` maps "lucene", the language of `query_string`, to its reader.
    """
    if len(text) > MAX_LENGTH:
        return Reading(None, "none", (Problem(f"The filters have more than {MAX_LENGTH} characters."),))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Reading(None, "none", (Problem(f"The filters are no JSON: {error}."),))
    filters = _Filters(embedded or {})
    nodes = [node for one in (value if isinstance(value, list) else [value]) for node in filters.read(one)]
    tree = join("and", nodes) if nodes else None
    parse: Parse = "full" if not filters.incomplete else "partial" if tree else "none"
    return Reading(tree, parse, tuple(filters.problems))


class _Filters:
    """Reads clause by clause; what it does not know goes to `problems`."""

    def __init__(self, embedded: Readers) -> None:
        self.embedded = embedded
        self.problems: list[Problem] = []
        self.incomplete = False
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
        if not isinstance(query, dict) or not query or self.depth == MAX_CLAUSES:
            return self._refuse(query)
        self.depth += 1
        nodes = []
        for name, body in query.items():
            node = self._clause(name, body)
            if node is not None:
                nodes.append(node)
        self.depth -= 1
        return join("and", nodes) if nodes else None

    def _clause(self, name: str, body: Any) -> Node | None:
        if name in _OF_FIELDS:
            return self._fields(name, body, _OF_FIELDS[name])
        return _CLAUSES[name](self, body) if name in _CLAUSES else self._refuse({name: body})

    def _bool(self, body: Any) -> Node | None:
        if not isinstance(body, dict):
            return self._refuse({"bool": body})
        for name, held in body.items():
            if name not in _GROUPS and name not in _OPTIONS:
                self._refuse({"bool": {name: held}})
        groups = {name: self._list(body.get(name)) for name in _GROUPS}
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
        return Condition(field, (Test("exists"),)) if _is_name(field) else self._refuse({"exists": body})

    def _range(self, field: str, bounds: Any) -> Iterator[Node]:
        for name, value in bounds.items() if isinstance(bounds, dict) else ():
            text = _text(value)
            if name in _BOUNDS and text is not None:
                yield Condition(field, (Test(_BOUNDS[name], text),))
            elif name in _BOUNDS and value is not None:
                self._refuse({"range": {field: {name: value}}})

    def _terms(self, field: str, values: Any) -> Iterator[Node]:
        members = values if isinstance(values, list) else []
        operator: Operator = "in" if len(members) > 1 else "eq"
        tests = tuple(Test(operator, text) for member in members if (text := _text(member)) is not None)
        if tests and len(tests) < len(members):
            self._refuse({"terms": {field: [member for member in members if _text(member) is None]}})
        if tests:
            yield Condition(field, tests)

    def _query_string(self, body: Any) -> Node | None:
        """A query in Lucene; what names no field in it is asked of the default field, if there is one."""
        query, read = body.get("query") if isinstance(body, Mapping) else None, self.embedded.get("lucene")
        if not isinstance(query, str) or unstorable(query) or read is None:
            return self._refuse({"query_string": body})
        fields = body.get("fields") or body.get("default_field")
        field = fields[0] if isinstance(fields, list) and len(fields) == 1 else fields
        if isinstance(field, str) and field not in ("", "*"):
            query = f"{_OF_LUCENE.sub(lambda sign: chr(92) + sign[0], field)}:({query})"
        reading = read(query, "AND" if str(body.get("default_operator")).upper() == "AND" else "OR")
        for problem in reading.problems:
            self._tell(problem.message, problem.snippet or query, problem.severity)
        return moved(reading.tree, lambda start, end: (0, 0)) if reading.tree else None

    def _fields(self, name: str, body: Any, tests: Callable[[_Filters, str, Any], Iterable[Node]]) -> Node | None:
        """The conditions of the clause `name`, {field: what is asked of it}."""
        named = [(field, held) for field, held in body.items() if field not in _OPTIONS] if _is_map(body) else []
        if not named:
            return self._refuse({name: body})
        found: list[Node] = []
        for field, held in named:
            nodes = list(tests(self, field, held)) if _is_name(field) else []
            if not nodes:
                self._refuse({name: {field: held}})
            found += nodes
        return join("and", found) if found else None

    def _refuse(self, clause: Any) -> Node | None:
        """No condition, and a problem that shows the clause."""
        try:
            shown = json.dumps(clause, ensure_ascii=True)
        except RecursionError:
            shown = "{...}"
        self._tell("This part of the filters is not understood; it was left out.", shown, "error")
        return None

    def _tell(self, message: str, snippet: str, severity: Severity) -> None:
        self.incomplete = self.incomplete or severity == "error"
        if len(self.problems) == MAX_PROBLEMS - 1:
            message, snippet = "There are more findings in these filters than are listed here.", ""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(message, snippet=snippet[:160], severity=severity))


def _is_map(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= MAX_NAME and not unstorable(value)


def _text(value: Any) -> str | None:
    """A value as text; None for what is no value, or cannot be stored."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) and not unstorable(value) else None


def _single(test: Callable[[str], Test]) -> Callable[[_Filters, str, Any], Iterator[Node]]:
    """Reads what is asked of a field as one value: as it is, or in a map of its own."""

    def conditions(_: _Filters, field: str, held: Any) -> Iterator[Node]:
        if isinstance(held, dict):
            held = next((held[key] for key in ("value", "query", "wildcard") if key in held), None)
        text = _text(held)
        if text is not None:
            yield Condition(field, (test(text),))

    return conditions


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
    "match_all": lambda self, body: None,
    "query_string": _Filters._query_string,
}
# Clauses of the form {field: what is asked of it}.
_OF_FIELDS: dict[str, Callable[[_Filters, str, Any], Iterable[Node]]] = {
    "range": _Filters._range,
    "terms": _Filters._terms,
    "term": _single(lambda text: Test("eq", text)),
    "match": _single(lambda text: Test("eq", text)),
    "match_phrase": _single(lambda text: Test("eq", text)),
    "prefix": _single(lambda text: Test("startswith", text)),
    "regexp": _single(lambda text: Test("regex_match", text)),
    "wildcard": _single(_wildcard),
}
