"""Equivalence: tests that look for the same thing in different words (`fields.md` 5).

A basename test on `process.name` and a Sigma `Image|endswith: '\\x.exe'` are one; so are `*.lnk` and a file
extension, an argument and a word of the command line, two spellings of a registry hive. Equivalence is looser than
identity and stricter than similarity: what it merges differs at most at the edges of a word.

Every test that counts has a key. Where no looser reading exists (a regular expression, a comparison, a keyword, a
word too short to say anything) it is the exact test, with `in` and `eq` taken together; so equivalent reach is never
smaller than exact reach. None have: scope rows, derived tests, tests for existence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from detections.normalization.catalogue import Field
from detections.normalization.locations import path_predicate, registry_predicate
from detections.normalization.patterns import Pattern, pattern_of
from detections.normalization.synonyms import meaning
from detections.normalization.values import NUMERIC_TYPES, folded

_TEXT = frozenset({"eq", "in", "startswith", "endswith", "contains", "wildcard"})
_WINDOWS = frozenset({"Windows"})
_UNIX = frozenset({"Linux", "macOS", "Container"})
_GUARD = 3  # fewer letters or digits say too little to be merged
_FLAGS = re.compile(r"^\(\?[a-zA-Z]+\)")
_HASH = re.compile(r"(?:(?P<kind>imphash|sha256|sha1|md5)=)?(?P<digest>[0-9a-f]{32}(?:[0-9a-f]{8}|[0-9a-f]{32})?)")
_HASH_KINDS = {32: "md5", 40: "sha1", 64: "sha256"}
# An option's mark: a hyphen, or what word processors make of it; where paths begin with a slash, a slash is none.
_MARKS = {"unix": re.compile(r"(?<!\S)[-–—―](?=\w)")}
_WINDOWS_MARKS = re.compile(r"(?<!\S)[-/–—―](?=\w)")


def os_family(platforms: Iterable[str]) -> str:
    """The family of a rule's operating systems: windows, unix, or any (several families or none)."""
    names = set(platforms)
    windows, unix = bool(names & _WINDOWS), bool(names & _UNIX)
    if windows and not unix:
        return "windows"
    return "unix" if unix and not windows else "any"


def equivalence(
    field: Field, form: str, operator: str, value: str, wild: bool, family: str, role: str, *, keep_case: bool = False
) -> str:
    """16 hex digits of the key under which equivalent tests meet; "" for tests that have none."""
    if role != "filter":
        return ""
    return _hashed(equivalence_text(field, form, operator, value, wild, family, keep_case=keep_case))


def equivalence_text(
    field: Field, form: str, operator: str, value: str, wild: bool, family: str, *, keep_case: bool = False
) -> str:
    """The readable key: the canonical field, then what is looked for. "" for a test for existence.

    `form` is the part of the canonical value that the vendor's field holds (`catalogue.Alias`), `family` the rule's
    `os_family`, `keep_case` marks an encoded value, which is no text to compare with others.
    """
    if operator == "exists":
        return ""
    text = folded(field, operator, value, wild, keep_case=keep_case)
    predicate = "" if keep_case or operator not in _TEXT else _predicate(field, form, operator, text, wild, family)
    return predicate or f"{field.canonical}|{_exact(operator, text)}{'|wild' if wild else ''}"


@lru_cache(maxsize=200_000)
def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _exact(operator: str, text: str) -> str:
    if operator == "regex_match":
        return f"regex_match:{_FLAGS.sub('', text)}"
    return f"eq:{text}" if operator in ("eq", "in") else f"{operator}:{text}"


def _predicate(field: Field, form: str, operator: str, text: str, wild: bool, family: str) -> str:
    """What a text test looks for, by the type of its field; "" when only its exact form says it."""
    name = field.canonical
    if operator in ("eq", "in"):
        plain = text.rstrip(".") if name == "EventType" else text  # Microsoft 365 ends operations with a full stop
        known = meaning(name, form, plain)
        if known != text:
            return f"{name}|eq:{known}"
    if field.type in NUMERIC_TYPES:
        return ""
    pattern = pattern_of(operator, text, wild)
    if field.type == "hash":
        return _hash(name, pattern)
    if field.type == "path":
        found = path_predicate(form, pattern)
    elif field.type == "registry":
        found = registry_predicate(pattern)
    elif field.type == "command line":
        found = _command_line(form, pattern, family)
    else:
        return ""
    return found and f"{name}|{found}"


def _hash(name: str, pattern: Pattern) -> str:
    """A hash by its kind, whether it stands in a field of its own or behind `SHA256=` in Hashes."""
    found = None if pattern.wild else _HASH.fullmatch(pattern.text)
    if not found:
        return ""
    kind = found["kind"] or ("imphash" if name == "Imphash" else _HASH_KINDS[len(found["digest"])])
    return f"hash|{kind}:{found['digest']}"


def _command_line(form: str, pattern: Pattern, family: str) -> str:
    """A command line that has these parts, in one OS family; "" when a part says too little or it is the whole."""
    if pattern.whole and form != "arg":
        return ""
    marks = _MARKS.get(family, _WINDOWS_MARKS)
    parts = sorted({marks.sub("-", piece.strip()) for piece in pattern.pieces()})
    if not parts or any(sum(map(str.isalnum, part)) < _GUARD for part in parts):
        return ""
    return f"{family}|has:{'*'.join(parts)}"
