"""One selection of a Sigma rule as a branch of conditions: maps, lists of maps, keyword lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from sigma.exceptions import SigmaError, SigmaRegularExpressionError
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem
from sigma.types import SigmaNull, SigmaString, SigmaType

from detections.languages.sigma.spans import Findings, Spans, pairs
from detections.languages.sigma.values import TIME_PARTS, Written, read_value
from detections.languages.tree import KEYWORDS, Branch, Condition, Node, Test, join, negate

_TYPE_ERROR = re.compile(r"Modifier \w+ incompatible to value type of ")


@dataclass(slots=True)
class SelectionReader:
    """Reads the selections of one rule."""

    findings: Findings

    @property
    def spans(self) -> Spans:
        return self.findings.spans

    def read(self, name: str, node: yaml.Node, value: Any) -> Node | None:
        """The selection `name` as a branch that carries its name; None when nothing of it can be read."""
        found = self._definition(node, value)
        if found is None:
            return None
        start, end = self.spans.of(node)
        if isinstance(found, Branch) and not found.label and found.kind != "not":
            return Branch(found.kind, found.children, name, start, end)
        return Branch("and", (found,), name, start, end)

    def _definition(self, node: yaml.Node, value: Any) -> Node | None:
        if isinstance(node, yaml.MappingNode) and isinstance(value, dict):
            if not value:
                self.findings.add(node, "This selection is empty. Give it a field and a value.")
                return None
            found = pairs(node, value)
            if found is None:
                self.findings.add(node, "Two keys of this map are the same number. Put them in quotes.")
                return None
            return _joined("and", [self._item(key, below, held) for key, below, held in found])
        if isinstance(node, yaml.SequenceNode) and isinstance(value, list):
            if not value:
                self.findings.add(node, "This selection is empty. Give it a field and a value.")
                return None
            if any(isinstance(member, list | dict) for member in value):
                members = zip(node.value, value, strict=True)
                return _joined("or", [self._definition(below, held) for below, held in members])
            return self._item(None, node, value)
        if value is None:
            self.findings.add(node, "This selection is empty. Give it a field and a value.")
            return None
        return self._item(None, node, value)

    def _item(self, key: yaml.Node | None, node: yaml.Node, value: Any) -> Node | None:
        """One `field|modifier: values`, or keywords when there is no key."""
        written_key = key.value if isinstance(key, yaml.ScalarNode) else ""
        name, *modifiers = written_key.split("|")
        unknown = [modifier for modifier in modifiers if modifier not in modifier_mapping]
        if unknown:
            message = f"Sigma has no modifier {unknown[0]!r}: this test is left out."
            self.findings.add(key or node, message)
            return None
        start = self.spans.start(key or node)
        _, end = self.spans.of(node)
        if key is not None:
            end = max(end if self.spans.start(node) >= start else 0, self.spans.of(key)[1])
        item = _Item(name, tuple(modifiers), start, end)
        members = [(value, node)]
        if isinstance(value, list) and isinstance(node, yaml.SequenceNode):
            members = list(zip(value, node.value, strict=True))
            if not members and not item.keyword:  # pySigma reads an empty list as null
                return item.node([Written(SigmaNull(), "", *self.spans.of(node))], listed=False)
        found = self._values(item, [(held, below) for held, below in members if self._fits(item, held, below)])
        return item.node(found, listed=len(members) > 1)

    def _fits(self, item: _Item, value: Any, node: yaml.Node) -> bool:
        """Whether a value is one that Sigma can hold."""
        if not isinstance(node, yaml.ScalarNode):
            kind = "map" if isinstance(node, yaml.MappingNode) else "list"
            self.findings.add(node, f"A value of {item.title} is a {kind}; it has to be a text, a number or null.")
            return False
        if item.keyword and value is None:
            self.findings.add(node, "A keyword is empty. Remove it.")
            return False
        return True

    def _values(self, item: _Item, members: list[tuple[Any, yaml.Node]]) -> list[Written]:
        """The values with their types, checked by pySigma: all at once, and one by one when there is a bad one."""
        values = [_plain(value, node, item) for value, node in members]
        try:
            checked = SigmaDetectionItem.from_mapping(item.checked_key, values)
        except Exception:  # whatever it is, `_refused` says it of the one value that it is about
            if len(members) > 1:
                return [written for member in members for written in self._values(item, [member])]
            return self._refused(item, *members[0]) if members else []
        typed = checked.original_value or []
        return [self._written(kind, node) for kind, (_, node) in zip(typed, members, strict=True)]

    def _refused(self, item: _Item, value: Any, node: yaml.Node) -> list[Written]:
        """What remains of a value that pySigma refuses, with a problem that says why."""
        try:
            SigmaDetectionItem.from_mapping(item.checked_key, [_plain(value, node, item)])
        except SigmaRegularExpressionError as error:
            self.findings.add(node, f"{str(error).rstrip('.')}. It is kept as it is written.")
            return [self._written(SigmaString(node.value), node)]
        except SigmaError as error:
            self.findings.add(node, _explained(error, item))
        except Exception as error:
            # Values that pySigma's authors did not think of: an empty regular expression, one nested too deep.
            self.findings.add(node, f"pySigma cannot read this value of {item.title}: {type(error).__name__}.")
        return []

    def _written(self, typed: SigmaType, node: yaml.Node) -> Written:
        return Written(typed, node.value, *self.spans.of(node))


@dataclass(frozen=True, slots=True)
class _Item:
    """The key of a detection item and its place, values included."""

    field: str
    modifiers: tuple[str, ...]
    start: int
    end: int

    @property
    def keyword(self) -> bool:
        return not self.field

    @property
    def title(self) -> str:
        return self.field or "the keywords"

    @property
    def checked_key(self) -> str:
        """The key for pySigma. Without `windash`, which writes a value with n dashes out in 5 to the n forms."""
        return "|".join((self.field, *(modifier for modifier in self.modifiers if modifier != "windash")))

    def node(self, values: list[Written], *, listed: bool) -> Node | None:
        """The conditions of this item: one for an OR list, one for every value under `|all`."""
        if not values:
            return None
        names = frozenset(self.modifiers)
        every = "all" in names
        found = [read_value(value, names, listed=listed and not every, keyword=self.keyword) for value in values]
        if every:
            parts = [self._condition((test,), flipped) for test, flipped in found]
            node = Branch("and", tuple(parts), start=self.start, end=self.end) if len(parts) > 1 else parts[0]
        else:
            polarities = dict.fromkeys(flipped for _, flipped in found)
            parts = [self._condition(tuple(t for t, f in found if f == flipped), flipped) for flipped in polarities]
            node = join("or", parts)
        return negate(node) if "neq" in names else node

    def _condition(self, tests: tuple[Test, ...], flipped: bool) -> Node:
        start, end = self.start, self.end
        part = next((modifier for modifier in self.modifiers if modifier in TIME_PARTS), None)
        if part:
            name = f"{part}({self.field})"
            condition = Condition(name, tests, start, end, derived="function", base_fields=(self.field,))
        else:
            condition = Condition(self.field or KEYWORDS, tests, start, end)
        return negate(condition) if flipped else condition


def _plain(value: Any, node: yaml.Node, item: _Item) -> Any:
    """The value that pySigma gets: dates and other things that Sigma has no type for are the text as written."""
    if value is not None and ("re" in item.modifiers or not isinstance(value, str | int | float)):
        return node.value
    return value


def _joined(kind: Literal["and", "or"], children: list[Node | None]) -> Node | None:
    found = [child for child in children if child is not None]
    return join(kind, found) if found else None


def _explained(error: SigmaError, item: _Item) -> str:
    """pySigma's message in the words of a rule's author."""
    said = str(error).rstrip(".")
    if _TYPE_ERROR.match(said):
        modifiers = "|".join(item.modifiers)
        return f"This value of {item.title} does not go with |{modifiers}. Texts stand in quotes, numbers do not."
    return f"{said}. This value of {item.title} is left out."
