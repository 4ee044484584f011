"""The catalogue of field names: canonical fields, and the vendors' names for them. Loaded from CSV and checked.

The tables in `tables/` are the base. A site's own aliases are rows merged over them (`Catalogue.merged`), so that an
upgrade of the tables keeps the site's edits.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TABLES = Path(__file__).resolve().parent / "tables"

TYPES = frozenset(
    {"keyword", "enum", "number", "path", "user", "hash", "ip", "command line", "registry", "port", "event id"}
)
ROLES = frozenset({"filter", "scope"})
FORMS = frozenset({"", "base", "dir", "ext", "key", "value", "arg", "cmdline", "mixed", "upn", "registry"})
VENDORS = frozenset(
    {
        "sigma", "ecs", "cim", "splunk_raw", "kusto", "asim", "winlog", "auditd", "azure", "cloudtrail", "okta", "k8s",
        "m365", "gcp", "zeek", "github", "falcon", "gworkspace", "ocsf", "bitbucket",
    }
)  # fmt: skip
CATEGORIES = frozenset(
    {
        "", "process_creation", "file", "file_event", "file_access", "registry", "network_connection", "image_load",
        "driver_load", "process_access", "create_remote_thread", "pipe_created", "dns", "web", "firewall", "antivirus",
        "wmi", "wmi_event", "ps_script", "ps_classic_start", "security", "system", "application", "windefend",
        "taskscheduler", "service", "codeintegrity-operational", "windows_logon", "authentication", "change", "cloud",
        "aws", "azure", "m365", "gcp", "gworkspace", "github", "okta", "kubernetes", "auditd", "zeek", "fortigate",
        "ocsf", "5145",
    }
)  # fmt: skip


class CatalogueError(ValueError):
    """A table that contradicts itself; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Field:
    """A canonical field. `type` decides how values are compared; `role` "scope" says that it selects a data source."""

    canonical: str
    type: str = "keyword"
    group: str = "other"
    description: str = ""
    role: str = "filter"


@dataclass(frozen=True, slots=True)
class Alias:
    """A vendor's name for a canonical field, in events of a category ("" for any).

    `form` says which part of the canonical value the vendor's field holds ("" for all of it): base, dir, ext of a
    path; key, value of a registry path; arg, cmdline of a command line; upn of a user; mixed where the value decides
    the field; registry for verbs that mean something else elsewhere. `source` is where the mapping is published.
    """

    canonical: str
    vendor: str
    name: str
    category: str = ""
    case_sensitive: bool = False
    form: str = ""
    source: str = ""
    note: str = ""


Names = Mapping[tuple[str, str], tuple[Alias, ...]]
AliasKey = tuple[str, str, str]  # vendor, name as spelled, category

_FIELD_COLUMNS = ("canonical", "type", "group", "description", "role")
_ALIAS_COLUMNS = ("canonical", "vendor", "name", "category", "case_sensitive", "form", "source", "note")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All fields and aliases. `exact` and `folded` find a vendor's aliases by (vendor, name) as spelled and in lower
    case. Compared and hashed by identity, so that it can key a cache."""

    fields: Mapping[str, Field]
    aliases: tuple[Alias, ...]
    digest: str = ""
    exact: Names = field(default_factory=dict, repr=False)
    folded: Names = field(default_factory=dict, repr=False)

    def field(self, canonical: str) -> Field:
        """A canonical field; a name that no table holds is its own canonical, a keyword."""
        return self.fields.get(canonical) or Field(canonical)

    def merged(self, fields: Iterable[Field] = (), aliases: Iterable[Alias] = ()) -> Catalogue:
        """This catalogue with rows of a site laid over it: the same key replaces, another is added. Raises
        `CatalogueError` for names that would differ by case only and mean different fields."""
        own_fields, own_aliases = tuple(fields), tuple(aliases)
        if not (own_fields or own_aliases):
            return self
        known = dict(self.fields) | {row.canonical: row for row in own_fields}
        laid = {_key(row): row for row in self.aliases} | {_key(row): row for row in own_aliases}
        _check_twins(laid.values(), lambda alias: "The site's aliases")
        written = repr((self.digest, sorted(map(repr, own_fields)), sorted(map(repr, own_aliases))))
        return _indexed(known, laid.values(), hashlib.sha256(written.encode()).hexdigest())


def load_catalogue(folder: Path = TABLES) -> Catalogue:
    """Read and check `fields.csv` and `field_aliases.csv`. Raises `CatalogueError` with file and line."""
    fields: dict[str, Field] = {}
    for place, row in read_rows(folder / "fields.csv", _FIELD_COLUMNS):
        choose(place, "type", row["type"], TYPES)
        choose(place, "role", row["role"], ROLES)
        if row["canonical"] in fields:
            raise CatalogueError(f"{place}: the canonical field {row['canonical']!r} stands twice. Remove one.")
        fields[row["canonical"]] = Field(**row)
    aliases: dict[AliasKey, Alias] = {}
    places: dict[AliasKey, str] = {}
    for place, row in read_rows(folder / "field_aliases.csv", _ALIAS_COLUMNS):
        alias = _alias(place, row, fields)
        key = _key(alias)
        if key in aliases:
            raise CatalogueError(
                f"{place}: {alias.vendor}'s {alias.name!r} stands twice for the category {alias.category!r}; first at "
                f"{places[key]}. Remove one."
            )
        aliases[key], places[key] = alias, place
    _check_twins(aliases.values(), lambda alias: places[_key(alias)])
    digest = hashlib.sha256()
    for name in ("fields.csv", "field_aliases.csv"):
        digest.update((folder / name).read_bytes())
    return _indexed(fields, aliases.values(), digest.hexdigest())


@cache
def base_catalogue() -> Catalogue:
    """The product's own tables."""
    return load_catalogue()


def read_rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with their places (`fields.csv:3`). Raises `CatalogueError` for a table of another shape."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines, strict=True)
            if tuple(reader.fieldnames or ()) != columns:
                raise CatalogueError(f"{file.name}:1: the header has to be {','.join(columns)}.")
            for row in reader:
                place = f"{file.name}:{reader.line_num}"
                if None in row or None in row.values():
                    raise CatalogueError(f"{place}: the row has another number of columns than the header.")
                yield place, row
    except OSError as error:
        raise CatalogueError(f"{file.name}: the table cannot be read: {error.strerror}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise CatalogueError(f"{file.name}: the table is no CSV in UTF-8: {error}.") from error


def choose(place: str, column: str, value: str, known: Iterable[str]) -> None:
    """Raises `CatalogueError` for a value that its column does not know."""
    if value not in known:
        raise CatalogueError(f"{place}: {value!r} is no {column}. Known: {', '.join(sorted(filter(None, known)))}.")


def _alias(place: str, row: dict[str, str], fields: Mapping[str, Field]) -> Alias:
    choose(place, "vendor", row["vendor"], VENDORS)
    choose(place, "category", row["category"], CATEGORIES)
    choose(place, "form", row["form"], FORMS)
    choose(place, "case_sensitive", row["case_sensitive"], {"", "yes"})
    if row["canonical"] not in fields:
        raise CatalogueError(f"{place}: {row['canonical']!r} is no canonical field. Add it to fields.csv first.")
    return Alias(
        row["canonical"], row["vendor"], row["name"], row["category"], row["case_sensitive"] == "yes",
        row["form"], row["source"], row["note"],
    )  # fmt: skip


def _check_twins(aliases: Iterable[Alias], place: Callable[[Alias], str]) -> None:
    """Names that differ by case only must say so, or mean the same."""
    twins: dict[AliasKey, Alias] = {}
    for alias in aliases:
        if alias.case_sensitive:
            continue
        other = twins.setdefault((alias.vendor, alias.name.lower(), alias.category), alias)
        if (other.canonical, other.form) != (alias.canonical, alias.form):
            raise CatalogueError(
                f"{place(alias)}: {alias.vendor}'s {alias.name!r} and {other.name!r} differ by case only and mean "
                "different fields. Mark one of them case_sensitive."
            )


def _indexed(fields: Mapping[str, Field], aliases: Iterable[Alias], digest: str) -> Catalogue:
    exact: dict[tuple[str, str], tuple[Alias, ...]] = {}
    folded: dict[tuple[str, str], tuple[Alias, ...]] = {}
    rows = tuple(aliases)
    for alias in rows:
        key = (alias.vendor, alias.name)
        exact[key] = (*exact.get(key, ()), alias)
        if not alias.case_sensitive or alias.category:
            key = (alias.vendor, alias.name.lower())
            folded[key] = (*folded.get(key, ()), alias)
    return Catalogue(fields, rows, digest, exact, folded)


def _key(alias: Alias) -> AliasKey:
    return alias.vendor, alias.name, alias.category
