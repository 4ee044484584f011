"""What commands that test nothing do to the columns: which names come, go, or mean something else from here on."""

from __future__ import annotations

import re
from collections.abc import Callable

from detections.languages.spl.columns import Columns
from detections.languages.spl.nodes import Column, Word
from detections.languages.spl.pipeline import bare, options

_RETURNING = frozenset({"values", "list", "first", "last", "earliest", "latest", "mode"})
_AGGREGATE = re.compile(r"([A-Za-z_]\w*)\(([\s\S]*)\)$")
_GROUP_NAME = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_PLACES = ("City", "Country", "Region", "lat", "lon", "Continent", "Timezone", "MetroCode")

Handler = Callable[[Columns, str, list[Word]], None]


def aggregates(columns: Columns, found: list[Word]) -> dict[str, Column]:
    """The columns that `values(a) as b, count` make out of those that are here."""
    made: dict[str, Column] = {}
    others = options(found)[1]
    at = 0
    while at < len(others):
        written = others[at].text
        name = written
        if at + 2 < len(others) and others[at + 1].text.lower() == "as":
            name = bare(others[at + 2].text)
            at += 2
        at += 1
        match = _AGGREGATE.match(written)
        function, argument = (match.group(1).lower(), match.group(2).strip()) if match else (written.lower(), "")
        key = columns.name(name)
        plain = argument and "(" not in argument and argument != "_time"
        if function in _RETURNING and plain and "*" not in argument and name != written:
            made[key] = columns.column(argument)
        else:
            made[key] = Column(key, kind="aggregate")
            if plain and "*" not in argument:
                source = columns.column(argument)
                made[key] = Column(key, "", "aggregate", source.lookup if source.kind else "", (source.field,))
    return made


def grouped(columns: Columns, found: list[Word]) -> dict[str, Column]:
    """The by-fields, which stay what they are."""
    names = [word.text for word in options(found)[1]]
    return {columns.name(name): columns.column(name) for name in names if name.lower() not in ("over", "by")}


def divided(found: list[Word]) -> tuple[list[Word], list[Word]]:
    """The arguments before and behind `by`."""
    for at, word in enumerate(found):
        if word.text.lower() in ("by", "over", "groupby"):
            return found[:at], found[at + 1 :]
    return found, []


def _stats(columns: Columns, name: str, found: list[Word]) -> None:
    before, behind = divided(found)
    made = aggregates(columns, before) | grouped(columns, behind)
    if any("*" in word.text for word in options(found)[1]):
        columns.known.update({key: column for key, column in made.items() if "*" not in key})
        return
    columns.known, columns.closed, columns.opened = made, True, None
    if name not in ("stats", "sistats"):
        columns.open("aggregate")


def _eventstats(columns: Columns, name: str, found: list[Word]) -> None:
    for key in aggregates(columns, divided(found)[0]):
        if "*" not in key:
            columns.known[key] = Column(key, kind="aggregate")


def _top(columns: Columns, name: str, found: list[Word]) -> None:
    named, others = options(found)
    columns.keep([word.text for word in others if word.text.lower() != "by" and not word.text.isdigit()])
    for key in (named.get("countfield", "count"), named.get("percentfield", "percent")):
        columns.derive(key, "aggregate")


def _transaction(columns: Columns, name: str, found: list[Word]) -> None:
    columns.derive("duration", "aggregate")
    columns.derive("eventcount", "aggregate")


def _addtotals(columns: Columns, name: str, found: list[Word]) -> None:
    columns.derive(options(found)[0].get("fieldname", "Total"), "aggregate")


def _rename(columns: Columns, name: str, found: list[Word]) -> None:
    for at in range(1, len(found) - 1):
        if found[at].text.lower() == "as":
            columns.rename(found[at - 1].text, found[at + 1].text)


def _alias(columns: Columns, name: str, found: list[Word]) -> None:
    """`bin _time as hour`, `convert ctime(x) as y`."""
    for at in range(1, len(found) - 1):
        if found[at].text.lower() == "as":
            columns.derive(found[at + 1].text, "eval")


def _rex(columns: Columns, name: str, found: list[Word]) -> None:
    named = options(found)[0]
    if named.get("mode", "").lower() == "sed":
        return
    text = " ".join(word.text for word in found)
    source = columns.column(named.get("field", "_raw")).field
    for group in _GROUP_NAME.findall(text):
        columns.derive(group, "rex", base=(source,))


def _spath(columns: Columns, name: str, found: list[Word]) -> None:
    named, others = options(found)
    path = named.get("path") or named.get("xpath") or (bare(others[0].text) if others else "")
    made = named.get("output") or named.get("outfield") or (path if "input" in named else "")
    if not path or not made:
        return
    if "input" in named or name == "xpath":
        columns.derive(made, "spath", base=(columns.column(named.get("input", "_raw")).field,))
    else:
        columns.put(made, columns.column(path))


def _lookup(columns: Columns, name: str, found: list[Word]) -> None:
    others = options(found)[1]
    if not others:
        return
    lookup = bare(others[0].text)
    for at, word in enumerate(others):
        if word.text.upper() in ("OUTPUT", "OUTPUTNEW"):
            made = others[at + 1 :]
            break
    else:
        columns.open("lookup", lookup)
        return
    for at, word in enumerate(made):
        follower = made[at + 1].text.lower() if at + 1 < len(made) else ""
        if word.text.lower() != "as" and follower != "as":
            columns.derive(word.text, "lookup", lookup)


def _iplocation(columns: Columns, name: str, found: list[Word]) -> None:
    prefix = options(found)[0].get("prefix", "")
    for place in _PLACES:
        columns.derive(prefix + place, "lookup")


def _strcat(columns: Columns, name: str, found: list[Word]) -> None:
    others = options(found)[1]
    if others:
        columns.derive(others[-1].text, "eval")


def _named(columns: Columns, name: str, found: list[Word]) -> None:
    """Columns whose names belong to the command, or stand in its options."""
    named, others = options(found)
    made = {
        "rangemap": ("range",),
        "addinfo": ("info_min_time", "info_max_time", "info_search_time", "info_sid"),
        "cyberchef": tuple(value for key, value in named.items() if key == "outfield"),
        "erex": tuple(word.text for word in others[:1]),
    }
    for key in made[name]:
        columns.derive(key, "rex" if name == "erex" else "eval")


def _fields(columns: Columns, name: str, found: list[Word]) -> None:
    names = [word.text for word in options(found)[1]]
    if names and names[0].startswith("-"):
        return
    columns.keep([text for text in names if text != "+"])


HANDLERS: dict[str, Handler] = {
    "stats": _stats, "sistats": _stats, "chart": _stats, "timechart": _stats, "sichart": _stats, "sitimechart": _stats,
    "eventstats": _eventstats, "streamstats": _eventstats,
    "top": _top, "rare": _top, "sitop": _top, "sirare": _top,
    "transaction": _transaction, "transam": _transaction, "addtotals": _addtotals,
    "rename": _rename, "bin": _alias, "bucket": _alias, "discretize": _alias, "convert": _alias,
    "rex": _rex, "spath": _spath, "xpath": _spath, "lookup": _lookup, "iplocation": _iplocation,
    "accum": _alias, "autoregress": _alias, "delta": _alias, "strcat": _strcat, "rangemap": _named,
    "addinfo": _named, "cyberchef": _named, "erex": _named, "geostats": _stats,
    "fields": _fields, "table": _fields,
}  # fmt: skip
