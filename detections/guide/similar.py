"""Rules of other vendors that check the same things: the rarer what two rules share, the closer they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import log

from django.db.models import Count, QuerySet

from detections.guide.indicator import SCOPE
from detections.models import Reader, Rule, RuleIndicator

FIRST = 5
RARE = 10  # one shared test of at most this reach is enough
LEAST = 2  # shared tests otherwise


@dataclass(frozen=True, slots=True)
class SharedTest:
    """A test that both rules make, in the first rule's own spelling; `id` is its indicator's key there.

    `reach` counts the live rules that make the same test under any spelling: its equivalence key's reach.
    """

    id: str
    field: str
    operator: str
    value: str
    reach: int


@dataclass(frozen=True, slots=True)
class SimilarRule:
    """`score` is the sum of log(live rules / reach) over `shared`, the rarest test first."""

    rule: Rule
    score: float
    shared: tuple[SharedTest, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """The closest rules first. `live_rules` is the number of live rules that the reader sees."""

    live_rules: int
    rules: tuple[SimilarRule, ...]


def similar_rules(rule: Rule, reader: Reader, first: int = FIRST) -> Similar:
    """Live rules of other sources that share at least two tests with `rule`, or one of reach 10 or less.

    Tests are the same when their equivalence keys are; scope and exclusions are none. At most five queries.
    """
    own = _tests(rule)
    if not own:
        return Similar(0, ())
    checks = _checks(reader)
    same = checks.filter(equivalence__in=rule.indicators.filter(excluded=False).values("equivalence"))
    number = Count("rule", distinct=True)
    reach = dict(same.values_list("equivalence").annotate(number=number).values_list("equivalence", "number"))
    shared: dict[int, set[str]] = defaultdict(set)
    elsewhere = same.exclude(rule__source=rule.source_id).values_list("rule", "equivalence")
    for other, equivalence in elsewhere:
        if equivalence in own:
            shared[other].add(equivalence)
    live = Rule.objects.live().visible_to(reader).count()
    scores = {
        other: sum(log(live / reach[key]) for key in sorted(keys))
        for other, keys in shared.items()
        if len(keys) >= LEAST or min(reach[key] for key in keys) <= RARE
    }
    # Titles decide between equal scores, so all rules down to the last place's score are looked up.
    last = sorted(scores.values(), reverse=True)[:first][-1:]
    found = (
        Rule.objects.select_related("source")
        .in_order()
        .filter(pk__in=[pk for pk, score in scores.items() if [score] >= last])
    )
    closest = sorted(found, key=lambda other: -scores[other.pk])[:first]
    return Similar(live, tuple(_similar(other, scores[other.pk], shared[other.pk], own, reach) for other in closest))


def _similar(
    other: Rule, score: float, keys: set[str], own: dict[str, tuple[str, str, str, str]], reach: dict[str, int]
) -> SimilarRule:
    tests = sorted((SharedTest(*own[key], reach[key]) for key in keys), key=lambda test: (test.reach, test.value))
    return SimilarRule(other, score, tuple(tests))


def _tests(rule: Rule) -> dict[str, tuple[str, str, str, str]]:
    """By equivalence key: the indicator's key, field, operator and value of the rule's first test with it."""
    rows = rule.indicators.filter(excluded=False).exclude(equivalence="").exclude(indicator__role=SCOPE)
    columns = ("equivalence", "indicator", "indicator__field", "indicator__operator", "value")
    found: dict[str, tuple[str, str, str, str]] = {}
    for equivalence, *test in rows.order_by("pk").values_list(*columns):
        found.setdefault(equivalence, (test[0], test[1], test[2], test[3]))
    return found


def _checks(reader: Reader) -> QuerySet[RuleIndicator]:
    uses = RuleIndicator.objects.filter(reader.sources("rule__source"), rule__live=True, excluded=False).order_by()
    return uses.exclude(equivalence="").exclude(indicator__role=SCOPE)
