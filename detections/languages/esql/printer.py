"""Writes a tree of conditions as ES|QL that reads back to the same tree (offsets and spelling aside).

A tree does not tell an expression on the right (`NOW() - 1 hour`) from a text: it is written as a text. Nor does it
tell how a column was computed, but why and from which fields: a command that makes it so stands before its first test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from detections.languages.constants import number_text
from detections.languages.esql.columns import Columns, dissect_names
from detections.languages.esql.expressions import MAX_NAME, ticked
from detections.languages.esql.nodes import Column
from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Test, walk

# By operator, or by the comparator of a fieldref; a sign of comparison is its own comparator.
_SIGNS = {
    "eq": "==", "": "==", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "match": ":",
    "wildcard": "LIKE", "startswith": "LIKE", "endswith": "LIKE", "contains": "LIKE", "like": "LIKE",
    "regex_match": "RLIKE", "rlike": "RLIKE",
}  # fmt: skip
_SHAPES = {"startswith": "{}*", "endswith": "*{}", "contains": "*{}*", "exists": "*"}
_FUNCTIONS = {"startswith": "STARTS_WITH", "endswith": "ENDS_WITH", "contains": "CONTAINS"}
_LISTS = (
    (frozenset({"in", ""}), "IN"),
    (frozenset({"in", "wildcard", "startswith", "endswith", "contains", "exists", "like"}), "LIKE"),
    (frozenset({"regex_match", "rlike"}), "RLIKE"),
)
# Why a column is computed -> a command that makes it of something.
_MADE = {
    "eval": "EVAL {name} = {source}",
    "stats": "INLINE STATS {name} = VALUES({source})",
    "grok": "DISSECT {source} {pattern}",
    "lookup": "ENRICH policy ON {source} WITH {name}",
}
_NAMED = re.compile(r"[^\n]+")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_SPECIAL = re.compile(r"[*?\\]")
_PATTERN = re.compile(r"(?:[^\\]|\\[*?\\])*")

_Part: TypeAlias = "str | Node"


def printed(tree: Node | None) -> str:
    """The query of a tree. Raises `ValueError` for what ES|QL has no words for."""
    parts: list[Node] = [] if tree is None else [tree]
    if isinstance(tree, Branch) and tree.kind == "and" and not tree.label and any(map(_is_computed, walk(tree))):
        parts = list(tree.children)
    columns, commands = Columns(), ["FROM *"]
    for part in parts:
        commands += _making(part, columns)
        commands.append(f"WHERE {_expression(part)}")
    return " | ".join(commands)


def _is_computed(found: tuple[Condition, bool]) -> bool:
    return found[0].derived not in ("", "compare", "function")


def _making(part: Node, columns: Columns) -> Iterator[str]:
    """The commands that make the computed columns of a part of the query, as far as they are not made yet."""
    for condition, _ in walk(part):
        name, kind, base = condition.field, condition.derived, condition.base_fields
        if not _is_computed((condition, False)):
            if kind != "function" and name in columns.known:
                raise ValueError(f"The column {name} is a field again after it was computed.")
            continue
        wanted = Column(kind, base)
        if columns.known.get(name) == wanted:
            continue
        pattern = f"%{{{name}}}"
        made = Column(kind, columns.base(base))
        if kind not in _MADE or made != wanted or (kind == "grok" and dissect_names(pattern) != [name]):
            raise ValueError(f"ES|QL cannot compute the column {name} here.")
        source = f"CONCAT({', '.join(map(_column, base))})" if base else "NOW()"
        columns.known[name] = made
        yield _MADE[kind].format(name=_column(name), source=source, pattern=_quoted(pattern))


def _expression(root: Node) -> str:
    """The connectives, on a stack of its own, so that depth is no matter."""
    out: list[str] = []
    stack: list[_Part] = [root]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Condition):
            out.append(_condition(part))
        else:
            stack.extend(reversed(_branch(part)))
    return "".join(out)


def _branch(branch: Branch) -> list[_Part]:
    if branch.label or branch.kind not in ("and", "or", "not"):
        raise ValueError(f"A {branch.label or branch.kind} cannot be written as an expression.")
    if branch.kind == "not":
        child = branch.children[0]
        if isinstance(child, Condition) and [test.operator for test in child.tests] == ["exists"]:
            return [f"{_subject(child)} IS NULL"]
        return ["NOT ", *_bracketed(child)]
    parts: list[_Part] = []
    for child in branch.children:
        parts += [f" {branch.kind.upper()} ", *_bracketed(child)] if parts else _bracketed(child)
    return parts


def _bracketed(node: Node) -> list[_Part]:
    grouped = isinstance(node, Branch) and node.kind != "not"
    return ["(", node, ")"] if grouped else [node]


def _condition(condition: Condition) -> str:
    tests = condition.tests
    said = {_said(test) for test in tests}
    if condition.field == KEYWORDS and said == {"match"}:
        return f"KQL({_quoted(' or '.join(_quoted(test.value) for test in tests))})"
    name = _subject(condition)
    if said == {"cidr"}:
        return f"CIDR_MATCH({name}, {', '.join(_text(test) for test in tests)})"
    if len(tests) == 1 and said != {"in"}:
        return _single(name, tests[0])
    for members, sign in _LISTS:
        if said <= members:
            values = [_right(test, sign) for test in tests]
            # A list of one would be a comparison: a null beside it, which nothing equals, keeps it a list.
            return f"{name} {sign} ({', '.join(values if len(values) > 1 else [*values, 'NULL'])})"
    raise ValueError(f"ES|QL has no list of {' and '.join(sorted(said))}.")


def _single(name: str, test: Test) -> str:
    said = _said(test)
    if said == "exists":
        return f"{name} IS NOT NULL"
    if test.operator == "fieldref" and said in _FUNCTIONS:
        return f"{_FUNCTIONS[said]}({name}, {_text(test)})"
    sign = _SIGNS.get(said, said)
    return f"{name} {sign} {_right(test, sign)}"


def _said(test: Test) -> str:
    return test.comparator if test.operator == "fieldref" else test.operator


def _right(test: Test, sign: str) -> str:
    if sign == "LIKE":
        return _pattern(test)
    return _text(test) if sign in ("RLIKE", ":") else _operand(test)


def _operand(test: Test) -> str:
    if test.operator != "fieldref":
        if test.value in ("true", "false"):
            return test.value
        digits = test.value.removeprefix("-")
        if _NUMBER.fullmatch(test.value) and number_text(digits) == digits:
            return test.value
    return _text(test)


def _pattern(test: Test) -> str:
    if test.operator == "fieldref":
        return _text(test)
    if test.operator == "wildcard":
        if not _PATTERN.fullmatch(test.value):
            raise ValueError(f"A backslash alone cannot stand in the pattern {test.value!r}.")
        return _quoted(test.value)
    return _quoted(_SHAPES.get(test.operator, "{}").format(_SPECIAL.sub(r"\\\g<0>", test.value)))


def _text(test: Test) -> str:
    return _column(test.value) if test.operator == "fieldref" else _quoted(test.value)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _subject(condition: Condition) -> str:
    """The left side: a column, or in brackets an expression, whose text must be whole to be read again."""
    if condition.derived == "function":
        if len(condition.field) >= MAX_NAME:
            raise ValueError(f"The expression {condition.field[:40]}... is longer than what is kept of it.")
        return f"({condition.field})"
    return _column(condition.field)


def _column(name: str) -> str:
    if not _NAMED.fullmatch(name):
        raise ValueError(f"ES|QL cannot name a column {name!r}.")
    return ticked(name)
