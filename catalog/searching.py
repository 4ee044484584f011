"""A search over everything: what the search page and the API answer alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from catalog.caching import KEPT_SECONDS, code_version
from catalog.filters.rules import RuleListFilterSet
from detections.documents.problem import Problem
from detections.guide.counts import rules_by_technique
from detections.models import Indicator, Reader, Rule, Tactic, Technique
from detections.models.collation import code_point
from detections.searching.grammar import Search, parse
from detections.searching.highlighting import Part, parts_of, spans_of_texts
from detections.searching.hits import (
    FieldHit,
    IndicatorHit,
    fields_with,
    indicators_with,
    shown_indicators,
    techniques_with,
)
from detections.searching.likeness import alike, vocabulary
from detections.searching.predicates import indicators_of
from detections.searching.rule_hits import RuleHit, rule_hits

SHOWN = {"techniques": 6, "fields": 6, "indicators": 8, "rules": 10}  # rows of a group among the others
WHOLE = ("indicators",)  # groups of which the search page itself shows all
PAGE = 50
SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class TechniqueHit:
    """A technique that `rules` live rules state themselves; its whole name with what was looked for."""

    technique: Technique
    name: tuple[Part, ...]
    rules: int


@dataclass(frozen=True, slots=True)
class Group:
    """`count` rows of one kind, the closest first; `rows` are some of them, `all_at` the address of all."""

    name: str
    count: int
    rows: Sequence[Any]
    all_at: str
    page: Any = None


@dataclass(frozen=True, slots=True)
class Results:
    """With `problems` there are no groups. `vendors` are the rules found by source; `meant` are searches that find
    something where this one finds nothing."""

    asked: Search
    problems: tuple[Problem, ...] = ()
    tactics: tuple[Tactic, ...] = ()
    groups: tuple[Group, ...] = ()
    vendors: tuple[tuple[str, str, int], ...] = ()
    meant: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.tactics or any(group.count for group in self.groups))

    @property
    def by_name(self) -> dict[str, Group]:
        """Every group, those without a row too."""
        return {name: Group(name, 0, (), "") for name in SHOWN} | {group.name: group for group in self.groups}


def results_of(request: HttpRequest, text: str, only: str = "", page: int = 1) -> Results:
    """What `text` finds. `only` is a group of which a page is wanted and nothing of the others."""
    reader: Reader = request.reader
    if not text:
        return Results(parse(""))
    filterset = rules_asked(request, text)
    errors, asked = filterset.errors, filterset.search.asked
    if errors:
        told = filterset.search.problems or tuple(Problem(message) for message in errors["q"])
        return Results(asked, problems=told)
    words = " ".join(asked.sought).split()
    groups = {
        "techniques": lambda: _techniques(words, reader),
        "fields": lambda: _fields(words, reader),
        "indicators": lambda: _indicators(text, filterset, page if only else 0),
    }
    found = [make() for name, make in groups.items() if only in ("", name)]
    tactics, vendors = (), ()
    if not only:
        tactics = _tactics(words)
        rules, vendors = _rules(text, filterset)
        found.append(rules)
    results = Results(asked, tactics=tactics, groups=tuple(found), vendors=vendors)
    if results.is_empty and words and not only:
        return Results(asked, groups=tuple(found), meant=_meant(request, asked))
    return results


def rules_asked(request: HttpRequest, text: str) -> RuleListFilterSet:
    """The live rules that `text` finds, as the list of rules has them."""
    data = QueryDict(urlencode({"q": text}))
    return RuleListFilterSet(data, queryset=Rule.objects.visible_to(request.reader), request=request)


def _tactics(words: list[str]) -> tuple[Tactic, ...]:
    named = Q()
    for word in words:
        named &= Q(name__icontains=word) | Q(attack_id__iexact=word)
    return tuple(Tactic.objects.filter(named).order_by("position")) if words else ()


def _techniques(words: list[str], reader: Reader) -> Group:
    found = list(techniques_with(words)) if words else []
    shown = found[: SHOWN["techniques"]]
    rules = Rule.objects.visible_to(reader).live()
    counts = rules_by_technique(rules.filter(techniques__technique__in=shown)) if shown else {}
    rows = [TechniqueHit(row, marked(row.full_name, words), counts.get(row.pk, 0)) for row in shown]
    return Group("techniques", len(found), rows, _at("technique-list", " ".join(words)))


def _fields(words: list[str], reader: Reader) -> Group:
    found: list[FieldHit] = fields_with(words, reader) if words else []
    return Group("fields", len(found), found[: SHOWN["fields"]], _at("field-list", " ".join(words)))


def _indicators(text: str, filterset: RuleListFilterSet, page: int) -> Group:
    """Those whose value holds the words, and that are one of the tests asked for."""
    search, reader = filterset.search, filterset.reader
    found: QuerySet[Indicator] = indicators_with(search.asked.sought, reader)
    wanted = [predicate for predicate in search.asked.predicates if not predicate.negated]
    tests, excluded = Q(pk__in=[]), reader.reach_column(excluded=True)
    for predicate in wanted:
        field = search.fields[predicate.field.text] if predicate.field else ""
        used = {None: Q(), True: Q(**{f"{excluded}__gt": 0}), False: Q(**{f"{reader.reach_column()}__gt": 0})}
        tests |= Q(pk__in=indicators_of(predicate, field).values("pk")) & used[predicate.excluded]
    if wanted:
        found = found.filter(tests)
    elif not search.asked.sought:
        found = found.none()
    sought = search.asked.sought
    # The list of indicators knows one part of a value; of more this page shows all by itself.
    listed = len(sought) == 1 and not wanted
    all_at = _at("indicator-list", sought[0]) if listed else _at("search", text, group="indicators")
    one = Paginator(found, PAGE if page else SHOWN["indicators"]).get_page(page or 1)
    hits: list[IndicatorHit] = shown_indicators(list(one.object_list), reader)
    return Group("indicators", one.paginator.count, hits, all_at, one if page else None)


def _rules(text: str, filterset: RuleListFilterSet) -> tuple[Group, tuple[tuple[str, str, int], ...]]:
    named = filterset.qs.order_by().values_list("source__slug", "source__name")
    by_vendor = tuple(named.annotate(number=Count("pk")).order_by("-number", code_point("source__slug")))
    shown = filterset.in_order.select_related("source")[: SHOWN["rules"]] if by_vendor else ()
    hits: list[RuleHit] = rule_hits(list(shown), filterset.search.asked, filterset.search.fields)
    return Group("rules", sum(number for *_, number in by_vendor), hits, _at("rule-list", text)), by_vendor


def _at(page: str, text: str, **more: str) -> str:
    return f"{reverse(page)}?{urlencode({'q': text, **more})}"


def _meant(request: HttpRequest, asked: Search) -> tuple[str, ...]:
    """The search with other words in place of those that the catalog does not have, where it then finds rules."""
    reader: Reader = request.reader
    key = f"vocabulary:{request.generation.number}:{code_version()}:{reader.name}"
    known = cache.get_or_set(key, lambda: vocabulary(reader), KEPT_SECONDS)
    for term in asked.words:
        close = [] if term.negated or term.quoted else alike(term.text.lower(), known, SUGGESTED)
        if close:
            written = [asked.text[: term.start] + word + asked.text[term.end :] for word in close]
            return tuple(text for text in written if rules_asked(request, text).qs.exists())
    return ()


def marked(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """A name or a value with the words in it."""
    return parts_of(text, spans_of_texts(text, words))
