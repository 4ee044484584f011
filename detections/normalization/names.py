"""Names: a vendor's raw field name, in its context, to the canonical field and the form of its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from detections.languages.tree import KEYWORDS
from detections.normalization.catalogue import Alias, Catalogue

# Whose names a rule of a vendor may use, in the order in which they are tried (`fields.md` 3, step 2).
_NATIVE = ("cloudtrail", "azure", "m365", "okta", "gcp", "gworkspace", "github", "bitbucket", "k8s", "auditd", "zeek")
_ORDER = {
    "sigma": ("sigma", *_NATIVE, "winlog", "ecs"),
    "elastic": ("ecs", *_NATIVE, "winlog", "sigma"),
    "splunk": ("cim", "splunk_raw", *_NATIVE, "winlog", "falcon", "ocsf", "sigma", "ecs"),
}
# Those in which a Sigma rule's own names stand: all but the one that it borrows from.
SIGMA_NAMESPACES = frozenset(_ORDER["sigma"]) - {"ecs"}
# A native log that the context names goes before the rest, the others keep their order.
_NATIVE_OF = {
    "aws": "cloudtrail", "cloudtrail": "cloudtrail", "azure": "azure", "m365": "m365", "okta": "okta", "gcp": "gcp",
    "gworkspace": "gworkspace", "github": "github", "bitbucket": "bitbucket", "kubernetes": "k8s", "auditd": "auditd",
    "zeek": "zeek",
}  # fmt: skip

_ARRAY = re.compile(r"\{\}|\[\d*\]|(?<=\.)(?:\d+|\*)(?=\.)\.?")
_TAIL = re.compile(r"\.(?:keyword|text|caseless)$")
# Wrappers around a native field's own name (`fields.md` 3, step 3), each tried in turn.
_WRAPPERS = (
    (re.compile(r"^(?:winlog\.event_data|data\.win\.eventdata|winlog\.eventdata|event_data)\.", re.IGNORECASE), ""),
    (re.compile(r"^aws\.cloudtrail\.flattened\.request_parameters\."), "requestParameters."),
    (re.compile(r"^aws\.cloudtrail\.flattened\.response_elements\."), "responseElements."),
    (re.compile(r"^azure\.(?:signinlogs|auditlogs|activitylogs|identityprotection|platformlogs)\.properties\."), ""),
    (re.compile(r"^properties\."), ""),
)
_DATA_MODEL = re.compile(r"^(?:[A-Z][A-Za-z_]*|processes|web)\.(?=[a-z_])")
_PROGRAM = re.compile(r"^/|\\|\.exe$", re.IGNORECASE)


class Name(NamedTuple):
    """`known` is false when no table holds the name: then it is its own canonical."""

    canonical: str
    form: str = ""
    known: bool = True


def resolve(
    catalogue: Catalogue, vendor: str, raw: str, context: frozenset[str], *, path: str = "", value: str = ""
) -> Name:
    """The canonical name of a raw field in a rule of `vendor`, in the given context tokens.

    `path` is the name as written with a data model's prefix, looked up first. `value` decides the few fields that
    hold one thing or another (a protocol or a program).
    """
    name = _resolved(catalogue, vendor, raw, context, path if vendor == "splunk" else "")
    if name.form != "mixed":
        return name
    return Name("Image", "base") if _PROGRAM.search(value) else Name(name.canonical)


@lru_cache(maxsize=50_000)
def _resolved(catalogue: Catalogue, vendor: str, raw: str, context: frozenset[str], path: str) -> Name:
    if raw in (KEYWORDS, "_raw"):
        return Name(KEYWORDS)
    order = _order(vendor, context)
    for candidate in _candidates(vendor, raw, path):
        for namespace in order:
            alias = _find(catalogue, namespace, candidate, context)
            if alias is not None:
                return Name(alias.canonical, alias.form)
    own = cleaned_name(raw)
    for pattern, replacement in _WRAPPERS:
        own = pattern.sub(replacement, own, count=1)
    return Name(own, known=own in catalogue.fields)


def cleaned_name(raw: str) -> str:
    """A name without quotes, optional marks, modifiers, array marks and multi-field endings."""
    name = raw.strip().strip("\"'`").lstrip("?").split("|", 1)[0].strip()
    return _TAIL.sub("", _ARRAY.sub("", name)) or raw


def _order(vendor: str, context: frozenset[str]) -> tuple[str, ...]:
    order = _ORDER[vendor]
    named = {_NATIVE_OF[token] for token in context if token in _NATIVE_OF}
    return tuple(sorted(order, key=lambda namespace: namespace not in named))


def _candidates(vendor: str, raw: str, path: str) -> Iterator[str]:
    """The spellings to look up, the most specific first."""
    seen: set[str] = set()
    for written in (path, raw):
        if not written:
            continue
        plain = written.strip().strip("\"'`").lstrip("?").split("|", 1)[0].strip()
        for name in (plain, cleaned_name(written)):
            for candidate in (name, *_unwrapped(vendor, name)):
                if candidate and candidate not in seen:
                    seen.add(candidate)
                    yield candidate


def _unwrapped(vendor: str, name: str) -> Iterator[str]:
    """The name without what is wrapped around it; a data model's prefix exists in Splunk only (`Target.` in ECS is a
    process of its own)."""
    for pattern, replacement in _WRAPPERS:
        inner = pattern.sub(replacement, name, count=1)
        if inner != name:
            yield inner
            yield from _unwrapped(vendor, inner)
    inner = _DATA_MODEL.sub("", name, count=1) if vendor == "splunk" else name
    if inner != name:
        yield inner


def _find(catalogue: Catalogue, namespace: str, name: str, context: frozenset[str]) -> Alias | None:
    """Exact spelling before the folded one; an alias of a category in the context before one of any category."""
    exact = catalogue.exact.get((namespace, name), ())
    folded = catalogue.folded.get((namespace, name.lower()), ())
    for aliases in (exact, folded):
        for alias in aliases:
            if alias.category and alias.category in context:
                return alias
    for aliases in (exact, folded):
        for alias in aliases:
            if not alias.category:
                return alias
    return None
