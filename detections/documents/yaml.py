"""Safe and fast YAML: bounded before it is loaded, loaded once, every node with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from detections.documents.decoding import check_value
from detections.documents.problem import Problem, UnreadableError, locate, problem_at

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, same results
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_DEPTH = 64
MAX_ALIASES = 100


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a YAML text.

    `value` is the plain Python value (duplicate keys: the last wins, with a problem each), `node` the composed node
    whose marks index the whole `text` in code points, `line` the line of the text where the document begins (from 1).
    """

    value: Any
    node: yaml.Node
    text: str
    start: int
    end: int
    line: int
    problems: tuple[Problem, ...] = ()


def load_documents(text: str, path: str = "") -> list[YamlDocument]:
    """All documents of `text`, empty ones left out. Raises `UnreadableError` with line and column."""
    _check_bounds(text, path)
    documents = []
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style):
                continue
            value = loader.construct_document(node)
            check_value(value, path)
            start, end = node.start_mark.index, node.end_mark.index
            problems = tuple(_duplicate_keys(node, text, path))
            documents.append(YamlDocument(value, node, text, start, end, node.start_mark.line + 1, problems))
    except yaml.YAMLError as error:
        raise UnreadableError(_yaml_problem(error, text, path)) from error
    except (ValueError, TypeError, OverflowError) as error:  # a date such as 2024-13-45, an unhashable key
        raise UnreadableError(Problem(f"A value of this YAML cannot be read: {error}.", path)) from error
    finally:
        loader.dispose()
    return documents


def load_mapping(text: str, path: str = "") -> YamlDocument:
    """The one mapping that `text` is. Raises `UnreadableError` when it is anything else."""
    documents = load_documents(text, path)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        what = "nothing" if not documents else f"{len(documents)} documents"
        if len(documents) == 1:
            what = f"a {type(documents[0].value).__name__}"
        raise UnreadableError(Problem(f"The file should hold one YAML mapping and holds {what}.", path, 1))
    return documents[0]


def _check_bounds(text: str, path: str) -> None:
    """Depth and aliases on the event stream: libyaml's composer crashes on deep input, aliases can fill memory."""
    depth = aliases = 0
    try:
        parser = _Loader(text)
    except yaml.YAMLError as error:  # a control character: the reader refuses before it parses
        raise UnreadableError(_yaml_problem(error, text, path)) from error
    try:
        while True:
            event = parser.get_event()
            if event is None or isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    message = f"The YAML is nested more than {MAX_DEPTH} deep. Rules are not; flatten it."
                    raise UnreadableError(problem_at(text, event.start_mark.index, message, path=path))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.AliasEvent):
                aliases += 1
                if aliases > MAX_ALIASES:
                    message = f"The YAML uses more than {MAX_ALIASES} aliases. Write the values out."
                    raise UnreadableError(problem_at(text, event.start_mark.index, message, path=path))
    except yaml.YAMLError as error:
        raise UnreadableError(_yaml_problem(error, text, path)) from error
    finally:
        parser.dispose()


def _yaml_problem(error: yaml.YAMLError, text: str, path: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    message = f"This is not valid YAML: {said}" + (f" {context}" if context else "") + "."
    if mark is None:
        position = getattr(error, "position", None)
        if isinstance(position, int):
            line, column, snippet = locate(text, position)
            return Problem(message, path, line, column, snippet, position, position)
        return Problem(message, path)
    lines = text.split("\n")
    snippet = lines[mark.line][:160] if mark.line < len(lines) else ""
    return Problem(message, path, mark.line + 1, mark.column + 1, snippet)


def _duplicate_keys(root: yaml.Node, text: str, path: str) -> Iterator[Problem]:
    stack, seen_nodes = [root], set()
    while stack:
        node = stack.pop()
        if id(node) in seen_nodes:
            continue
        seen_nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                stack.append(value)
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        message = f"The key {key.value!r} stands twice in this mapping; the last one counts."
                        yield problem_at(text, key.start_mark.index, message, path=path, severity="warning")
                    seen.add(key.value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
