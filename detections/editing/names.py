"""The site's own field names: aliases and canonical fields laid over the product's tables.

A change is checked against the tables, stored, and followed by a renormalization of the rules whose names it may
touch: a queued `Run`, which the caller hands to whoever begins long jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace

from django.db import transaction
from django.db.models import Count, Q
from simple_history.utils import update_change_reason

from detections.analysis.analysis import analyse
from detections.analysis.overrides import Overrides
from detections.analysis.rows import RuleRow, rule_row
from detections.documents.problem import UnreadableError
from detections.editing.errors import EditError
from detections.importing.names import current_catalogue
from detections.importing.runs import request_renormalization
from detections.importing.stored import read_with_of, stored_document
from detections.models import AliasOverride, FieldOverride, Generation, Rule, RuleName, Run
from detections.normalization.catalogue import (
    CATEGORIES,
    FORMS,
    ROLES,
    TYPES,
    VENDORS,
    Alias,
    Catalogue,
    CatalogueError,
    Field,
)
from detections.vendors.vendor import ReadWith

COMPARED = 200  # rules that a preview reads with the old names and the new


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change of names does. `candidates` use a name that it may touch; of these the first `compared` were
    read both ways, and `rules` say something else then: (rule, what went, what came) as (field, operator, value)."""

    candidates: int
    compared: int
    rules: tuple[tuple[Rule, tuple[tuple[str, str, str], ...], tuple[tuple[str, str, str], ...]], ...]

    @property
    def complete(self) -> bool:
        return self.compared == self.candidates


@dataclass(frozen=True, slots=True)
class NameChange:
    """Rows to lay over the tables, and overrides to take away: keys (vendor, name, category), and canonicals."""

    aliases: tuple[Alias, ...] = ()
    fields: tuple[Field, ...] = ()
    dropped_aliases: tuple[tuple[str, str, str], ...] = ()
    dropped_fields: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """The last parts of the names that it is about, in lower case."""
        written = [alias.name for alias in self.aliases] + [name for _, name, _ in self.dropped_aliases]
        return {name.rsplit(".", 1)[-1].lower() for name in written}

    def canonicals(self) -> set[str]:
        """Fields whose type or role it changes: the values of all who use them are compared another way."""
        return {field.canonical for field in self.fields} | set(self.dropped_fields)


def touched_by(change: NameChange) -> Touched:
    """What a change would do, with nothing stored. Raises `EditError` for one that cannot be."""
    catalogue = _catalogue_with(change)
    candidates = sorted(candidates_of(change))
    rules = Rule.objects.filter(pk__in=candidates[:COMPARED]).select_related("source", "text").order_by("pk")
    before, read_with = current_catalogue(), dict[int, ReadWith]()
    found = []
    for rule in rules:
        if rule.source_id not in read_with:
            read_with[rule.source_id] = read_with_of(rule.source)
        old, new = (_said(rule, read_with[rule.source_id], names) for names in (before, catalogue))
        if old != new:
            found.append((rule, tuple(sorted(old - new)), tuple(sorted(new - old))))
    return Touched(len(candidates), min(len(candidates), COMPARED), tuple(found))


@transaction.atomic
def save_names(change: NameChange, reason: str = "") -> Run | None:
    """Store a change of names; the renormalization that it needs, None when no rule uses the names.

    Raises `EditError`, with nothing stored, when it contradicts the tables or another renormalization is not done.
    """
    candidates = candidates_of(change)
    _catalogue_with(change)
    for field in change.fields:
        row, _ = FieldOverride.objects.update_or_create(
            canonical=field.canonical, defaults={name: getattr(field, name) for name in _names_of(Field, "canonical")}
        )
        update_change_reason(row, reason[:100])
    for alias in change.aliases:
        row, _ = AliasOverride.objects.update_or_create(
            vendor=alias.vendor,
            name=alias.name,
            category=alias.category,
            defaults={name: getattr(alias, name) for name in _names_of(Alias, "vendor", "name", "category")},
        )
        update_change_reason(row, reason[:100])
    for vendor, name, category in change.dropped_aliases:
        AliasOverride.objects.get(vendor=vendor, name=name, category=category).delete()
    for canonical in change.dropped_fields:
        FieldOverride.objects.get(canonical=canonical).delete()
    Generation.objects.bump()
    return request_renormalization(sorted(candidates)) if candidates else None


def merging(canonical: str, into: str) -> NameChange:
    """The change that makes every name of one canonical field a name of another. Raises `EditError`."""
    catalogue = current_catalogue()
    if canonical == into:
        raise EditError("A field cannot be merged into itself.")
    if into not in catalogue.fields:
        raise EditError(f"{into!r} is no canonical field. Add it first, or choose one that is.")
    own = [replace(alias, canonical=into) for alias in catalogue.aliases if alias.canonical == canonical]
    written = {(alias.vendor, alias.name) for alias in own}
    used = RuleName.objects.filter(canonical=canonical, known=False).values_list("rule__source__vendor", "name")
    for vendor, name in sorted(set(used)):
        if (_NAMESPACE[vendor], name) not in written:
            own.append(Alias(into, _NAMESPACE[vendor], name, source="site"))
    if not own:
        raise EditError(f"No name leads to {canonical!r}.")
    return NameChange(aliases=tuple(own))


def unmapped_names() -> list[tuple[str, str, str, int]]:
    """Names that no table knows, the most used first: format, name, the namespace for an alias, live rules."""
    rows = RuleName.objects.filter(known=False, rule__live=True)
    counted = rows.values("rule__source__vendor", "name").annotate(rules=Count("rule", distinct=True))
    listed = counted.order_by("-rules", "name").values_list("rule__source__vendor", "name", "rules")
    return [(vendor, name, _NAMESPACE[vendor], rules) for vendor, name, rules in listed]


def candidates_of(change: NameChange) -> set[int]:
    """The rules that use a name which the change may touch: rather too many than too few."""
    wanted = Q(canonical__in=change.canonicals())
    for name in change.names():
        wanted |= Q(name__icontains=name)
    return set(RuleName.objects.filter(wanted).values_list("rule_id", flat=True))


def check_alias(alias: Alias, catalogue: Catalogue) -> None:
    """Raises `EditError` for a row that the tables could not hold either."""
    _choose("vendor", alias.vendor, VENDORS)
    _choose("category", alias.category, CATEGORIES)
    _choose("form", alias.form, FORMS)
    if not alias.name.strip():
        raise EditError("The name is empty.")
    if alias.canonical not in catalogue.fields:
        raise EditError(f"{alias.canonical!r} is no canonical field. Add it as a field first, or choose one that is.")


# The namespace in which a vendor's own names stand.
_NAMESPACE = {"sigma": "sigma", "elastic": "ecs", "splunk": "splunk_raw"}


def _catalogue_with(change: NameChange) -> Catalogue:
    """The catalogue as it would be. Raises `EditError`."""
    for field in change.fields:
        _choose("type", field.type, TYPES)
        _choose("role", field.role, ROLES)
        if not field.canonical.strip():
            raise EditError("The field has no name.")
    known = current_catalogue()
    known_fields = {**known.fields, **{field.canonical: field for field in change.fields}}
    for alias in change.aliases:
        check_alias(alias, replace(known, fields=known_fields))
    try:
        with transaction.atomic():
            dropped = Q(pk__in=[])
            for vendor, name, category in change.dropped_aliases:
                dropped |= Q(vendor=vendor, name=name, category=category)
            AliasOverride.objects.filter(dropped)._raw_delete("default")
            FieldOverride.objects.filter(canonical__in=change.dropped_fields)._raw_delete("default")
            merged = current_catalogue().merged(change.fields, change.aliases)
            lost = [alias for alias in merged.aliases if alias.canonical not in merged.fields]
            transaction.set_rollback(True)
    except CatalogueError as error:
        raise EditError(str(error)) from error
    if lost:
        raise EditError(f"The field {lost[0].canonical!r} still has names: {lost[0].name}. Give them another first.")
    return merged


def _said(rule: Rule, read_with: ReadWith, catalogue: Catalogue) -> set[tuple[str, str, str]]:
    try:
        document = stored_document(rule, read_with)
    except UnreadableError:
        return set()
    row = rule_row(analyse(document, catalogue, Overrides.of_json(rule.overrides)))
    return _identities(row)


def _identities(row: RuleRow) -> set[tuple[str, str, str]]:
    tests = {(indicator.field, indicator.operator, indicator.value) for indicator in row.indicators}
    return tests | {(field.field, field.operator, "") for field in row.fields if field.operator == "exists"}


def _choose(column: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise EditError(f"{value!r} is no {column}. Choose one of: {', '.join(sorted(filter(None, known)))}.")


def _names_of(row: type, *without: str) -> Iterable[str]:
    return [field.name for field in fields(row) if field.name not in without]
