"""Exclusions as Sigma filters: whole filter rules, and the selections alone for somebody's own rule.

A field is named as Sigma's rules name it; where Sigma has no name for it the canonical one stands. What a vendor looks
for in a part of a value becomes a test of the whole: a file name the end of a path, an argument a part of the command
line. Tests of different log sources go into filters of their own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from django.db.models import Count, QuerySet

from detections.guide.exclusions import ExclusionRow, uses_of
from detections.guide.naming import ShownName, shown_names
from detections.languages.sigma.writing import Line, UnsayableError, line, quoted, selection_text, selections
from detections.languages.tree import KEYWORDS, Operator
from detections.models import Indicator, Reader, Rule, RuleIndicator
from detections.normalization.catalogue import Catalogue, Field
from detections.normalization.equivalence import equivalence
from detections.normalization.values import NUMERIC_TYPES

MOST = 500  # exclusions of one text
_CATEGORIES = {
    "process": "process_creation", "parent process": "process_creation", "file": "file_event",
    "registry": "registry_set", "module/driver": "image_load", "network": "network_connection", "dns": "dns_query",
    "script block": "ps_script",
}  # fmt: skip
_OF_HOSTS = ("windows", "linux", "macos")
_PRODUCTS = {
    "Windows": "windows", "Linux": "linux", "macOS": "macos", "AWS": "aws", "Azure": "azure", "Entra ID": "azure",
    "Microsoft 365": "m365", "GCP": "gcp", "Google Workspace": "gcp", "Okta": "okta", "GitHub": "github",
    "Kubernetes": "kubernetes", "Container": "linux",
}  # fmt: skip
# In these a backslash before a wildcard is a separator (`normalization.patterns`), which Sigma doubles there.
_WITH_SEPARATORS = frozenset({"path", "registry", "command line"})
_LONE_BACKSLASH = re.compile(r"(?<!\\)\\(?=[*?])")
_WINDOWS_ENDINGS = (".exe", ".dll", ".sys", ".com", ".scr")
_SEPARATORS = frozenset("\\/")
_OF_A_NAME: Mapping[str, Operator] = {"eq": "endswith", "in": "endswith", "startswith": "contains"}


@dataclass(frozen=True, slots=True)
class Unsaid:
    """An exclusion that a filter leaves out, and why."""

    row: ExclusionRow
    why: str


@dataclass(frozen=True, slots=True)
class SigmaFilter:
    """`rule` is a file of filter rules, `snippet` their selections with a condition, for a rule of one's own.

    Both are "" where Sigma can say none. `said` exclusions stand in them, `unnamed` are fields without a Sigma name.
    """

    rule: str
    snippet: str
    said: int
    unsaid: tuple[Unsaid, ...]
    unnamed: tuple[str, ...]


def sigma_filter(
    rows: Sequence[ExclusionRow], rules: Iterable[str], title: str, reader: Reader, catalogue: Catalogue
) -> SigmaFilter:
    """The exclusions as filters for the Sigma rules of these ids, or any of their log source. Three queries."""
    known = _known(rows, reader, catalogue)
    lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
    unsaid = []
    for row in rows:
        try:
            said = _line(row, known)
        except UnsayableError as why:
            unsaid.append(Unsaid(row, str(why)))
            continue
        product = known.products.get(row.id, "")
        category = _CATEGORIES.get(catalogue.field(row.field).group, "") if product in _OF_HOSTS else ""
        lines[product, category].append(said)
    unnamed = {row.field for row in rows if row.field != KEYWORDS and not known.is_published(row.field)}
    ordered = sorted(lines.items())
    every = [said for _, found in ordered for said in found]
    return SigmaFilter(
        rule="---\n".join(_document(title, source, found, list(rules)) for source, found in ordered),
        snippet=_snippet(every) if every else "",
        said=len(every),
        unsaid=tuple(unsaid),
        unnamed=tuple(sorted(unnamed)),
    )


def sigma_snippets(rows: Sequence[ExclusionRow], reader: Reader, catalogue: Catalogue) -> dict[str, str]:
    """For each exclusion that Sigma can say its selection with a condition. Three queries."""
    known, found = _known(rows, reader, catalogue), {}
    for row in rows:
        with suppress(UnsayableError):
            found[row.id] = _snippet([_line(row, known)])
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What has to be known to write exclusions: by field its Sigma name, by key its product and its equivalences."""

    catalogue: Catalogue
    names: Mapping[str, ShownName]
    products: Mapping[str, str]
    equivalences: Mapping[str, set[str]]

    def name(self, field: str) -> str:
        return self.names[field].text if field in self.names else field

    def is_published(self, field: str) -> bool:
        return field in self.names and self.names[field].published


def _known(rows: Sequence[ExclusionRow], reader: Reader, catalogue: Catalogue) -> _Known:
    fields = [row.field for row in rows] + [row.value for row in rows if row.operator == "fieldref"]
    names = shown_names("sigma", fields, Rule.objects.none(), reader, catalogue.aliases)
    return _Known(catalogue, names, _products(rows, reader), _equivalences(rows, reader))


def _line(row: ExclusionRow, known: _Known) -> Line:
    field, product = known.catalogue.field(row.field), known.products.get(row.id, "")
    operator, value = row.operator, row.value
    form = _form(row, field, known.equivalences.get(row.id, set()))
    if form == "ext":
        operator, value = "endswith", f".{value.lstrip('.')}"
    elif form == "arg":
        operator = "contains"
    elif field.type == "path" and operator in _OF_A_NAME and value and _SEPARATORS.isdisjoint(value):
        separator = "\\" if product == "windows" or value.lower().endswith(_WINDOWS_ENDINGS) else "/"
        operator, value = _OF_A_NAME[operator], separator + value
    elif operator == "fieldref":
        value = known.name(value)
    elif (row.wild or operator == "wildcard") and (field.type in _WITH_SEPARATORS or field.group == "registry"):
        value = _LONE_BACKSLASH.sub(r"\\\\", value)
    return line(known.name(row.field), operator, value, wild=row.wild, number=field.type in NUMERIC_TYPES)


def _form(row: ExclusionRow, field: Field, known: set[str]) -> str:
    """The part of a value that the vendors' fields hold, "ext" or "arg", as the keys of their tests tell; else ""."""
    if row.operator not in ("eq", "in") or field.type not in ("path", "command line"):
        return ""
    for form in ("", "ext", "arg"):
        for family in ("windows", "unix", "any"):
            if equivalence(field, form, row.operator, row.value, row.wild, family, "filter") in known:
                return form
    return ""


def _document(title: str, source: tuple[str, str], lines: Sequence[Line], rules: Sequence[str]) -> str:
    product, category = source
    found = selections(lines, "filter_main")
    single = len(found) == 1
    if single:
        found = {"selection": next(iter(found.values()))}
    said = selection_text(found, 4)
    scope = [f"    category: {category}\n"] if category else []
    scope += [f"    product: {product}\n"] if product else []
    if not scope:
        scope = ["    category: process_creation # set your own log source\n"]
    listed = "".join(f"\n        - {rule}" for rule in rules) or " any # better the ids of the rules that need it"
    return (
        f"title: {quoted(title)}\n"
        f"id: {uuid5(NAMESPACE_URL, ' '.join((*source, *rules, said)))}\n"
        f"description: {quoted('Excludes what other rules exclude. Check each line against your own network.')}\n"
        f"logsource:\n{''.join(scope)}"
        f"filter:\n    rules:{listed}\n{said}"
        f"    condition: not {'selection' if single else '1 of filter_main_*'}\n"
    )


def _snippet(lines: Sequence[Line]) -> str:
    return selection_text(selections(lines, "filter_main"), 4) + "    condition: selection and not 1 of filter_main_*\n"


def _products(rows: Sequence[ExclusionRow], reader: Reader) -> dict[str, str]:
    """For each exclusion the Sigma product that most of its rules are of; "" left out. One query."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    uses = _uses(rows, reader).values_list("indicator", "rule__platforms").annotate(number=Count("pk"))
    for key, platform, number in uses:
        if platform in _PRODUCTS:
            found[key][_PRODUCTS[platform]] += number
    return {key: min(counts, key=lambda name: (-counts[name], name)) for key, counts in found.items()}


def _equivalences(rows: Sequence[ExclusionRow], reader: Reader) -> dict[str, set[str]]:
    """The equivalence keys under which rules exclude each. One query."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, same in _uses(rows, reader).values_list("indicator", "equivalence").distinct():
        found[key].add(same)
    return found


def _uses(rows: Sequence[ExclusionRow], reader: Reader) -> QuerySet[RuleIndicator]:
    indicators = Indicator.objects.filter(pk__in=[row.id for row in rows])
    return uses_of(indicators, Rule.objects.visible_to(reader).live())
