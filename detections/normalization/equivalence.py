"""Equivalence: tests that look for the same thing in different words (`fields.md` 5).

A basename test on `process.name` and a Sigma `Image|endswith: '\\x.exe'` are one; so are `*.lnk` and a file
extension, an argument and a word of the command line, two spellings of a registry hive. Equivalence is looser than
identity and stricter than similarity: what it merges differs at most at the edges of a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from detections.normalization.catalogue import Field
from detections.normalization.synonyms import synonyms
from detections.normalization.values import NUMERIC_TYPES, folded

_TEXT = frozenset({"eq", "in", "startswith", "endswith", "contains", "wildcard"})
_WINDOWS = frozenset({"Windows"})
_UNIX = frozenset({"Linux", "macOS", "Container"})
_GUARD = 3  # fewer letters or digits say too little to be merged
_DRIVE = re.compile(r"^(?:[a-z]:|\?:|\*:)(?=\\)")
_FILE_NAME = re.compile(r"^[^\\/]+\.[a-z0-9]{1,10}$")
_EXTENSION = re.compile(r"^\.[a-z0-9]{1,10}$")
_HIVES = (
    (re.compile(r"^\\?registry\\machine(?=\\|$)"), "hklm"),
    (re.compile(r"^\\?registry\\user(?=\\|$)"), "hku"),
    (re.compile(r"^hkey_local_machine(?=\\|$)"), "hklm"),
    (re.compile(r"^hkey_current_user(?=\\|$)"), "hkcu"),
    (re.compile(r"^hkey_users(?=\\|$)"), "hku"),
    (re.compile(r"^hkey_classes_root(?=\\|$)"), "hkcr"),
)
_ANY_HIVE = re.compile(r"^(?:hklm|hkcu|hku|hkcr|\*)?\\?")
_CONTROL_SET = re.compile(r"(?<=\\)controlset00\d(?=\\)|^controlset00\d(?=\\)")
_HASH = re.compile(r"^(?:(?P<kind>imphash|sha256|sha1|md5)=)?(?P<digest>[0-9a-f]{32,64})$")
_HASH_KINDS = {32: "md5", 40: "sha1", 64: "sha256"}
_DASHES = re.compile(r"(?<!\S)[-/–—―](?=\w)")


def os_family(platforms: Iterable[str]) -> str:
    """The family of a rule's operating systems: windows, unix, or any (several families or none)."""
    names = set(platforms)
    windows, unix = bool(names & _WINDOWS), bool(names & _UNIX)
    if windows and not unix:
        return "windows"
    return "unix" if unix and not windows else "any"


def equivalence(field: Field, form: str, operator: str, value: str, wild: bool, family: str, role: str) -> str:
    """16 hex digits of the key under which equivalent tests meet; "" for scope rows and tests that have none."""
    if role != "filter":
        return ""
    return _hashed(equivalence_text(field, form, operator, value, wild, family))


def equivalence_text(field: Field, form: str, operator: str, value: str, wild: bool, family: str) -> str:
    """The readable key. Its first part is the canonical field, the rest what is looked for."""
    if operator in ("exists", "match"):
        return ""
    text = folded(field, operator, value, wild)
    predicate = _predicate(field, form, operator, text, wild, family) if operator in _TEXT else ""
    if predicate:
        return predicate
    merged = "eq" if operator == "in" else operator
    return f"{field.canonical}|{merged}:{text}{'|wild' if wild else ''}"


@lru_cache(maxsize=200_000)
def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def _predicate(field: Field, form: str, operator: str, text: str, wild: bool, family: str) -> str:
    """What a text test looks for, by the type of its field; "" when only its exact form says it."""
    name = field.canonical
    if field.type in NUMERIC_TYPES:
        return f"{name}|eq:{text}" if operator in ("eq", "in") else ""
    meaning = synonyms().get((name, text.rstrip("."))) if operator in ("eq", "in") else None
    if meaning is not None:
        return f"{name}|eq:{meaning}"
    if field.type == "hash":
        return _hash(name, operator, text)
    if wild or operator == "wildcard":
        pieces = _pieces(text) if field.type == "command line" else ()
        return _has(name, pieces, family) if pieces else ""
    if field.type == "path":
        return _path(name, form, operator, text)
    if field.type == "registry":
        return _registry(name, form, operator, text)
    if field.type == "command line":
        if operator in ("eq", "in") and form != "arg":
            return ""
        return _has(name, (text,), family)
    if name == "EventType" and operator in ("eq", "in"):
        return f"{name}|eq:{text.rstrip('.')}"
    return ""


def _path(name: str, form: str, operator: str, text: str) -> str:
    """A path test: by file name (base), by extension (ext), in a folder (dir), or of a whole path (path)."""
    plain = text.replace("/", "\\") if "\\" in text else text
    separator = "\\" if "\\" in plain else "/"
    exact = operator in ("eq", "in")
    if form == "ext":
        return f"{name}|ext:{plain.lstrip('.')}" if exact else ""
    if form == "base":
        if exact:
            return f"{name}|base:{plain.strip(separator)}"
        return f"{name}|ext:{plain[1:]}" if operator == "endswith" and _EXTENSION.match(plain) else ""
    if form == "dir":
        return f"{name}|dir:{_without_drive(plain).strip(separator)}" if exact else ""
    inner = plain.strip("\\/")
    if operator == "endswith":
        if _EXTENSION.match(plain):
            return f"{name}|ext:{plain[1:]}"
        if plain[:1] in ("\\", "/") and inner and separator not in inner:
            return f"{name}|base:{inner}"
        return f"{name}|path:{inner}" if plain[:1] in ("\\", "/") and inner else ""
    if operator == "contains":
        if plain[:1] in ("\\", "/") and _FILE_NAME.match(inner):
            return f"{name}|base:{inner}"
        return f"{name}|dir:{inner}" if plain[:1] in ("\\", "/") and plain[-1:] in ("\\", "/") and inner else ""
    if operator == "startswith":
        return f"{name}|dir:{_without_drive(plain).strip(separator)}" if plain[-1:] in ("\\", "/") and inner else ""
    if separator in plain:
        return f"{name}|path:{_without_drive(plain).strip(separator)}"
    return f"{name}|base:{plain}"


def _without_drive(path: str) -> str:
    return _DRIVE.sub("", path)


def _registry(name: str, form: str, operator: str, text: str) -> str:
    """A registry test: the last component alone is a value's name, more is the tail of a path."""
    tail = text.replace("\\\\", "\\")
    for hive, short in _HIVES:
        tail = hive.sub(short, tail)
    tail = _CONTROL_SET.sub("currentcontrolset", _ANY_HIVE.sub("", tail)).strip("\\")
    if not tail or operator not in ("eq", "in", "endswith"):
        return ""
    if operator == "endswith" and not text.startswith("\\") and not form:
        return ""
    return f"{name}|regpath:{tail}" if "\\" in tail else f"{name}|value:{tail}"


def _hash(name: str, operator: str, text: str) -> str:
    """A hash by its kind, whether it stands in a field of its own or behind `SHA256=` in Hashes."""
    found = _HASH.match(text.strip("*"))
    if not found or operator == "startswith":
        return ""
    digest = found["digest"]
    kind = found["kind"] or ("imphash" if name == "Imphash" else _HASH_KINDS.get(len(digest)))
    return f"hash|{kind}:{digest}" if kind else ""


def _pieces(pattern: str) -> tuple[str, ...]:
    """The literal parts of a pattern between its stars; none when it holds a one-character wildcard."""
    if re.search(r"(?<!\\)\?", pattern):
        return ()
    parts = re.split(r"(?<!\\)\*", pattern)
    return tuple(part.replace("\\*", "*").replace("\\?", "?") for part in parts if part.strip())


def _has(name: str, pieces: Iterable[str], family: str) -> str:
    """A command line that has these parts, in one OS family; "" when a part says too little."""
    words = sorted({_word(piece) for piece in pieces})
    if not words or any(sum(char.isalnum() for char in word) < _GUARD for word in words):
        return ""
    return f"{name}|{family}|has:{'+'.join(words)}"


def _word(piece: str) -> str:
    return _DASHES.sub("-", piece.strip())
