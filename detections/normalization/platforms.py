"""Platforms and domains: what a rule watches, told by the evidence that its vendor writes down (`fields.md` 6).

The facts stand in two tables. `platforms.csv` is the vocabulary: each platform with its default domain and ATT&CK's
names for it. `evidence.csv` says what a piece of evidence means: a regular expression over the whole of a lower-cased
text of one kind. A row belongs to a step:

- a number: the lowest step that finds something decides, all its hits together;
- a number with `+`: joins in when the step of that number decided;
- `also`: always adds (and takes the place of the value that it `replaces`).

A row with `unless` says a general word (Azure) that a more special one of the same step (Entra ID) makes void.
Domains are asked for in the order: step 1, what a rule says of itself; the platforms' default domains; the later steps.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from detections.normalization.catalogue import TABLES, CatalogueError

DOMAINS = frozenset({"endpoint", "cloud", "identity", "network", "web", "saas", "application", "email", "ai"})
ATTACK_PLATFORMS = frozenset(
    {
        "Windows", "Linux", "macOS", "IaaS", "SaaS", "Office Suite", "Identity Provider", "Containers",
        "Network Devices", "ESXi", "PRE",
    }
)  # fmt: skip
FROM_PLATFORM = "from platform"
_ALSO = "also"
_STEP = re.compile(r"[1-9]\+?|also")
_EVIDENCE = ("vendor", "decides", "step", "kind", "pattern", "value", "replaces", "unless")
_PLATFORMS = ("platform", "domain", "attack_platforms")
# Domains of these steps stand before the platforms' own. A folder tells the platform only roughly: then a data model
# (step 2) says more about the domain than the platform does.
_SAID = ("1",)
_SAID_BY_A_ROUGH_RULE = ("1", "2")
_ROUGH = "folder"


@dataclass(frozen=True, slots=True)
class Places:
    """Platforms and domains, sorted; the rules name the kind of evidence that decided, "" when nothing did."""

    platforms: tuple[str, ...]
    platform_rule: str
    domains: tuple[str, ...]
    domain_rule: str


class _Row(NamedTuple):
    kind: str
    pattern: re.Pattern[str]
    value: str
    replaces: str
    unless: str


# Steps in order, each with its rows.
_Steps = Mapping[str, tuple[_Row, ...]]


@dataclass(frozen=True, eq=False)
class PlaceTables:
    """The two tables: `domain` and `attack` of each platform, and the steps of (vendor, platform or domain)."""

    domain: Mapping[str, str]
    attack: Mapping[str, tuple[str, ...]]
    steps: Mapping[tuple[str, str], _Steps]


def places(vendor: str, evidence: Sequence[tuple[str, str]]) -> Places:
    """Platforms and domains of a rule from its (kind, text) evidence. Raises `CatalogueError` for broken tables."""
    return _places(vendor, tuple(evidence))


def platform_names() -> tuple[str, ...]:
    """The vocabulary of platforms, in the order of the table."""
    return tuple(_base_tables().domain)


def attack_platforms(platform: str) -> tuple[str, ...]:
    """ATT&CK's names for a platform of rules; none for an unknown one."""
    return _base_tables().attack.get(platform, ())


def load_tables(folder: Path = TABLES) -> PlaceTables:
    """Read and check `platforms.csv` and `evidence.csv`. Raises `CatalogueError` with file and line."""
    domain: dict[str, str] = {}
    attack: dict[str, tuple[str, ...]] = {}
    for place, row in _rows(folder / "platforms.csv", _PLATFORMS):
        name = row["platform"]
        if name in domain:
            raise CatalogueError(f"{place}: the platform {name!r} stands twice. Remove one.")
        _choose(place, "domain", row["domain"], DOMAINS)
        domain[name] = row["domain"]
        attack[name] = tuple(filter(None, row["attack_platforms"].split("|")))
        for of_attack in attack[name]:
            _choose(place, "platform of ATT&CK", of_attack, ATTACK_PLATFORMS)
    return PlaceTables(domain, attack, _load_steps(folder / "evidence.csv", domain))


@cache
def _base_tables() -> PlaceTables:
    return load_tables()


@lru_cache(maxsize=20_000)
def _places(vendor: str, evidence: tuple[tuple[str, str], ...]) -> Places:
    tables = _base_tables()
    platforms, platform_rule = _decided(tables.steps.get((vendor, "platform"), {}), evidence)
    steps = tables.steps.get((vendor, "domain"), {})
    said = _SAID_BY_A_ROUGH_RULE if platform_rule == _ROUGH else _SAID
    domains, domain_rule = _decided({name: rows for name, rows in steps.items() if name in said}, evidence)
    if not domains and platforms:
        domains, domain_rule = {tables.domain[name] for name in platforms}, FROM_PLATFORM
    elif not domains:
        domains, domain_rule = _decided(steps, evidence)
    for row, _ in _hits(steps.get(_ALSO, ()), evidence):
        domains = (domains - {row.replaces}) | {row.value}
    return Places(tuple(sorted(platforms)), platform_rule, tuple(sorted(domains)), domain_rule)


def _decided(steps: _Steps, evidence: tuple[tuple[str, str], ...]) -> tuple[set[str], str]:
    """The values of the lowest step that finds any, and the kind that found the first."""
    for name, rows in steps.items():
        hits = list(_hits(rows, evidence)) if name.isdigit() else []
        if hits:
            joined = [row for row, _ in (*hits, *_hits(steps.get(f"{name}+", ()), evidence))]
            found = {row.value for row in joined}
            return {row.value for row in joined if row.unless not in found}, hits[0][1]
    return set(), ""


def _hits(rows: Iterable[_Row], evidence: tuple[tuple[str, str], ...]) -> Iterator[tuple[_Row, str]]:
    for row in rows:
        for kind, text in evidence:
            if kind == row.kind and row.pattern.fullmatch(text):
                yield row, kind
                break


def _load_steps(file: Path, platforms: Collection[str]) -> Mapping[tuple[str, str], _Steps]:
    found: dict[tuple[str, str], dict[str, list[_Row]]] = {}
    seen: set[tuple[str, ...]] = set()
    for place, row in _rows(file, _EVIDENCE):
        _choose(place, "column to decide", row["decides"], ("platform", "domain"))
        known = platforms if row["decides"] == "platform" else DOMAINS
        _choose(place, row["decides"], row["value"], known)
        for column in ("replaces", "unless"):
            _choose(place, row["decides"], row[column], {"", *known})
        if not _STEP.fullmatch(row["step"]):
            raise CatalogueError(f"{place}: {row['step']!r} is no step. Known: 1 to 9, 1+ to 9+, {_ALSO}.")
        key = tuple(row[name] for name in ("vendor", "decides", "step", "kind", "pattern", "value"))
        if key in seen:
            raise CatalogueError(f"{place}: this row stands twice. Remove one.")
        seen.add(key)
        try:
            pattern = re.compile(row["pattern"])
        except re.error as error:
            raise CatalogueError(f"{place}: {row['pattern']!r} is no regular expression: {error}.") from error
        steps = found.setdefault((row["vendor"], row["decides"]), {})
        steps.setdefault(row["step"], []).append(
            _Row(row["kind"], pattern, row["value"], row["replaces"], row["unless"])
        )  # fmt: skip
    return {key: {name: tuple(rows) for name, rows in sorted(steps.items())} for key, steps in found.items()}


def _rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    with file.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise CatalogueError(f"{file.name}:1: the header has to be {','.join(columns)}.")
        for row in reader:
            place = f"{file.name}:{reader.line_num}"
            if None in row or None in row.values():
                raise CatalogueError(f"{place}: the row has another number of columns than the header.")
            yield place, row


def _choose(place: str, what: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise CatalogueError(f"{place}: {value!r} is no {what}. Known: {', '.join(sorted(filter(None, known)))}.")
