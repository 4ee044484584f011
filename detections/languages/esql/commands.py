"""ES|QL's commands and reserved words, and the terminal that each is to the grammar.

Only the words in `RESERVED` are keywords everywhere; the others mean something in their own command alone, so that a
field may be called `by` or `metadata`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

RESERVED = {
    "and": "AND", "or": "OR", "not": "NOT", "in": "IN", "is": "IS", "like": "LIKE", "rlike": "RLIKE",
    "null": "NULL", "true": "BOOLEAN", "false": "BOOLEAN",
}  # fmt: skip


class Form(NamedTuple):
    """A command: its terminal, its own keywords, the word that must follow its name, and how its arguments are read.

    `loose` arguments are index names and patterns of names rather than expressions; `until_word` says that they end
    at the command's first keyword. `searches` may be given in brackets as arguments.
    """

    terminal: str
    words: Mapping[str, str] = {}
    second: str = ""
    loose: bool = False
    until_word: bool = False
    searches: bool = False


# Behind a number these make a span of time of it.
UNITS = frozenset({
    "millisecond", "milliseconds", "ms", "second", "seconds", "sec", "s", "minute", "minutes", "min", "m", "hour",
    "hours", "h", "day", "days", "d", "week", "weeks", "w", "month", "months", "mo", "quarter", "quarters", "q",
    "year", "years", "yr", "y",
})  # fmt: skip

_GROUPS = {"by": "BY", "where": "WHERE"}
_ORDERS = dict.fromkeys(("asc", "desc", "nulls", "first", "last"), "ORDER")

COMMANDS: dict[str, Form] = {
    "from": Form("FROM", {"metadata": "METADATA"}, loose=True, searches=True),
    "ts": Form("FROM", {"metadata": "METADATA"}, loose=True),
    "row": Form("EVAL"),
    "where": Form("WHERE"),
    "eval": Form("EVAL"),
    "stats": Form("STATS", _GROUPS),
    "inlinestats": Form("INLINE", _GROUPS),
    "inline": Form("INLINE", _GROUPS, second="stats"),
    "keep": Form("NAMES", loose=True),
    "drop": Form("NAMES", loose=True),
    "rename": Form("RENAME", {"as": "AS"}),
    "grok": Form("GROK"),
    "dissect": Form("DISSECT"),
    "mv_expand": Form("EXPAND"),
    "sort": Form("SORT", _ORDERS),
    "limit": Form("LIMIT", {"by": "BY"}),
    "sample": Form("LIMIT"),
    "enrich": Form("ENRICH", {"on": "ON", "with": "WITH"}, loose=True, until_word=True),
    "lookup": Form("LOOKUP", {"on": "ON"}, second="join", loose=True, until_word=True),
    "completion": Form("COMPLETION", {"with": "WITH"}),
    "rerank": Form("RERANK", {"on": "ON", "with": "WITH"}),
    "change_point": Form("CHANGE", {"on": "ON", "as": "AS"}),
    "fork": Form("FORK", searches=True),
    "fuse": Form("NAMES", loose=True),
    "show": Form("NAMES", loose=True),
    "set": Form("NAMES", loose=True),
}
