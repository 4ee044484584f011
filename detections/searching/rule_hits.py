"""Rules as the answer to a search: their titles and texts with what was looked for, and the tests asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q

from detections.models import Rule, RuleField, RuleIndicator, RuleText
from detections.models.search import searched_query
from detections.normalization.words import Phrase
from detections.searching.grammar import Predicate, Search
from detections.searching.highlighting import Part, excerpt, parts_of, spans_of, spans_of_texts
from detections.searching.predicates import indicators_of

MOST_TESTS = 3


@dataclass(frozen=True, slots=True)
class TestHit:
    """A test of a rule that was asked for, its value with the parts that were."""

    field: str
    operator: str
    value: tuple[Part, ...]
    excluded: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class RuleHit:
    """`excerpt` shows what the title does not; `place` says out of which of the rule's texts it is."""

    rule: Rule
    title: tuple[Part, ...]
    excerpt: tuple[Part, ...] = ()
    place: str = ""
    tests: tuple[TestHit, ...] = ()


def rule_hits(rules: Sequence[Rule], asked: Search, fields: Mapping[str, str]) -> list[RuleHit]:
    """The rules with what matched. `fields` are the canonical fields by name as typed. Three queries at most."""
    found = [(rule, spans_of(rule.title, asked.phrases)) for rule in rules]
    lacking = {rule.pk: _lacking(rule.title, asked.phrases) for rule in rules}
    texts = _texts([rule for rule in rules if lacking[rule.pk]])
    tests = _tests([rule.pk for rule in rules], asked.predicates, fields)
    hits = []
    for rule, spans in found:
        place, cut = _excerpt(rule, lacking[rule.pk], texts.get(rule.pk, ""))
        hits.append(RuleHit(rule, parts_of(rule.title, spans), cut, place, tuple(tests.get(rule.pk, ())[:MOST_TESTS])))
    return hits


def _lacking(text: str, phrases: Sequence[Phrase]) -> list[Phrase]:
    return [phrase for phrase in phrases if not spans_of(text, [phrase])]


def _texts(rules: Sequence[Rule]) -> dict[int, str]:
    """What these rules look for, in their own words. One query."""
    if not rules:
        return {}
    vendors = {rule.pk: rule.source.vendor for rule in rules}
    texts = RuleText.objects.filter(rule__in=list(vendors)).values_list("rule_id", "query", "text")
    return {key: searched_query(vendors[key], query, text) for key, query, text in texts}


def _excerpt(rule: Rule, phrases: Sequence[Phrase], query: str) -> tuple[str, tuple[Part, ...]]:
    """Out of the text that holds most of the phrases; of equals the first."""
    places = {"description": rule.description, "query": query, "tags": ", ".join(map(str, rule.tags))}
    held = {place: len(phrases) - len(_lacking(text, phrases)) for place, text in places.items()} if phrases else {}
    best = max(held, key=lambda place: held[place], default="")
    return (best, excerpt(places[best], phrases)) if best and held[best] else ("", ())


def _tests(
    rules: Sequence[int], predicates: Sequence[Predicate], fields: Mapping[str, str]
) -> dict[int, list[TestHit]]:
    """The tests of these rules that were asked for. Two queries."""
    wanted = [predicate for predicate in predicates if not predicate.negated]
    tests: dict[int, list[TestHit]] = {}
    if not (wanted and rules):
        return tests
    valued, plain = Q(pk__in=[]), Q(pk__in=[])
    for predicate in wanted:
        field = fields[predicate.field.text] if predicate.field else ""
        polarity = Q() if predicate.excluded is None else Q(excluded=predicate.excluded)
        if predicate.value is not None:
            valued |= Q(indicator__in=indicators_of(predicate, field).values("pk")) & polarity
        else:
            named = (Q(field=field) if field else Q()) & (Q(operator=predicate.operator) if predicate.operator else Q())
            plain |= named & polarity
    sought = [part for predicate in wanted for part in predicate.value or ()]
    uses = RuleIndicator.objects.filter(valued, rule__in=rules, counted=True).order_by("rule", "pk")
    columns = ("rule_id", F("indicator__field"), F("indicator__operator"), "value", "excluded", "indicator_id")
    for rule, field, operator, value, excluded, key in uses.values_list(*columns):
        marked = parts_of(value, spans_of_texts(value, sought))
        tests.setdefault(rule, []).append(TestHit(field, operator, marked, excluded, key))
    made = RuleField.objects.filter(plain, rule__in=rules).order_by("rule", "pk")
    for rule, field, operator, excluded in made.values_list("rule_id", "field", "operator", "excluded"):
        tests.setdefault(rule, []).append(TestHit(field, operator, (), excluded))
    return tests
