"""A rule's tree of conditions as a nested list that folds, and reads as it stands without scripts.

Built without recursion: a tree may be as deep as the engine allows, and a template that includes itself would not
survive it.
"""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from catalog.pages.marking import Json

SHOWN_VALUES = 12
OPEN_DEPTH = 4  # branches below stand folded
CONNECTIVES = {
    "and": "all of", "or": "any of", "not": "not", "step": "step", "sequence": "sequence, in this order",
    "sample": "sample, in any order", "join": "join, in any order",
}  # fmt: skip
ORDERED = frozenset({"sequence", "sample", "join"})


def tree_list(tree: Json | None, text_at: str = "", end: int = 0) -> SafeString:
    """The tree as nested `<ul>`; a condition leads to its mark in the text.

    Where the page shows the text up to the offset `end` alone, marks behind it are on the page `text_at`.
    """
    if tree is None:
        return mark_safe("")
    out: list[str] = ['<ul class="tree">']
    stack: list[Any] = [(tree, False, 0, 0)]
    number = 0
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        node, negated, depth, step = item
        if node["kind"] == "condition":
            number += 1
            out.append(_condition_row(node, negated, number, text_at if node["start"] >= end else ""))
            continue
        children = node["children"]
        out.append(_branch(node, depth, step))
        stack.append("</ul></details></li>")
        below = negated != (node["kind"] == "not")
        steps = range(1, len(children) + 1) if node["kind"] in ORDERED else [0] * len(children)
        stack.extend(
            (child, below, depth + 1, place) for child, place in reversed(list(zip(children, steps, strict=True)))
        )
    out.append("</ul>")
    return mark_safe("".join(out))  # noqa: S308 every part went through format_html


def _branch(node: Json, depth: int, step: int) -> SafeString:
    word = CONNECTIVES.get(node["kind"], node["kind"])
    label = format_html(' <span class="label">{}</span>', node["label"]) if node.get("label") else ""
    opened = mark_safe(" open") if depth < OPEN_DEPTH else ""
    return format_html(
        '<li class="branch {}"><details{}><summary><span class="connective">{}{}</span>{}</summary><ul>',
        node["kind"], opened, word, f" {step}" if step else "", label,
    )  # fmt: skip


def _condition_row(node: Json, negated: bool, number: int, marks_at: str) -> SafeString:
    kind = "excluded" if negated else node["role"]
    tests = node["tests"]
    said = [_test_words(test) for test in tests[:SHOWN_VALUES]]
    if len(tests) > SHOWN_VALUES:
        said.append(format_html('<span class="dim">and {} more</span>', f"{len(tests) - SHOWN_VALUES:,}"))
    operators = " / ".join(dict.fromkeys(test["operator"] for test in tests))
    derived = format_html(' <span class="badge derived">{}</span>', node["derived"]) if node.get("derived") else ""
    field = format_html('<span class="field">{}</span>', node["field"])
    if node["end"] > node["start"]:
        field = format_html('<a class="field" href="{}#c{}">{}</a>', marks_at, number, node["field"])
    return format_html(
        '<li class="condition {}">{} <span class="operator">{}</span> {}{}</li>',
        kind, field, operators, mark_safe(" ".join(said)), derived,  # noqa: S308 each part is escaped
    )  # fmt: skip


def _test_words(test: Json) -> SafeString:
    if test["operator"] == "exists":
        return mark_safe("")
    comparator = format_html('<span class="dim">{}</span> ', test["comparator"]) if test.get("comparator") else ""
    value = test["value"] if len(test["value"]) <= 200 else f"{test['value'][:199]}…"
    return format_html('{}<span class="value">{}</span>', comparator, value)
