"""The names of fields: which field a name leads to, and what somebody meant who wrote one that leads nowhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches

from django.db.models import Count, QuerySet

from detections.models import Reader, Rule, RuleField, RuleName
from detections.normalization.catalogue import Alias, Catalogue
from detections.normalization.names import cleaned_name

MOST = 6
LONGEST = 200  # characters of a name that may be one


@dataclass(frozen=True, slots=True)
class NameRow:
    """A name of a field, as most rules spell it: case and marks around it aside. `rules` live rules write it, `formats`
    maps the formats of rules (sigma, elastic, splunk) to theirs; `aliases` are the rows of the tables that hold it."""

    name: str
    rules: int
    formats: dict[str, int]
    aliases: tuple[Alias, ...]


def names_of(field: str, rules: QuerySet[Rule], catalogue: Catalogue) -> tuple[NameRow, ...]:
    """Every name of a canonical field, those that `rules` write and those of the tables: by rules, then name.

    One query, whose rows are the rules that test the field: one that spells a name twice counts once.
    """
    written = RuleName.objects.filter(canonical=field, rule__in=rules.order_by().values("pk")).order_by()
    users: dict[str, dict[str, set[int]]] = {}
    spelled: dict[str, Counter[str]] = {}
    for name, rule_format, rule in written.values_list("name", "rule__source__vendor", "rule"):
        own = cleaned_name(name)
        users.setdefault(own.lower(), {}).setdefault(rule_format, set()).add(rule)
        spelled.setdefault(own.lower(), Counter())[own] += 1
    aliases: dict[str, list[Alias]] = {}
    for alias in catalogue.aliases:
        if alias.canonical == field:
            own = cleaned_name(alias.name)
            aliases.setdefault(own.lower(), []).append(alias)
            spelled.setdefault(own.lower(), Counter()).setdefault(own, 0)
    rows = [
        _name_row(spelled[name], users.get(name, {}), sorted(aliases.get(name, ()), key=_place)) for name in spelled
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rules, row.name)))


def _name_row(spelled: Counter[str], users: dict[str, set[int]], aliases: list[Alias]) -> NameRow:
    name = min(spelled, key=lambda one: (-spelled[one], one))
    formats = {rule_format: len(users[rule_format]) for rule_format in sorted(users)}
    return NameRow(name, sum(formats.values()), formats, tuple(aliases))


def _place(alias: Alias) -> tuple[str, ...]:
    return alias.vendor, alias.category, alias.name


def find_field(name: str, reader: Reader, catalogue: Catalogue) -> str:
    """The canonical field that a name leads to: itself, or the field whose alias it is; "" for none.

    A name that means several fields leads to the one that most live rules mean by it. Two queries at most.
    """
    if name in catalogue.fields:
        return name
    if len(name) > LONGEST:
        return ""
    if RuleField.objects.filter(reader.sources("rule__source"), field=name).exists():
        return name
    written = RuleName.objects.filter(reader.sources("rule__source"), rule__live=True, name=name)
    meant = dict(written.order_by().values_list("canonical").annotate(number=Count("pk")))
    if meant:
        return min(meant, key=lambda canonical: (-meant[canonical], canonical))
    aliases = [alias for alias in catalogue.aliases if alias.name.lower() == name.lower()]
    closest = min(aliases, key=lambda alias: (alias.name != name, alias.category != "", alias.canonical), default=None)
    return closest.canonical if closest else ""


def suggest_fields(name: str, reader: Reader, catalogue: Catalogue) -> tuple[str, ...]:
    """Canonical fields with a name like this one, the closest first: those of live rules, and those of the tables."""
    fields: dict[str, str] = {}
    tested = RuleField.objects.filter(reader.sources("rule__source"), rule__live=True)
    for canonical in sorted({*tested.order_by().values_list("field", flat=True).distinct(), *catalogue.fields}):
        fields.setdefault(canonical.lower(), canonical)
    for alias in catalogue.aliases:
        fields.setdefault(alias.name.lower(), alias.canonical)
    asked = name.lower()[:100]
    holding = sorted((known for known in fields if len(asked) > 2 and asked in known), key=len)
    close = get_close_matches(asked, fields, 2 * MOST, 0.6)
    return tuple(dict.fromkeys(fields[known] for known in [*close, *holding]))[:MOST]
