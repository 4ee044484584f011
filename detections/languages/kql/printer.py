"""Writes a tree of conditions as KQL that reads back to the same tree (offsets and spelling aside)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Test

_RANGES = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SPECIAL = re.compile(r'[\\():<>"*{}]')
_BLANKS = str.maketrans({"\t": r"\t", "\r": r"\r", "\n": r"\u000a"})
_PATTERN = re.compile(r"\\[\\*]|[\s\S]")
_SIMPLE_FIELD = re.compile(r"[\w.@*-]+")
_KEYWORD = re.compile(r"(?i)(?<![^ \xa0])(and|or|not)(?![^ \xa0])")


class _Member(NamedTuple):
    """A node that is written as a part of its field's list of values."""

    node: Node


_Part: TypeAlias = "str | Node | _Member"


def printed(tree: Node | None) -> str:
    """The query of a tree. Raises `ValueError` for a test that KQL has no words for."""
    if tree is None:
        return "*"
    out: list[str] = []
    stack: list[_Part] = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Member):
            stack.extend(reversed(_member(part.node)))
        elif isinstance(part, Condition):
            out.append(_condition(part))
        else:
            stack.extend(reversed(_branch(part)))
    return "".join(out)


def _branch(branch: Branch) -> list[_Part]:
    if branch.kind == "not":
        return ["not ", *_bracketed(branch.children[0])]
    if branch.kind == "or" and any(_is_list_member(child) for child in branch.children):
        first: Node = branch
        while isinstance(first, Branch):
            first = first.children[0]
        return [f"{_field(first.field)}:(", *_joined([[_Member(child)] for child in branch.children], "or"), ")"]
    if branch.kind not in ("and", "or"):
        raise ValueError(f"KQL has no {branch.kind}.")
    return _joined([_bracketed(child) for child in branch.children], branch.kind)


def _bracketed(node: Node) -> list[_Part]:
    grouped = isinstance(node, Branch) and node.kind != "not"
    return ["(", node, ")"] if grouped else [node]


def _joined(parts: Sequence[list[_Part]], connective: str) -> list[_Part]:
    out: list[_Part] = []
    for part in parts:
        out += [f" {connective} ", *part] if out else part
    return out


def _is_list_member(node: Node) -> bool:
    """Whether a node can only have come from a list of values: one value alone, yet with the operator of many."""
    while isinstance(node, Branch) and node.kind == "not":
        node = node.children[0]
    return isinstance(node, Condition) and len(node.tests) == 1 and node.tests[0].operator == "in"


def _member(node: Node) -> list[_Part]:
    if isinstance(node, Condition):
        return [" or ".join(_value(test) for test in node.tests)]
    if node.kind == "not":
        child = node.children[0]
        single = (isinstance(child, Condition) and len(child.tests) == 1) or _is_not(child)
        return ["not ", _Member(child)] if single else ["not (", _Member(child), ")"]
    members: list[list[_Part]] = []
    for child in node.children:
        several = len(child.tests) > 1 if isinstance(child, Condition) else child.kind != "not"
        members.append(["(", _Member(child), ")"] if several else [_Member(child)])
    return _joined(members, node.kind)


def _is_not(node: Node) -> bool:
    return isinstance(node, Branch) and node.kind == "not"


def _condition(condition: Condition) -> str:
    tests = condition.tests
    if condition.field == KEYWORDS:
        return " or ".join(_quoted(test.value) for test in tests)
    field = _field(condition.field)
    if len(tests) > 1:
        return f"{field}:({' or '.join(_value(test) for test in tests)})"
    sign = _RANGES.get(tests[0].operator)
    return f"{field} {sign} {_quoted(tests[0].value)}" if sign else f"{field}:{_value(tests[0])}"


def _value(test: Test) -> str:
    match test.operator:
        case "eq" | "in":
            return _quoted(test.value)
        case "exists":
            return "*"
        case "startswith":
            return _words(_escaped(test.value) + "*")
        case "endswith":
            return _words("*" + _escaped(test.value))
        case "contains":
            return _words("*" + _escaped(test.value) + "*")
        case "wildcard":
            return _words("".join(_kept(match.group()) for match in _PATTERN.finditer(test.value)))
    raise ValueError(f"KQL has no test {test.operator}.")


def _kept(piece: str) -> str:
    return piece if len(piece) == 2 or piece == "*" else _escaped(piece)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match.group(), text).translate(_BLANKS)


def _words(text: str) -> str:
    return _KEYWORD.sub(lambda match: "\\" + match.group(), text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str) -> str:
    simple = _SIMPLE_FIELD.fullmatch(name) and name.lower() not in ("and", "or", "not")
    return name if simple else _quoted(name)
