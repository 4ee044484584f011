"""Splits an expanded search at its pipes and brackets; quotes, escapes and macros are seen through."""

from __future__ import annotations

import re
from bisect import bisect_left

from detections.languages.parsing import Findings
from detections.languages.spl.commands import GENERATING, KNOWN
from detections.languages.spl.nodes import Command, Search, Word

MAX_SEARCHES = 20  # searches inside searches

_SIGNS = re.compile(r'"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|`[A-Za-z_][^`\n]*`|([\[\]|])')
_NAME = re.compile(r"\s*([A-Za-z_]\w*)(?![\w.:{*-])")
_OPERATOR = re.compile(r"\s*(?:[=>]|<(?!<)|!=|IN\b)")
_WORDS = re.compile(r"""([\s,]+)|"(?:[^"\\]|\\[\s\S])*"|'[^'\n]*'|\\[\s\S]|[^\s,"'(\\\[]+|[\s\S]""")
_OPTION = re.compile(r"[A-Za-z_][\w.]*")
_GROUPED = re.compile(r"""\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^'\n]*'|([()])""")


def split(text: str, findings: Findings) -> Search:
    """The commands of a search. A bracket without its partner is an ordinary character."""
    signs: list[tuple[int, str]] = []
    partners: dict[int, int] = {}
    opened: list[int] = []
    deepest = 0
    for match in _SIGNS.finditer(text):
        sign = match.group(1)
        if not sign:
            continue
        signs.append((match.start(), sign))
        if sign == "[":
            opened.append(match.start())
            deepest = max(deepest, len(opened))
        elif sign == "]" and opened:
            partners[opened.pop()] = match.start()
    if deepest > MAX_SEARCHES:
        at = next(iter(partners), 0)
        findings.add(at, at + 1, f"Searches stand more than {MAX_SEARCHES} deep inside each other. Flatten them.")
        return Search(0, len(text))
    return _Splitter(text, signs, partners).search(0, len(text), whole=True)


class _Splitter:
    def __init__(self, text: str, signs: list[tuple[int, str]], partners: dict[int, int]) -> None:
        self.text = text
        self.signs = signs
        self.places = [place for place, _ in signs]
        self.partners = partners

    def search(self, start: int, end: int, *, whole: bool = False) -> Search:
        commands: list[Command] = []
        searches: list[Search] = []
        begin = start
        at = bisect_left(self.places, start)
        while at < len(self.signs) and self.places[at] < end:
            place, sign = self.signs[at]
            if sign == "[" and place in self.partners:
                close = self.partners[place]
                searches.append(self.search(place + 1, close))
                at = bisect_left(self.places, close)
            elif sign == "|":
                self._command(commands, begin, place, start, tuple(searches), whole)
                searches = []
                begin = place + 1
            at += 1
        self._command(commands, begin, end, start, tuple(searches), whole)
        return Search(start, end, tuple(commands))

    def _command(
        self, commands: list[Command], begin: int, end: int, first: int, searches: tuple[Search, ...], whole: bool
    ) -> None:
        written = self.text[begin:end]
        text = written.strip()
        if not text:
            return
        start = begin + written.index(text[0])
        stop = start + len(text)
        if begin != first and text[0] == "`":
            commands.append(Command("`", start, start, stop, searches))
            return
        match = _NAME.match(self.text, start, stop)
        name = match.group(1).lower() if match else ""
        if begin == first:
            known = GENERATING if whole else KNOWN
            if name not in known or (match and _OPERATOR.match(self.text, match.end(), stop)):
                commands.append(Command("", start, start, stop, searches))
                return
        commands.append(Command(name, start, match.end() if match else start, stop, searches))


def words(text: str, start: int, end: int, holes: tuple[Search, ...] = ()) -> list[Word]:
    """The arguments between blanks and commas; quoted text and brackets stay in one piece with what they touch."""
    jumps = _groups(text, start, end)
    jumps.update((hole.start - 1, hole.end + 1) for hole in holes)
    found: list[Word] = []
    begin = -1
    at = start
    while at < end:
        jump = jumps.get(at)
        if jump is not None:
            begin, at = (at if begin < 0 else begin), jump
            continue
        match = _WORDS.match(text, at, end)
        if match is None:
            break
        if match.group(1):
            if begin >= 0:
                found.append(Word(text[begin:at], begin, at))
                begin = -1
        elif begin < 0:
            begin = at
        at = match.end()
    if begin >= 0:
        found.append(Word(text[begin:end], begin, end))
    return found


def _groups(text: str, start: int, end: int) -> dict[int, int]:
    """The offsets of outermost round brackets that are closed, and the offsets behind their partners."""
    groups: dict[int, int] = {}
    opened: list[int] = []
    for match in _GROUPED.finditer(text, start, end):
        sign = match.group(1)
        if sign == "(":
            opened.append(match.start())
        elif sign == ")" and opened:
            groups[opened.pop()] = match.end()
    return groups


def options(found: list[Word]) -> tuple[dict[str, str], list[Word]]:
    """`name=value` arguments (blanks around the sign or not), names in lower case, and the other arguments."""
    named: dict[str, str] = {}
    others: list[Word] = []
    at = 0
    while at < len(found):
        name, sign, value = found[at].text.partition("=")
        if not sign and at + 1 < len(found) and found[at + 1].text.startswith("="):
            at += 1
            sign, value = "=", found[at].text[1:]
        if sign and _OPTION.fullmatch(name):
            if not value and at + 1 < len(found):
                at += 1
                value = found[at].text
            named[name.lower()] = bare(value)
        else:
            others.append(found[at])
        at += 1
    return named, others


def bare(text: str) -> str:
    """A name or value without the quotes around it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
