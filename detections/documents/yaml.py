"""Safe and fast YAML: bounded before it is loaded, loaded once, every node with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from detections.documents.decoding import check_text, unstorable
from detections.documents.problem import Problem, UnreadableError, problem_at

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, same results
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_DEPTH = 64
MAX_ALIASES = 100
MAX_REPEATED = 20
MAX_NUMBER = 400  # digits of a number
MAX_NODES = 200_000  # the largest rule of the three public repositories has some 10,000


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a YAML text.

    `value` is the plain Python value (duplicate keys: the last wins, with a problem each), `node` the composed node
    whose marks index the whole `text` in code points. `start` and `end` bound the document's own text, comments
    included: the first document begins with the text, each later one behind its `---`. `line` is the line of the
    text where the document begins (from 1).
    """

    value: Any
    node: yaml.Node
    text: str
    start: int
    end: int
    line: int
    problems: tuple[Problem, ...] = ()

    @property
    def own_text(self) -> str:
        """The part of the text that is this document."""
        return self.text[self.start : self.end]


class _Bounds(NamedTuple):
    start: int
    end: int


def load_documents(text: str, path: str = "") -> list[YamlDocument]:
    """All documents of `text`, empty ones left out. Raises `UnreadableError` with line and column."""
    check_text(text, path)
    bounds = _check_bounds(text, path)
    documents = []
    line, counted = 1, 0
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            start, end = bounds.pop(0)
            if node is None or (isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style):
                continue
            # Before the values are made: making them writes the pairs of a merge key (`<<`) into its mapping.
            problems = tuple(_check_nodes(node, text, path))
            value = _construct(loader, node, text, path)
            line, counted = line + text.count("\n", counted, start), start
            documents.append(YamlDocument(value, node, text, start, end, line, problems))
    except yaml.YAMLError as error:
        raise UnreadableError(_yaml_problem(error, text, path)) from error
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


def _check_bounds(text: str, path: str) -> list[_Bounds]:
    """Where each document begins and ends, after depth, size and aliases were found bearable.

    All on the stream of events: libyaml's composer crashes on deep input, and aliases can fill memory.
    """
    depth = aliases = nodes = 0
    starts: list[tuple[int, int]] = []  # of each document: its marker, its content
    for event in _events(text, path):
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if nodes > MAX_NODES:
                message = f"The YAML holds more than {MAX_NODES} values. Rules do not; split the file."
                raise UnreadableError(problem_at(text, _index(event), message, path=path))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"The YAML is nested more than {MAX_DEPTH} deep. Rules are not; flatten it."
                raise UnreadableError(problem_at(text, _index(event), message, path=path))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES:
                message = f"The YAML uses more than {MAX_ALIASES} aliases. Write the values out."
                raise UnreadableError(problem_at(text, _index(event), message, path=path))
        elif isinstance(event, yaml.DocumentStartEvent):
            marker = _index(event)
            starts.append((marker, _behind_marker(text, marker)) if starts else (0, 0))
    if aliases:
        _check_growth(text, path)
    ends = [marker for marker, _ in starts[1:]] + [len(text)]
    return [_Bounds(start, end) for (_, start), end in zip(starts, ends, strict=True)] if starts else []


def _check_growth(text: str, path: str) -> None:
    """How many values the text has when every alias is written out: ten lines of aliases can mean billions."""
    total = 0
    opened: list[tuple[str | None, int]] = []  # of each open collection: its anchor, and the values before it
    sizes: dict[str, int | None] = {}  # of each anchor; None while its collection is open
    for event in _events(text, path):
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor or "", 0)  # an anchor that is not there: the composer says so
            if size is None:
                message = f"The alias *{event.anchor} stands inside of what it names. Write the value out."
                raise UnreadableError(problem_at(text, _index(event), message, path=path))
            total += size
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, total - 1))
                if event.anchor:
                    sizes[event.anchor] = None
            elif event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MAX_NODES:
            message = f"The aliases of this YAML stand for more than {MAX_NODES} values. Write the values out."
            raise UnreadableError(problem_at(text, _index(event), message, path=path))


def _events(text: str, path: str) -> Iterator[yaml.Event]:
    try:
        parser = _Loader(text)
    except yaml.YAMLError as error:  # a control character: the reader refuses before it parses
        raise UnreadableError(_yaml_problem(error, text, path)) from error
    try:
        while (event := parser.get_event()) is not None and not isinstance(event, yaml.StreamEndEvent):
            yield event
    except yaml.YAMLError as error:
        raise UnreadableError(_yaml_problem(error, text, path)) from error
    finally:
        parser.dispose()


def _index(place: yaml.Event | yaml.Node) -> int:
    """Where an event or a node begins, in code points."""
    mark = place.start_mark
    return mark.index if mark is not None else 0


def _behind_marker(text: str, marker: int) -> int:
    """Where the content begins behind a `---`: on the next line when nothing else stands on the marker's."""
    found = text.find("---", marker)  # directives such as %YAML stand before it
    offset = found + 3 if found >= 0 else marker
    line_end = text.find("\n", offset)
    if line_end >= 0 and not text[offset:line_end].strip():
        return line_end + 1
    return offset


def _construct(loader: Any, node: yaml.Node, text: str, path: str) -> Any:
    """The Python value of a document. Values that Python refuses (2024-13-45 as a date) are found for their place."""
    try:
        return loader.construct_document(node)
    except yaml.YAMLError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        message = f"A value of this YAML cannot be read: {error}."
        for scalar in _scalars(node):
            try:
                yaml.constructor.SafeConstructor().construct_object(scalar)
            except (ValueError, TypeError, OverflowError) as reason:
                message = f"{scalar.value[:40]!r} cannot be read: {reason}. Put it in quotes."
                raise UnreadableError(problem_at(text, _index(scalar), message, path=path)) from error
        raise UnreadableError(Problem(message, path)) from error


def _scalars(root: yaml.Node) -> Iterator[yaml.ScalarNode]:
    return (node for node in _nodes(root) if isinstance(node, yaml.ScalarNode))


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, however many aliases lead to it."""
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                stack += (key, value)
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value


def _yaml_problem(error: yaml.YAMLError, text: str, path: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    message = f"This is not valid YAML: {said}" + (f" {context}" if context else "") + "."
    position = getattr(error, "position", None) if mark is None else mark.index
    if not isinstance(position, int):
        return Problem(message, path)
    if mark is None:  # libyaml counts the bytes of what it cannot read at all
        position = len(text.encode("utf-8", "replace")[:position].decode("utf-8", "ignore"))
    return problem_at(text, position, message, path=path)


def _check_nodes(root: yaml.Node, text: str, path: str) -> Iterator[Problem]:
    """Repeated keys as problems, the first twenty. Raises `UnreadableError` for what no database can store."""
    repeated = 0
    for node in _nodes(root):
        if isinstance(node, yaml.ScalarNode):
            fault = unstorable(node.value)
            if fault is not None:
                raise UnreadableError(problem_at(text, _index(node), fault[1], path=path))
            if len(node.value) > MAX_NUMBER and node.tag.endswith(":int"):
                message = "This number is too long to be one. Put it in quotes."
                raise UnreadableError(problem_at(text, _index(node), message, path=path))
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen and repeated < MAX_REPEATED:
                        repeated += 1
                        message = f"The key {key.value!r} stands twice in this mapping; the last one counts."
                        yield problem_at(text, _index(key), message, path=path, severity="warning")
                    seen.add(key.value)
