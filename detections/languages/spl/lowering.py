"""From the commands of a search to one tree: each command's tests under an AND, in the order of the pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from lark import Token, Tree

from detections.languages.parsing import Findings, Piece
from detections.languages.spl.columns import Columns
from detections.languages.spl.commands import AGGREGATING, KNOWN, OPENING, PLUMBING, UNREAD
from detections.languages.spl.context import Context
from detections.languages.spl.expressions import EvalLowering
from detections.languages.spl.fields import HANDLERS, aggregates, grouped
from detections.languages.spl.macros import Expander
from detections.languages.spl.nodes import Column, Command, Search, Word
from detections.languages.spl.pipeline import bare, options, split, words
from detections.languages.spl.rebuilding import assigned
from detections.languages.spl.scanning import eval_grammar, with_targets
from detections.languages.spl.search import SearchLowering
from detections.languages.spl.values import decoded, inside
from detections.languages.tree import Beside, Branch, BranchKind, Node, join

MAX_MAPS = 2  # texts of `map` inside texts of `map`

_REGEX = re.compile(r'(?:("[^"]+"|\'[^\']+\'|[^\s=!"]+)\s*(!?=)\s*)?("(?:[^"\\]|\\[\s\S])*"|[^"\s][\s\S]*)')
_MACRO = re.compile(r"`\s*([\w.:-]+)\s*(?:\([^`]*\))?\s*`\s*")
_EVAL_CALL = re.compile(r"\beval\s*\(", re.IGNORECASE)
_MAP_SEARCH = re.compile(r'\bsearch\s*=\s*("(?:[^"\\]|\\[\s\S])*")', re.IGNORECASE)
_SECTIONS = frozenset({"from", "where", "by", "groupby"})
_TRUE = frozenset({"t", "true", "1"})
_BLANKS = re.compile(r"\s+")


class Lowering:
    """One search. `expander` expands the macros inside `map`'s text; `depth` counts the texts that this one is in."""

    def __init__(
        self, text: str, place: Callable[[int, int], tuple[int, int]], findings: Findings, expander: Expander,
        *, depth: int = 0,
    ) -> None:  # fmt: skip
        self.context = Context(text, place, findings, self._bracketed)
        self.text = text
        self.beside: list[Beside] = []
        self._expander = expander
        self._depth = depth
        self._tokens = depth > 0

    def lower(self) -> Node | None:
        return self._search(split(self.text, self.context.findings))[0]

    # Searches

    def _search(self, search: Search, columns: Columns | None = None) -> tuple[Node | None, Columns]:
        """A search's tree and its columns at the end. The columns that were being read are put back."""
        before = self.context.columns
        self.context.columns = columns if columns is not None else Columns()
        rows: list[Node] = []
        for number, command in enumerate(search.commands):
            self._command(command, rows, first=number == 0)
        after, self.context.columns = self.context.columns, before
        return _every(rows), after

    def _bracketed(self, search: Search) -> Node | None:
        """A search in brackets among tests: its own tests; what it returns gives none."""
        node, _ = self._search(search)
        return self._labelled("and", [node] if node is not None else [], "subsearch", search)

    def _labelled(self, kind: BranchKind, nodes: list[Node], label: str, search: Search) -> Node | None:
        if not nodes:
            return None
        start, end = self.context.place(search.start - 1, search.end + 1)
        return Branch(kind, tuple(nodes), label, start, end)

    def _command(self, command: Command, rows: list[Node], *, first: bool) -> None:
        """Add the command's tests to those of the rows so far."""
        name = command.name
        handler = HANDLERS.get(name)
        if handler is not None:
            found = words(self.text, command.begin, command.end, command.searches)
            if name in AGGREGATING:
                self._aggregated(found)
            handler(self.context.columns, name, found)
        elif name in _TESTS:
            node = _TESTS[name](self, command)
            if node is not None:
                rows.append(node)
        elif name in _OTHERS:
            _OTHERS[name](self, command, rows)
        elif name in OPENING:
            if first:
                self.context.columns = Columns(closed=True)
            self.context.columns.open(OPENING[name])
        elif name in ("inputlookup", "inputcsv"):
            self._inputlookup(command, rows, first=first)
        elif name in UNREAD or (name == "head" and "(" in self.text[command.begin : command.end]):
            message = f"What `{name}` selects is not part of the search, or in another language. It was left out."
            self.context.findings.add(command.start, command.end, message)
        elif name not in KNOWN:
            place = command.start, command.begin if name else command.end
            shown = name or self.text[command.start : command.end].split()[0]
            self.context.findings.add(*place, f"The command `{shown[:40]}` is not known. It was left out.")

    # Commands that test

    def _implicit(self, command: Command) -> Node | None:
        lowering = SearchLowering(self.context, command.searches, tokens=self._tokens)
        return lowering.lower(command.begin, command.end)

    def _tstats(self, command: Command) -> Node | None:
        """`tstats`, `mstats`: aggregates from a data model where tests by fields, which are all the columns after."""
        found = words(self.text, command.begin, command.end, command.searches)
        sections, where = _sections(self.text, found, command.end)
        self.context.columns = Columns(model=command.name == "tstats")
        node = None
        if where is not None:
            lowering = SearchLowering(self.context, command.searches, tokens=self._tokens)
            node = lowering.lower(*where)
        columns = self.context.columns
        columns.known = aggregates(columns, sections["what"]) | grouped(columns, sections["by"])
        columns.closed = not any("*" in name for name in columns.known)
        return node

    def _from(self, command: Command) -> None:
        self.context.columns = Columns(model="datamodel" in self.text[command.start : command.end].lower())

    def _where(self, command: Command) -> Node | None:
        root = self._parsed("WHERE", command.begin, command.end, command.searches)
        return EvalLowering(self.context, command.searches).lower(root.children[1]) if root is not None else None

    def _regex(self, command: Command) -> Node | None:
        match = _REGEX.match(self.text, command.begin + self._blanks(command.begin), command.end)
        if match is None or self.text[match.end() : command.end].strip():
            message = "`regex` takes a field, `=` or `!=`, and a quoted expression. It was left out."
            self.context.findings.add(command.start, command.end, message)
            return None
        name, sign, value = match.groups()
        test = self.context.test("regex_match", decoded(value), *match.span(3), inside(value))
        condition = self.context.condition(self.context.columns.column(name or "_raw"), (test,), *match.span())
        return Branch("not", (condition,), "", condition.start, condition.end) if sign == "!=" else condition

    def _blanks(self, at: int) -> int:
        match = _BLANKS.match(self.text, at)
        return match.end() - at if match else 0

    # Commands that make columns

    def _eval(self, command: Command, rows: list[Node]) -> None:
        root = self._parsed("EVAL", command.begin, command.end, command.searches)
        if root is None:
            return
        lowering = EvalLowering(self.context, command.searches)
        for piece in root.children[1:]:
            if isinstance(piece, Token) or len(piece.children) < 3:
                continue
            target, value = cast("Token", piece.children[0]), piece.children[2]
            self.beside.extend(Beside("computed", node) for node in lowering.computed(value))
            if "<<" not in target and target.type != "TEMPLATE":
                self.context.columns.put(target, assigned(self.context.columns, target, value))

    def _aggregated(self, found: list[Word]) -> None:
        """The conditions of `count(eval(a="b"))`. What charts write behind `where` selects series, not events."""
        for word in found:
            if word.text.lower() == "where":
                message = "This `where` selects series of a chart. It was left out."
                self.context.findings.add(word.start, word.end, message)
            match = _EVAL_CALL.search(word.text)
            if match is None or not word.text.endswith(")"):
                continue
            root = self._parsed("WHERE", word.start, word.end, ())
            lowering = EvalLowering(self.context)
            for call in _calls(root, "eval"):
                for part in call.children[2:-1:2]:
                    self.beside.extend(Beside("computed", node) for node in lowering.computed(part))

    def _parsed(self, kind: str, start: int, end: int, searches: tuple[Search, ...]) -> Tree[Token] | None:
        """The eval grammar's tree of a part of the text, under the word that says what is expected."""
        tokens = eval_grammar().tokens(self.text, start, end, searches)
        if kind == "EVAL":
            tokens = with_targets(tokens)
        tokens.insert(0, Token(kind, "", start_pos=start, end_pos=start))
        return eval_grammar().tree(tokens, self.context.findings)

    def _inputlookup(self, command: Command, rows: list[Node], *, first: bool) -> None:
        found = words(self.text, command.begin, command.end, command.searches)
        sections, where = _sections(self.text, found, command.end)
        named, others = options(sections["what"])
        lookup = bare(others[0].text) if others else "(unnamed)"
        self.context.tell_lookup(lookup, command.start, command.end)
        if named.get("append", "").lower() not in _TRUE and first:
            self.context.columns = Columns(closed=True, opened=Column("", "", "lookup", lookup))
        else:
            self.context.columns.open("lookup", lookup)
        if where is not None:
            node = SearchLowering(self.context, command.searches, tokens=self._tokens).lower(*where)
            if node is not None:
                rows.append(node)

    # Commands that hold searches

    def _join(self, command: Command, rows: list[Node]) -> None:
        label = self._label(command)
        keys = [word.text for word in options(words(self.text, command.begin, command.end, command.searches))[1]]
        columns = self.context.columns
        for search in self._searches(command):
            node, other = self._search(search)
            columns.joined(other, frozenset(columns.name(key) for key in keys))
            branch = self._labelled("and", [node] if node is not None else [], label, search)
            if branch is not None:
                rows.append(branch)

    def _append(self, command: Command, rows: list[Node]) -> None:
        """Rows from either search: the tests so far or those in the brackets."""
        label = self._label(command)
        columns = self.context.columns
        here = command.name == "appendpipe"
        alternatives = [_every(rows)]
        searches = self._searches(command)
        for search in searches:
            node, other = self._search(search, columns.copy() if here else None)
            columns.appended(other)
            alternatives.append(self._labelled("and", [node] if node is not None else [], command.name, search))
        nodes = [node for node in alternatives if node is not None]
        if len(nodes) > 1:
            rows[:] = [Branch("or", tuple(nodes), label, nodes[0].start, nodes[-1].end)]
        else:
            rows[:] = nodes

    def _map(self, command: Command, rows: list[Node]) -> None:
        """A search for each row: in brackets, or a text in which `$name$` is filled in from the row."""
        match = _MAP_SEARCH.search(self.text, command.begin, command.end)
        if match is None:
            for search in self._searches(command):
                node, self.context.columns = self._search(search)
                branch = self._labelled("and", [node] if node is not None else [], "map", search)
                rows.extend([branch] if branch is not None else [])
            return
        start, end = match.span(1)
        if self._depth == MAX_MAPS:
            self.context.findings.add(start, end, f"`map` stands more than {MAX_MAPS} deep in itself here. Flatten it.")
            return
        place = self.context.place(start, end)
        findings = Findings(decoded(match.group(1)))
        source = self._expander.expand(findings.text)
        inner = Lowering(source.text, lambda begin, stop: place, findings, self._expander, depth=self._depth + 1)
        inner.context.looked = self.context.looked
        node, self.context.columns = inner._search(split(source.text, findings))
        self.beside.extend(inner.beside)
        for problem in findings.problems:
            self.context.findings.add(start, end, problem.message, problem.severity)
        if node is not None:
            rows.append(Branch("and", (node,), "map", *place))

    def _foreach(self, command: Command, rows: list[Node]) -> None:
        for search in self._searches(command):
            for inner in search.commands:
                self._command(inner, rows, first=False)

    def _searches(self, command: Command) -> tuple[Search, ...]:
        if not command.searches:
            message = f"`{command.name}` takes a search in square brackets, which is missing or never closed."
            self.context.findings.add(command.start, command.end, message)
        return command.searches

    def _label(self, command: Command) -> str:
        end = command.searches[0].start - 1 if command.searches else command.end
        return _BLANKS.sub(" ", self.text[command.start : end]).strip()

    def _undefined(self, command: Command, rows: list[Node]) -> None:
        """Macros that are not defined, where a command stands."""
        at = command.begin
        while at < command.end:
            match = _MACRO.match(self.text, at, command.end)
            if match is None:
                message = "This stands behind a macro that is not defined, so what it means is not known."
                self.context.findings.add(at, command.end, message)
                return
            name = match.group(1)
            if not name.endswith("_filter") and name not in PLUMBING:
                message = f"The macro `{name}` is not defined here: what it does to the rows is not known."
                self.context.findings.add(*match.span(), message, "note")
            at = match.end()


def _sections(text: str, found: list[Word], end: int) -> tuple[dict[str, list[Word]], tuple[int, int] | None]:
    """The arguments before `from`, `where` and `by`, those behind `by`, and the place of what stands behind `where`."""
    sections: dict[str, list[Word]] = {"what": [], "from": [], "where": [], "by": []}
    current = "what"
    start, stop = -1, end
    for word in found:
        keyword = word.text.lower()
        if keyword.startswith("where("):
            keyword = "where"
        if keyword in _SECTIONS and not (current == "by" and keyword != "where"):
            if current == "where":
                stop = word.start
            current = "by" if keyword == "groupby" else keyword
            if current == "where":
                start, stop = word.start + len("where"), end
            continue
        sections[current].append(word)
    return sections, (start, stop) if start >= 0 else None


def _calls(root: Piece | None, name: str) -> list[Tree[Token]]:
    """Every call of a function below a piece."""
    found: list[Tree[Token]] = []
    waiting: list[Piece] = [root] if root is not None else []
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, Tree):
            if piece.data == "call" and str(piece.children[0]).lower() == name:
                found.append(piece)
            waiting.extend(reversed(piece.children))
    return found


def _every(nodes: list[Node]) -> Node | None:
    return join("and", tuple(nodes)) if nodes else None


_TESTS: dict[str, Callable[[Lowering, Command], Node | None]] = {
    "": Lowering._implicit, "search": Lowering._implicit, "metasearch": Lowering._implicit,
    "tstats": Lowering._tstats, "mstats": Lowering._tstats, "mcatalog": Lowering._tstats,
    "where": Lowering._where, "regex": Lowering._regex,
}  # fmt: skip
_OTHERS: dict[str, Callable[[Lowering, Command, list[Node]], None]] = {
    "eval": Lowering._eval, "join": Lowering._join, "append": Lowering._append, "appendcols": Lowering._append,
    "appendpipe": Lowering._append, "union": Lowering._append, "multisearch": Lowering._append, "set": Lowering._append,
    "map": Lowering._map, "foreach": Lowering._foreach, "`": Lowering._undefined,
    "from": lambda lowering, command, rows: lowering._from(command),
    "datamodel": lambda lowering, command, rows: lowering._from(command),
}  # fmt: skip
