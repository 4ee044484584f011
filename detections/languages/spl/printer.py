"""Writes a tree of conditions as SPL that reads back to the same tree (offsets, paths and spelling aside).

What the search grammar can say stands in `search`, what only the eval grammar can (a literal star, a regular
expression, one field against another) in `where`; the parts of an AND can each have their own command.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from detections.languages.spl.commands import MODIFIERS
from detections.languages.spl.search import MACRO, RAW
from detections.languages.spl.values import likened, searched
from detections.languages.tree import Branch, Condition, Node, Operator, Test, walk

_SIGNS: dict[str, str] = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EDGES: dict[Operator, tuple[str, str]] = {"startswith": ("", "*"), "endswith": ("*", ""), "contains": ("*", "*")}
_SIMPLE = re.compile(r"[A-Za-z_@][\w.@{}-]*")
_NAMED = re.compile(r"[^\"'\n\\(*]+")
_RESERVED = frozenset({"AND", "OR", "NOT", "IN"})

_Writer = Callable[[Condition], str]


def printed(tree: Node | None) -> str:
    """The search of a tree. Raises `ValueError` for what SPL has no words for, or only in columns made before."""
    if tree is None:
        return "*"
    parts: list[Node] = [tree]
    if isinstance(tree, Branch) and tree.kind == "and" and not tree.label and not _all(tree, _is_searchable):
        parts = list(tree.children)
    commands = [_command(part) for part in parts]
    if not commands[0].startswith("search "):
        commands[0] = f"| {commands[0]}"
    return " | ".join(commands)


def _command(node: Node) -> str:
    if _all(node, _is_searchable):
        return f"search {_expression(node, _searched_condition)}"
    return f"where {_expression(node, _where_condition)}"


def _all(node: Node, holds: Callable[[Condition], bool]) -> bool:
    return all(holds(condition) for condition, _ in walk(node))


def _expression(root: Node, write: _Writer) -> str:
    """The connectives, each in brackets below another; on a stack of its own, so that depth is no matter."""
    out: list[str] = []
    stack: list[str | Node] = [root]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Condition):
            out.append(write(part))
        else:
            stack.extend(reversed(_branch(part)))
    return "".join(out)


def _branch(branch: Branch) -> list[str | Node]:
    if branch.label or branch.kind not in ("and", "or", "not"):
        raise ValueError(f"A {branch.label or branch.kind} cannot be written as an expression.")
    if branch.kind == "not":
        return ["NOT ", *_bracketed(branch.children[0])]
    parts: list[str | Node] = []
    for child in branch.children:
        parts += [f" {branch.kind.upper()} ", *_bracketed(child)] if parts else _bracketed(child)
    return parts


def _bracketed(node: Node) -> list[str | Node]:
    grouped = isinstance(node, Branch) and node.kind != "not"
    return ["(", node, ")"] if grouped else [node]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# The search grammar


def _pattern(test: Test) -> str:
    before, behind = _EDGES.get(test.operator, ("", ""))
    return "*" if test.operator == "exists" else f"{before}{test.value}{behind}"


def _like_pattern(test: Test) -> str:
    if test.operator == "wildcard":
        return test.value.replace("*", "%")
    before, behind = _EDGES.get(test.operator, ("", ""))
    return f"{before.replace('*', '%')}{test.value}{behind.replace('*', '%')}"


def _is_searchable(condition: Condition) -> bool:
    """Whether the search grammar can say a condition."""
    field, tests = condition.field, condition.tests
    if condition.derived or not _NAMED.fullmatch(field) or field.lower() in MODIFIERS or field in _RESERVED:
        return False
    if len(tests) == 1 and tests[0].operator in _SIGNS and tests[0].operator != "eq":
        return True
    if field in (RAW, MACRO) and len(tests) == 1 and tests[0].operator == "match":
        return True
    plain: Operator = "in" if len(tests) > 1 else "eq"
    return all(searched(_pattern(test), plain) == (test.operator, test.value) for test in tests)


def _searched_condition(condition: Condition) -> str:
    test = condition.tests[0]
    if test.operator == "match":
        return f"`{test.value}`" if condition.field == MACRO else _quoted(test.value)
    name = condition.field if _SIMPLE.fullmatch(condition.field) else f'"{condition.field}"'
    if len(condition.tests) > 1:
        return f"{name} IN ({', '.join(_quoted(_pattern(member)) for member in condition.tests)})"
    return f"{name}{_SIGNS.get(test.operator, '=')}{_quoted(_pattern(test))}"


# The eval grammar


def _where_condition(condition: Condition) -> str:
    if condition.field == MACRO:
        return f"`{condition.tests[0].value}`"
    known = "compare" if condition.tests[0].operator == "fieldref" else ""
    if condition.derived != known or not _NAMED.fullmatch(condition.field):
        raise ValueError(f"The column {condition.field} is computed by commands before.")
    name, tests = f"'{condition.field}'", condition.tests
    if all(test.operator == "in" for test in tests) and len(tests) > 1:
        return f"{name} IN ({', '.join(_quoted(test.value) for test in tests)})"
    if len(tests) > 1:
        raise ValueError("The eval grammar has no list of patterns.")
    return _where_test(name, tests[0])


def _where_test(name: str, test: Test) -> str:
    value = _quoted(test.value)
    match test.operator:
        case "eq" | "gt" | "gte" | "lt" | "lte":
            return f"{name}{_SIGNS[test.operator]}{value}"
        case "exists":
            return f"isnotnull({name})"
        case "regex_match":
            return f"match({name}, {value})"
        case "cidr":
            return f"cidrmatch({value}, {name})"
        case "match" if name == f"'{RAW}'":
            return f"searchmatch({value})"
        case "fieldref":
            return _comparison(name, test)
    pattern = _like_pattern(test)
    if likened(pattern) != (test.operator, test.value):
        raise ValueError(f"The eval grammar cannot say {test.operator} {test.value!r}.")
    return f"like({name}, {_quoted(pattern)})"


def _comparison(name: str, test: Test) -> str:
    other = f"'{test.value}'"
    match test.comparator:
        case "match" | "like":
            return f"{test.comparator}({name}, {other})"
        case "cidrmatch":
            return f"cidrmatch({other}, {name})"
    return f"{name}{_SIGNS[test.comparator or 'eq']}{other}"
