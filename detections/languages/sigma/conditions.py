"""The condition of a Sigma rule: which selections have to hold, as pySigma parses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from pyparsing import ParseException
from sigma.conditions import ConditionAND, ConditionIdentifier, ConditionItem, ConditionNOT, ConditionSelector
from sigma.conditions import condition as grammar

from detections.documents.problem import Severity
from detections.languages.tree import Branch, Node

MAX_NESTING = 100
MAX_LENGTH = 20_000

_WORDS = re.compile(r"[\w*-]+|[()]")
_UPPER_CASE = re.compile(r"\b(AND|OR|NOT|OF|ALL|ANY|THEM)\b")


class Fault(NamedTuple):
    """What is wrong with a condition, and where in its own text."""

    start: int
    end: int
    message: str
    severity: Severity = "error"


class Expression(NamedTuple):
    """A parsed condition: pySigma's tree (None when nothing could be read) and what was wrong."""

    tree: ConditionItem | None
    faults: tuple[Fault, ...] = ()


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Parse one condition. Never raises; the same text gives the same tree, which nobody may change.

    The old aggregations (`selection | count() > 5`) are cut off, with a note. What cannot be parsed is left out
    from its place on when what stands before it makes sense alone.
    """
    if len(text) > MAX_LENGTH:
        message = f"The condition is longer than {MAX_LENGTH} characters. Use `1 of selection_*`."
        return Expression(None, (Fault(0, len(text), message),))
    if _nesting(text) > MAX_NESTING:
        message = f"The condition is nested more than {MAX_NESTING} deep. Flatten it."
        return Expression(None, (Fault(0, len(text), message),))
    faults = []
    upper = _UPPER_CASE.search(text)
    if upper:
        message = f"Sigma writes {upper[0].lower()!r} in small letters."
        faults.append(Fault(*upper.span(), message, "warning"))
        text = _UPPER_CASE.sub(lambda word: word[0].lower(), text)
    pipe = text.find("|")
    if pipe >= 0:
        message = (
            "Aggregation stripped: Sigma dropped this old syntax for correlation rules; what stands behind the pipe is "
            "no test of an event."
        )
        faults.append(Fault(pipe, len(text), message, "note"))
        text = text[:pipe]
    tree, fault = _parsed(text)
    return Expression(tree, (*faults, fault) if fault else tuple(faults))


def _parsed(text: str) -> tuple[ConditionItem | None, Fault | None]:
    if not text.strip():
        return None, Fault(0, len(text), "The condition is empty. Name a selection.")
    try:
        return _root(grammar.parse_string(text, parse_all=True)), None
    except ParseException as error:
        place = min(error.loc, len(text))
    except RecursionError:
        return None, Fault(0, len(text), "The condition is nested too deep. Flatten it.")
    rest = text[place:].strip()
    read = text[:place]
    message = f"The condition cannot be read from {rest[:40]!r} on." if rest else "The condition ends too early."
    fault = Fault(min(place, len(text.rstrip()) - 1), len(text.rstrip()), message)
    if not rest or (read and not read[-1].isspace() and text[place] != ")"):
        return None, fault  # the end of the text is missing, or a word was cut in two
    try:
        return _root(grammar.parse_string(read, parse_all=True)), fault
    except ParseException:
        return None, fault


def _root(parsed: Any) -> ConditionItem:
    tree: ConditionItem = parsed[0]
    return tree


def _nesting(text: str) -> int:
    """How deep parentheses and successive `not` go, without parsing."""
    deepest = depth = successive = 0
    for word in _WORDS.findall(text):
        if word == "(":
            depth += 1
        elif word == ")":
            depth = max(0, depth - 1)
        successive = successive + 1 if word.lower() == "not" else (successive if word == "(" else 0)
        deepest = max(deepest, depth + successive)
    return deepest


class Lowering(NamedTuple):
    """How a condition's tree becomes the shared tree of conditions.

    `resolve` gives the branch of a selection (None with a problem of its own when it cannot be read), `names` are
    the rule's selections, `complain` takes a word of the condition and what is wrong with it. `start` and `end`
    bound the condition in the rule's text: pySigma keeps no places inside it.
    """

    resolve: Callable[[str], Node | None]
    names: tuple[str, ...]
    complain: Callable[[str, str, Severity], None]
    start: int
    end: int

    def lower(self, item: Any) -> Node | None:
        """The tree below one item of pySigma's; what cannot be resolved is left out."""
        if isinstance(item, ConditionIdentifier):
            return self._identifier(item.identifier)
        if isinstance(item, ConditionSelector):
            return self._selector(item)
        found = [child for child in map(self.lower, item.args) if child is not None]
        if isinstance(item, ConditionNOT):
            return Branch("not", (found[0],), start=self.start, end=self.end) if found else None
        return self._branch(isinstance(item, ConditionAND), found)

    def _identifier(self, name: str) -> Node | None:
        if name not in self.names:
            self.complain(name, f"The condition names the selection {name!r}, which the rule does not have.", "error")
            return None
        return self.resolve(name)

    def _selector(self, item: ConditionSelector) -> Node | None:
        names = [name for name in self.names if _selects(item.pattern, name)]
        label = f"{item.args[0]} of {item.pattern}"
        if not names:
            self.complain(item.pattern, f"`{label}` matches no selection of the rule.", "warning")
            return None
        found = [node for node in map(self.resolve, names) if node is not None]
        every = item.cond_class is ConditionAND
        return self._branch(every, found, label, wrap=True)

    def _branch(self, every: bool, children: Iterable[Node], label: str = "", wrap: bool = False) -> Node | None:
        found = tuple(children)
        if not found:
            return None
        if len(found) == 1 and not wrap:
            return found[0]
        return Branch("and" if every else "or", found, label, self.start, self.end)


def _selects(pattern: str, name: str) -> bool:
    """Whether the pattern of a `1 of` names a selection: `them` and patterns skip names that begin with `_`."""
    if name.startswith("_") and not pattern.startswith("_"):
        return False
    if pattern == "them":
        return True
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    if not name.startswith(first):
        return False
    place = len(first)
    for part in others[:-1]:  # the leftmost place for each part leaves most for the others
        place = name.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return name.endswith(others[-1]) and len(name) - len(others[-1]) >= place
