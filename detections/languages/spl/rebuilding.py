"""What an assignment of `eval` makes: the same field, a real field put together again, or a new column."""

from __future__ import annotations

from lark import Token, Tree

from detections.languages.parsing import Piece
from detections.languages.spl.columns import Columns
from detections.languages.spl.names import unquoted
from detections.languages.spl.nodes import Column

_CASING = frozenset({"lower", "upper"})
# A command line of an audit record comes as words or as hexadecimal text. These take the parts of a field and put
# them together again; the last two finish it.
_GATHERING = frozenset({"if", "mvappend", "trim", "ltrim", "rtrim", "replace", "null", "mvjoin", "urldecode"})
_FINISHING = frozenset({"mvjoin", "urldecode"})


def assigned(columns: Columns, target: str, value: Piece) -> Column:
    """The column that `target = value` makes."""
    name = columns.name(target)
    inner = _copied(value)
    if inner is not None:
        return columns.column(inner)
    fields, functions = made_of(value)
    sources = [columns.column(field) for field in fields]
    base = tuple(dict.fromkeys(source.field for source in sources))
    gathered = bool(sources) and functions <= _GATHERING
    gathered = gathered and all(source.gathered or source.rebuilt or not source.kind for source in sources)
    rebuilt = gathered and (bool(functions & _FINISHING) or any(source.rebuilt for source in sources))
    lookup = next((source.lookup for source in sources if source.lookup and source.kind), "")
    return Column(name, "", "" if rebuilt else "eval", lookup, base, gathered=gathered, rebuilt=rebuilt)


def _copied(value: Piece) -> str | None:
    """The field whose value is taken over, in other letters at most."""
    while isinstance(value, Tree):
        if value.data == "group":
            value = value.children[1]
        elif value.data == "call" and len(value.children) == 4 and str(value.children[0]).lower() in _CASING:
            value = value.children[2]
        else:
            return None
    return unquoted(value) if value.type in ("NAME", "FIELD") else None


def made_of(value: Piece) -> tuple[list[str], frozenset[str]]:
    """The fields whose values go into an expression, and the functions and operators that it is made with. What the
    first argument of if() asks does not go into the value."""
    fields: list[str] = []
    functions: set[str] = set()
    waiting = [value]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, Token):
            if piece.type in ("NAME", "FIELD"):
                fields.append(unquoted(piece))
            continue
        if piece.data == "call":
            name = str(piece.children[0]).lower()
            functions.add(name)
            arguments = piece.children[2:-1:2]
            waiting.extend(reversed(arguments[1:] if name == "if" else arguments))
        elif piece.data == "group":
            waiting.append(piece.children[1])
        else:
            functions.add(piece.data)
            waiting.extend(reversed(piece.children))
    return fields, frozenset(functions)
