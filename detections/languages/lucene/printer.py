"""Writes a tree of conditions as Lucene that reads back to the same tree (offsets and spelling aside)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, TypeGuard

from detections.languages.lucene.lowering import OPTIONAL
from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Test

_RANGES = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SHAPES = {"startswith": "{}*", "endswith": "*{}", "contains": "*{}*"}
_SPECIAL = re.compile(r"[^\w.@]")
_SPECIAL_IN_NAME = re.compile(r"^-|[^\w.@-]")
_PATTERN = re.compile(r"\\[*?\\]|[\s\S]")
_WORDS = frozenset({"AND", "OR", "NOT", "TO"})


class _Bare(NamedTuple):
    """A condition of which only the value is written: the field stands before the list; `grouped` in brackets."""

    node: Condition
    grouped: bool


_Part: TypeAlias = "str | Node | _Bare"


def printed(tree: Node | None) -> str:
    """The query of a tree. Raises `ValueError` for a test that Lucene has no words for."""
    if tree is None:
        return "*"
    out: list[str] = []
    stack: list[_Part] = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, _Bare):
            value = _value(part.node.tests[0])
            out.append(f"({value})" if part.grouped else value)
        elif isinstance(part, Condition):
            out.append(_condition(part))
        else:
            stack.extend(reversed(_branch(part)))
    return "".join(out)


def _branch(branch: Branch) -> list[_Part]:
    if branch.kind not in ("and", "or", "not"):
        raise ValueError(f"Lucene has no {branch.kind}.")
    if branch.kind == "not":
        return ["NOT ", *_bracketed(branch.children[0])]
    if branch.label == OPTIONAL:
        branch = Branch("and", (branch,))
    single = next((inner for child in branch.children if _is_listed(inner := _inner(child))), None)
    if single is not None:
        return [f"{_name(single)}:(", *_signed(branch, " OR "), ")"]
    if any(_is_optional(child) for child in branch.children):
        return list(_signed(branch, " "))
    return list(_joined(branch))


def _joined(branch: Branch) -> Iterator[_Part]:
    """The children with their connective between them."""
    for index, child in enumerate(branch.children):
        yield f" {branch.kind.upper()} " if index else ""
        if branch.kind == "and" and _is_not(child):
            yield "NOT "
            child = child.children[0]
        yield from _bracketed(child)


def _signed(branch: Branch, connective: str) -> Iterator[_Part]:
    """The children with signs before them: optional ones, or values of the field before the list.

    An OR on either side makes a value one of several, whatever its sign; a whole test keeps what it says.
    """
    both = branch.kind == "and"
    optional = any(_is_optional(child) for child in branch.children)
    positive = sum(not (_is_not(child) or _is_optional(child)) for child in branch.children)
    if optional and not positive:  # beside something that is required, which says nothing
        yield f"+*:*{connective}"
    bare = False  # two values in a row would be one condition
    for index, child in enumerate(branch.children):
        yield connective if index else ""
        if both:
            required = optional or positive > 1
            yield "-" if _is_not(child) else "+" if required and not _is_optional(child) else ""
        node = _inner(child) if both else child
        if _is_listed(node):
            yield _Bare(node, bare)
            bare = True
        else:
            yield from _bracketed(node)
            bare = False


def _bracketed(node: Node) -> list[_Part]:
    return ["(", node, ")"] if isinstance(node, Branch) else [node]


def _inner(node: Node) -> Node:
    """What a NOT, or a mark of being optional, is about."""
    return node.children[0] if isinstance(node, Branch) and (_is_not(node) or _is_optional(node)) else node


def _is_not(node: Node) -> TypeGuard[Branch]:
    return isinstance(node, Branch) and node.kind == "not"


def _is_optional(node: Node) -> bool:
    return isinstance(node, Branch) and node.label == OPTIONAL


def _is_listed(node: Node) -> TypeGuard[Condition]:
    """Whether a node can only have come from a list of values: one value alone, yet with the operator of many."""
    return isinstance(node, Condition) and [test.operator for test in node.tests] == ["in"]


def _condition(condition: Condition) -> str:
    values = " OR ".join(_value(test) for test in condition.tests)
    if condition.field == KEYWORDS:
        return values
    return f"{_name(condition)}:({values})" if len(condition.tests) > 1 else f"{_name(condition)}:{values}"


def _value(test: Test) -> str:
    match test.operator:
        case "eq" | "in" | "match" | "cidr":
            return _quoted(test.value)
        case "exists":
            return "*"
        case "regex_match":
            return f"/{test.value.replace('/', chr(92) + '/')}/"
        case "lt" | "lte" | "gt" | "gte":
            return _RANGES[test.operator] + _quoted(test.value)
        case "startswith" | "endswith" | "contains":
            return _SHAPES[test.operator].format(_SPECIAL.sub(r"\\\g<0>", test.value))
        case "wildcard":
            return _PATTERN.sub(lambda piece: _kept(piece.group()), test.value)
    raise ValueError(f"Lucene has no test {test.operator}.")


def _kept(piece: str) -> str:
    return piece if len(piece) == 2 or piece in "*?" else _SPECIAL.sub(r"\\\g<0>", piece)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(condition: Condition) -> str:
    name = condition.field
    return f"\\{name}" if name in _WORDS else _SPECIAL_IN_NAME.sub(r"\\\g<0>", name)
