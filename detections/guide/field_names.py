"""The names of fields: which field a name leads to, and what somebody meant who wrote one that leads nowhere."""

from __future__ import annotations

from difflib import get_close_matches

from django.db.models import Count

from detections.models import Reader, RuleField, RuleName
from detections.normalization.catalogue import Catalogue

MOST = 6
LONGEST = 200  # characters of a name that may be one


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
