"""The facets of lists: the words by which rows can be filtered, and how many rows each word would give.

A count answers "how many rows, were this word chosen": all other filters are in force and those of its own facet are
not, so that a second word can be chosen beside the first. All facets of a list are counted by one query.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, QuerySet, TextField, Value, When
from django.db.models.functions import Cast

from detections.guide.exclusions import uses_of
from detections.guide.figures import PARSES
from detections.guide.matrix import attack_words
from detections.models import Domain, Platform, Reader, Rule, RuleTechnique, Source, Technique

if TYPE_CHECKING:
    from catalog.filters.exclusions import ExclusionFilterSet
    from catalog.filters.fields import FieldFilterSet
    from catalog.filters.rules import RuleListFilterSet
    from catalog.filters.sources import SourceFilterSet
    from catalog.filters.strict import StrictFilterSet
    from catalog.filters.techniques import TechniqueFilterSet

Counts = dict[str, dict[str, int]]  # facet -> word -> rows

COLUMNS = ("language", "status", "level")
# The facets of rules, and the way from a rule to its words.
OF_RULES = {
    "vendor": "source__slug", "platform": "platforms", "domain": "domains", "language": "language", "status": "status",
    "level": "level", "parse": "parse",
}  # fmt: skip
TAGS = {"platform": Rule.platforms.through, "domain": Rule.domains.through}


def rule_words(reader: Reader) -> dict[str, tuple[str, ...]]:
    """For each facet of rules its words by code point (`parse`: from full to none). One query."""
    rules = Rule.objects.visible_to(reader)
    platforms = Rule.platforms.through.objects.filter(platform=OuterRef("pk"), rule__in=rules.values("pk"))
    domains = Rule.domains.through.objects.filter(domain=OuterRef("pk"), rule__in=rules.values("pk"))
    parts = [
        _words("vendor", Source.objects.visible_to(reader), "slug"),
        _words("platform", Platform.objects.filter(Exists(platforms)), "name"),
        _words("domain", Domain.objects.filter(Exists(domains)), "name"),
        *(_words(column, rules.exclude(**{column: ""}), column) for column in COLUMNS),
    ]
    found: dict[str, list[str]] = {"vendor": [], "platform": [], "domain": [], **{column: [] for column in COLUMNS}}
    for facet, word in parts[0].union(*parts[1:]):
        found[facet].append(word)
    return {facet: tuple(sorted(words)) for facet, words in found.items()} | {"parse": PARSES}


def attack_platforms() -> tuple[str, ...]:
    """ATT&CK's own words for platforms, by code point. One query."""
    lists = Technique.objects.in_force().order_by().values_list("platforms", flat=True).distinct()
    return tuple(sorted({platform for platforms in lists for platform in platforms}))


def rule_counts(asked: RuleListFilterSet) -> Counts:
    """The rules of each word of each facet of the list of rules. One query."""
    life = Case(When(live=True, then=Value("yes")), default=Value("no"), output_field=CharField())
    parts = [_counted("live", asked.without("live"), life)]
    for facet, path in OF_RULES.items():
        rules = asked.without(facet)
        if facet in TAGS:
            links = TAGS[facet].objects.filter(rule__in=rules.values("pk"))
            parts.append(_counted(facet, links, F(facet)))
        else:
            parts.append(_counted(facet, rules, F(path)))
    tags = _stated(asked.without("tactic"))
    parts.append(_counted("tactic", tags, F("technique__tactics__shortname"), Count("rule", distinct=True)))
    return _by_facet(parts[0].union(*parts[1:], all=True))


def technique_counts(asked: TechniqueFilterSet) -> Counts:
    """The techniques of each word of each facet of the list of techniques. Two queries.

    Words of rules are counted by the techniques that a rule with the word states; where the list asks for techniques
    with rules or without, a parent is with its sub-techniques. Sets of techniques overlap, so these are counted here.
    """
    platforms = Cast("platforms", TextField())
    tactics = Technique.tactics.through.objects.filter(technique__in=asked.without("tactic").values("pk"))
    covered = Case(
        When(pk__in=Technique.objects.covered_by(asked.rules).values("pk"), then=Value("covered")),
        When(pk__in=asked.fitting(Technique.objects.all()).values("pk"), then=Value("missing")),
        default=Value(""),
        output_field=CharField(),
    )
    every = Value("all", output_field=CharField())
    parts = [
        _counted("tactic", tactics, F("tactic__shortname")),
        _counted("show", asked.without("show", *OF_RULES), covered),
        _counted("show", asked.without("show"), every),
        _counted("attack_platform", asked.without("attack_platform"), platforms),
    ]
    return _by_facet(parts[0].union(*parts[1:], all=True)) | _rule_facets_of_techniques(asked)


def source_counts(asked: SourceFilterSet) -> Counts:
    """The live rules of each word of each facet of the list of sources. One query."""
    public = Case(When(source__public=True, then=Value("yes")), default=Value("no"), output_field=CharField())
    words = {"vendor": F("source__slug"), "language": F("language"), "parse": F("parse"), "public": public}
    parts = [_counted(facet, asked.rules_without(facet).live(), word) for facet, word in words.items()]
    return _by_facet(parts[0].union(*parts[1:], all=True))


def field_counts(asked: FieldFilterSet) -> Counts:
    """The fields of each word of each facet of the list of fields. One query.

    Groups and namespaces are known from the tables: for these the fields themselves are read, and counted here.
    """
    number = Count("field", distinct=True)
    words = {
        "vendor": "rule__source__slug", "platform": "rule__platforms", "domain": "rule__domains",
        "operator": "operator", "group": "field", "names": "field",
    }  # fmt: skip
    parts = [_counted(facet, asked.without(facet), F(path), number) for facet, path in words.items()]
    found = _by_facet(parts[0].union(*parts[1:], all=True))
    groups = Counter(map(asked.group_of, found.get("group", ())))
    names = Counter(name for field in found.get("names", ()) for name in asked.namespaces_of(field))
    return {**found, "group": dict(groups), "names": dict(names)}


def exclusion_counts(asked: ExclusionFilterSet) -> Counts:
    """The exclusions of each word of each facet of their list. One query."""
    can = Case(When(satisfiable="", then=Value("no")), default=Value("yes"), output_field=CharField())
    parts = [
        _counted("satisfiable", asked.without("satisfiable"), can),
        _counted("reason", asked.without("reason"), F("satisfiable")),
        *(_counted(column, asked.without(column), F(column)) for column in ("field", "program", "operator")),
    ]
    for facet in ("vendor", "platform"):
        uses = uses_of(asked.without(facet) if asked.narrows else None, asked.rules_without(facet))
        parts.append(_counted(facet, uses, F(f"rule__{OF_RULES[facet]}"), Count("indicator", distinct=True)))
    return _by_facet(parts[0].union(*parts[1:], all=True))


def counts_without(asked: StrictFilterSet, names: Iterable[str]) -> dict[str, int]:
    """How many rows each of these filters, taken off alone, would leave; the most first. One query."""
    blank, number = Value("", output_field=CharField()), Count(asked.counted, distinct=asked.counted != "pk")
    parts = [_counted(name, asked.without(name), blank, number) for name in names]
    found = {facet: number for facet, _, number in parts[0].union(*parts[1:], all=True)} if parts else {}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _rule_facets_of_techniques(asked: TechniqueFilterSet) -> Counts:
    show = asked.form.cleaned_data["show"]
    listed = dict(asked.without("show", *OF_RULES).values_list("pk", "platforms"))
    parts = [
        _stated(asked.rules_without(facet))
        .annotate(facet=Value(facet, output_field=CharField()), word=F(f"rule__{path}"))
        .values_list("facet", "word", "technique_id", "technique__parent_id")
        .distinct()
        for facet, path in OF_RULES.items()
    ]
    found: dict[str, dict[str, set[int]]] = {}
    for facet, word, technique, parent in parts[0].union(*parts[1:], all=True):
        if word:
            found.setdefault(facet, {}).setdefault(word, set()).update((technique, parent) if show else (technique,))
    if show != "missing":
        return {
            facet: {word: len(listed.keys() & ids) for word, ids in words.items()} for facet, words in found.items()
        }

    def fitting(platforms: Collection[str]) -> set[int]:
        names = attack_words(platforms)
        return {pk for pk, known in listed.items() if not platforms or not names.isdisjoint(known)}

    asked_for = fitting(asked.form.cleaned_data["platform"])
    return {
        facet: {word: len((fitting([word]) if facet == "platform" else asked_for) - ids) for word, ids in words.items()}
        for facet, words in found.items()
    }


def _stated(rules: QuerySet[Rule]) -> QuerySet[RuleTechnique]:
    """The tags of rules with techniques in force that they state themselves."""
    return RuleTechnique.objects.filter(
        structural=False, technique__revoked=False, technique__deprecated=False, rule__in=rules.values("pk")
    ).order_by()


def _counted(facet: str, rows: QuerySet[Any], word: Any, number: Count | None = None) -> QuerySet[Any]:
    """(facet, word, rows) for every word of one facet."""
    return (
        rows.order_by()
        .annotate(facet=Value(facet, output_field=CharField()), word=word)
        .values("facet", "word")
        .annotate(number=number or Count("pk"))
        .values_list("facet", "word", "number")
    )


def _by_facet(rows: Iterable[tuple[str, str, int]]) -> Counts:
    """Counts of words; ATT&CK's lists of platforms, which come as JSON, are taken apart."""
    found: Counts = {}
    for facet, word, number in rows:
        for one in json.loads(word) if facet == "attack_platform" else (word,):
            if one:
                counts = found.setdefault(facet, {})
                counts[one] = counts.get(one, 0) + number
    return found


def _words(facet: str, rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    shown: Mapping[str, Any] = {"facet": Value(facet, output_field=CharField()), "word": F(column)}
    return rows.order_by().annotate(**shown).values_list("facet", "word").distinct()
