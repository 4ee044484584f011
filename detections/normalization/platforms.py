"""Platforms and domains: what a rule watches, told by the evidence that its vendor writes down (`fields.md` 6).

The facts stand in two tables. `platforms.csv` is the vocabulary: each platform with its default domain and ATT&CK's
names for it. `evidence.csv` says what a piece of evidence means: a regular expression over the whole of a lower-cased
text of one kind. Its rows are steps: the lowest step that finds something decides, `1+` rows join in when step 1
decided, `also` rows always add (and may take the place of another value). A row with `unless` says a general word
(Azure) that a more special one of the same step (Entra ID) makes void.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from detections.normalization.catalogue import TABLES, CatalogueError

DOMAINS = frozenset({"endpoint", "cloud", "identity", "network", "web", "saas", "application", "email", "ai"})
FROM_PLATFORM = "from platform"
ALSO = "also"


@dataclass(frozen=True, slots=True)
class Places:
    """Platforms and domains, sorted; the rules name the kind of evidence that decided, "" when nothing did."""

    platforms: tuple[str, ...]
    platform_rule: str
    domains: tuple[str, ...]
    domain_rule: str


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    pattern: re.Pattern[str]
    value: str
    replaces: str
    unless: str


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    domain: Mapping[str, str]
    attack: Mapping[str, tuple[str, ...]]


# (vendor, platform or domain) to its steps in order: the step's name, the kinds of evidence and the rows.
_Steps = Mapping[tuple[str, str], Mapping[str, tuple[_Row, ...]]]


def places(vendor: str, evidence: Sequence[tuple[str, str]]) -> Places:
    """Platforms and domains of a rule from its (kind, text) evidence. Raises `CatalogueError` for broken tables."""
    return _places(vendor, tuple(evidence))


def platform_names() -> tuple[str, ...]:
    """The vocabulary of platforms, in the order of the table."""
    return tuple(_vocabulary().domain)


def attack_platforms(platform: str) -> tuple[str, ...]:
    """ATT&CK's names for a platform of rules; none for an unknown one."""
    return _vocabulary().attack.get(platform, ())


@lru_cache(maxsize=20_000)
def _places(vendor: str, evidence: tuple[tuple[str, str], ...]) -> Places:
    platforms, platform_rule = _decided(vendor, "platform", evidence)
    # A folder tells a platform only roughly: then a data model says more about the domain than the platform does.
    rough = platform_rule == "folder"
    domains, domain_rule = _decided(vendor, "domain", evidence, before="3" if rough else "2")
    if not domains and platforms:
        domains, domain_rule = {_vocabulary().domain[name] for name in platforms}, FROM_PLATFORM
    elif not domains:
        domains, domain_rule = _decided(vendor, "domain", evidence)
    for row, _ in _hits(_steps().get((vendor, "domain"), {}).get(ALSO, ()), evidence):
        domains = (domains - {row.replaces}) | {row.value}
    return Places(tuple(sorted(platforms)), platform_rule, tuple(sorted(domains)), domain_rule)


def _decided(
    vendor: str, decides: str, evidence: tuple[tuple[str, str], ...], before: str = "~"
) -> tuple[set[str], str]:
    """The values of the lowest step that finds any, and the kind that found the first."""
    steps = _steps().get((vendor, decides), {})
    for name, rows in steps.items():
        if name == ALSO or name.endswith("+") or name >= before:
            continue
        hits = list(_hits(rows, evidence))
        if hits:
            rows_hit = [row for row, _ in (*hits, *_hits(steps.get(f"{name}+", ()), evidence))]
            found = {row.value for row in rows_hit}
            return {row.value for row in rows_hit if not row.unless or row.unless not in found}, hits[0][1]
    return set(), ""


def _hits(rows: Iterable[_Row], evidence: tuple[tuple[str, str], ...]) -> Iterator[tuple[_Row, str]]:
    for row in rows:
        for kind, text in evidence:
            if kind == row.kind and row.pattern.fullmatch(text):
                yield row, kind
                break


@cache
def _vocabulary() -> _Vocabulary:
    domain: dict[str, str] = {}
    attack: dict[str, tuple[str, ...]] = {}
    for place, row in _table("platforms.csv"):
        name = row["platform"]
        if name in domain:
            raise CatalogueError(f"{place}: the platform {name!r} stands twice.")
        if row["domain"] not in DOMAINS:
            raise CatalogueError(f"{place}: {row['domain']!r} is no domain. Known: {', '.join(sorted(DOMAINS))}.")
        domain[name] = row["domain"]
        attack[name] = tuple(filter(None, row["attack_platforms"].split("|")))
    return _Vocabulary(domain, attack)


@cache
def _steps() -> _Steps:
    found: dict[tuple[str, str], dict[str, list[_Row]]] = {}
    seen: set[tuple[str, ...]] = set()
    for place, row in _table("evidence.csv"):
        key = tuple(row[name] for name in ("vendor", "decides", "step", "kind", "pattern", "value"))
        if key in seen:
            raise CatalogueError(f"{place}: this row stands twice.")
        seen.add(key)
        known: Iterable[str] = _vocabulary().domain if row["decides"] == "platform" else DOMAINS
        if row["decides"] not in ("platform", "domain") or row["value"] not in known:
            raise CatalogueError(f"{place}: {row['value']!r} is no {row['decides']} of platforms.csv.")
        try:
            pattern = re.compile(row["pattern"])
        except re.error as error:
            raise CatalogueError(f"{place}: {row['pattern']!r} is no regular expression: {error}.") from error
        steps = found.setdefault((row["vendor"], row["decides"]), {})
        steps.setdefault(row["step"], []).append(
            _Row(row["kind"], pattern, row["value"], row["replaces"], row["unless"])
        )
    return {key: {name: tuple(rows) for name, rows in sorted(steps.items())} for key, steps in found.items()}


def _table(name: str, folder: Path = TABLES) -> Iterator[tuple[str, dict[str, str]]]:
    with (folder / name).open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines, strict=True)
        for row in reader:
            yield f"{name}:{reader.line_num}", row
