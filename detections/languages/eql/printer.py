"""Writes a tree of conditions as EQL that reads back to the same tree (offsets and spelling aside)."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from detections.languages.constants import number_text
from detections.languages.eql.expressions import ticked
from detections.languages.eql.keywords import KEYWORDS
from detections.languages.tree import Branch, Condition, Node, Test

_RANGES = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_FUNCTIONS = {"startswith": "startsWith", "endswith": "endsWith", "contains": "stringContains"}
_SHAPES = {"startswith": "{}*", "endswith": "*{}", "contains": "*{}*", "exists": "*"}
_SIGNS = {"": "==", "like": ":", "regex": "regex"}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


class _Event(NamedTuple):
    """A condition with its category before it; `node` is None when every event is meant."""

    node: Node | None


_Part: TypeAlias = "str | Node | _Event"


def printed(tree: Node | None) -> str:
    """The query of a tree. Raises `ValueError` for a test that EQL has no words for."""
    series = isinstance(tree, Branch) and tree.kind in ("sequence", "sample", "join")
    out: list[str] = []
    stack: list[_Part] = [tree if series and tree is not None else _Event(tree)]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Event):
            condition: _Part = "true" if part.node is None else part.node
            stack.extend((condition, f"{_category(part.node)} where "))
        elif isinstance(part, Condition):
            out.append(_condition(part))
        else:
            stack.extend(reversed(_branch(part)))
    return "".join(out)


def _branch(branch: Branch) -> list[_Part]:
    match branch.kind:
        case "sequence" | "sample" | "join":
            out: list[_Part] = [branch.kind, f" {branch.label}" if branch.label else ""]
            for child in branch.children:
                out += ["\n  ", child]
            return out
        case "step":
            node = branch.children[0] if branch.children else None
            missing = isinstance(node, Branch) and node.label == "missing event"
            if missing and isinstance(node, Branch):
                node = node.children[0]
            return ["![" if missing else "[", _Event(node), "]", f" {branch.label}" if branch.label else ""]
        case "not":
            child = branch.children[0]
            if isinstance(child, Condition) and [test.operator for test in child.tests] == ["exists"]:
                return [f"{_name(child)} == null"]
            return ["not ", *_bracketed(child)]
    if branch.label:
        return [f"{branch.label} [", _Event(branch.children[0]), "]"]
    first = branch.children[0]
    if branch.kind == "or" and isinstance(first, Condition) and [test.operator for test in first.tests] == ["in"]:
        absent = ", null" * (len(branch.children) - 1)
        return [f"{_name(first)} in ({_operand(first.tests[0])}{absent})"]
    parts: list[_Part] = []
    for child in branch.children:
        parts += [f" {branch.kind} ", *_bracketed(child)] if parts else _bracketed(child)
    return parts


def _bracketed(node: Node) -> list[_Part]:
    grouped = isinstance(node, Branch) and node.kind in ("and", "or") and not node.label
    return ["(", node, ")"] if grouped else [node]


def _category(node: Node | None) -> str:
    """The category of the event query that a node is the condition of: its own conditions carry it."""
    stack = [] if node is None else [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Condition):
            word = current.context
            if not word:
                return "any"
            return word if _WORD.fullmatch(word) and word != "any" and word not in KEYWORDS else _quoted(word)
        if not (current.label and current.kind == "and"):
            stack.extend(reversed(current.children))
    return "any"


def _condition(condition: Condition) -> str:
    name, tests = _name(condition), condition.tests
    if len(tests) == 1:
        return _single(name, tests[0])
    operators = {test.operator for test in tests}
    values = ", ".join(_operand(test) for test in tests)
    comparators = {test.comparator for test in tests if test.operator == "fieldref"}
    for comparator in comparators - {""} - set(_SIGNS):
        return f"{comparator}({name}, {values})"
    if "cidr" in operators:
        return f"cidrMatch({name}, {values})"
    if "regex_match" in operators or "regex" in comparators:
        return f"{name} regex ({values})"
    if operators <= {"in", "fieldref"} and "like" not in comparators:
        return f"{name} in ({values})"
    return f"{name} : ({', '.join(_pattern(test) for test in tests)})"


def _single(name: str, test: Test) -> str:
    operator = test.operator
    match operator:
        case "eq" | "in":
            return f"{name} == {_operand(test)}"
        case "gt" | "gte" | "lt" | "lte":
            return f"{name} {_RANGES[operator]} {_operand(test)}"
        case "exists":
            return f"{name} != null"
        case "wildcard":
            return f"{name} : {_quoted(test.value)}"
        case "startswith" | "endswith" | "contains":
            if "*" in test.value or "?" in test.value:
                return f"{_FUNCTIONS[operator]}({name}, {_quoted(test.value)})"
            return f"{name} : {_pattern(test)}"
        case "regex_match":
            return f"{name} regex {_quoted(test.value)}"
        case "cidr":
            return f"cidrMatch({name}, {_quoted(test.value)})"
        case "fieldref":
            if _WORD.fullmatch(test.comparator) and test.comparator not in _SIGNS:
                return f"{test.comparator}({name}, {_reference(test.value)})"
            return f"{name} {_SIGNS.get(test.comparator, test.comparator)} {_reference(test.value)}"
    raise ValueError(f"EQL has no test {operator}.")


def _pattern(test: Test) -> str:
    if test.operator == "fieldref":
        return _reference(test.value)
    return _quoted(_SHAPES.get(test.operator, "{}").format(test.value))


def _operand(test: Test) -> str:
    if test.operator == "fieldref":
        return _reference(test.value)
    if test.value in ("true", "false"):
        return test.value
    if test.operator not in ("cidr", "regex_match") and _NUMBER.fullmatch(test.value):
        sign, digits = ("-", test.value[1:]) if test.value[0] == "-" else ("", test.value)
        if sign + number_text(digits) == test.value:
            return test.value
    return _quoted(test.value)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _name(condition: Condition) -> str:
    return condition.field if condition.derived else ticked(condition.field)


def _reference(value: str) -> str:
    """The other side of a field reference: an expression as it is, a field with backticks where it needs them."""
    return value if " " in value or "(" in value else ticked(value)
