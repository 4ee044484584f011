"""The names of fields as a guide shows them: canonical, or those of Sigma, ECS or CIM.

Names are words only: rows, counts and keys stay the canonical field's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from detections.models import Reader, Rule, RuleName
from detections.normalization.catalogue import Alias
from detections.normalization.names import cleaned_name

CANONICAL = "canonical"
# Each namespace with the vendor whose rules write it: what they use decides between several names.
WRITERS = {"sigma": "sigma", "ecs": "elastic", "cim": "splunk"}
NAMESPACES = (CANONICAL, *WRITERS)


@dataclass(frozen=True, slots=True)
class ShownName:
    """The name of a canonical field in a namespace. `form` tells which part of the value that name holds ("" for all
    of it); not `published` means that the namespace has no name and `text` is the canonical one."""

    text: str
    form: str = ""
    published: bool = True


def shown_names(
    namespace: str, fields: Iterable[str], rules: QuerySet[Rule], reader: Reader, known: Iterable[Alias]
) -> dict[str, ShownName]:
    """For each canonical field its name in a namespace of `WRITERS`. One query; none, and nothing, for canonical names.

    Of several names the one that most of `rules` (live ones of the technique) write, then the one that most live
    rules of the catalog write, then one that holds the whole value, needs no category and is published most often.
    """
    wanted = sorted(set(fields))
    if namespace not in WRITERS or not wanted:
        return {}
    written = _written(namespace, wanted, rules, reader)
    aliases: dict[str, list[Alias]] = defaultdict(list)
    for alias in known:
        if alias.vendor == namespace and cleaned_name(alias.name) == alias.name:
            aliases[alias.canonical].append(alias)
    return {field: _shown(field, aliases[field], written.get(field, {})) for field in wanted}


_Uses = Mapping[str, tuple[int, int]]  # a name as written -> rules here, rules in all


def _written(namespace: str, fields: list[str], rules: QuerySet[Rule], reader: Reader) -> dict[str, _Uses]:
    """How many rules of the namespace's vendor write which name of each field. One query."""
    names = RuleName.objects.filter(
        reader.sources("rule__source"),
        rule__live=True,
        rule__source__vendor=WRITERS[namespace],
        canonical__in=fields,
    )
    here = Count("pk", filter=Q(rule__in=rules.order_by().values("pk")))
    counted = names.order_by().values_list("canonical", "name").annotate(here=here, everywhere=Count("pk"))
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for field, name, mine, everywhere in counted:
        own = cleaned_name(name)
        before = found[field].get(own, (0, 0))
        found[field][own] = (before[0] + mine, before[1] + everywhere)
    return found


def _shown(field: str, aliases: list[Alias], written: _Uses) -> ShownName:
    if not aliases:
        return ShownName(field, published=False)

    def rank(choice: tuple[Alias, str]) -> tuple[object, ...]:
        alias, name = choice
        here, everywhere = written.get(name, (0, 0))
        published = len(set(alias.source.split(";")) - {"curated"})
        away = name != field, alias.form != "", alias.category != ""
        return (-here, -everywhere, *away, -published, name, alias.category)

    alias, name = min(((alias, name) for alias in aliases for name in _spelled(alias, written)), key=rank)
    return ShownName(name, alias.form)


def _spelled(alias: Alias, written: _Uses) -> list[str]:
    """An alias as the table spells it, and as rules do where case says nothing."""
    if alias.case_sensitive:
        return [alias.name]
    return [alias.name, *(name for name in written if name.lower() == alias.name.lower() and name != alias.name)]
