"""The synthetic rules are read in full, are the same at every size, and have the shape of the public corpora."""

from __future__ import annotations

from collections import Counter

import pytest

from detections.models import Indicator, Rule
from detections.statistics.recomputation import recompute
from tests.benchmarks.synthetic import file_row, synthetic_rule
from tests.benchmarks.synthetic_catalog import rows_by_corpus, write_catalog

RULES = range(200)


def test_every_rule_is_read_in_full() -> None:
    for slug, files in rows_by_corpus(RULES).items():
        for file in files:
            (rule,) = file.rules
            assert (file.problems, rule.values["parse"], rule.text["problems"]) == ("[]", "full", "[]"), slug
            assert rule.values["predicate_count"]


def test_a_variant_is_the_same_rule_with_some_other_values() -> None:
    for number in RULES:
        rule, edited = synthetic_rule(number), synthetic_rule(number, 1)
        assert rule == synthetic_rule(number)
        assert (edited.own_id, edited.path) == (rule.own_id, rule.path)
        before, after = ({row.key for row in file_row(one).rules[0].indicators} for one in (rule, edited))
        assert before & after or len(before) < 3
    assert any(
        file_row(synthetic_rule(number)).rules[0].indicators != file_row(synthetic_rule(number, 1)).rules[0].indicators
        for number in RULES
    )


@pytest.mark.django_db
def test_the_catalog_has_the_shape_of_the_corpora() -> None:
    """Of SigmaHQ and Elastic: 14 values a rule, 19 % of them excluded, 81 % of the indicators in one rule alone."""
    write_catalog(0, 400, workers=1)
    write_catalog(400, 800, workers=1)
    assert recompute().mended == 0
    rules = Rule.objects.all()
    assert rules.count() == 800
    assert Counter(rules.values_list("source__slug", flat=True)) == {"sigma": 400, "elastic": 280, "team": 120}
    assert 0.09 < rules.filter(copy=True).count() / 120 < 0.13
    uses = sum(rule.predicate_count + rule.exclusion_count for rule in rules)
    assert 10 < uses / 800 < 17
    assert 0.12 < sum(rule.exclusion_count for rule in rules) / uses < 0.26
    indicators = Indicator.objects.all()
    alone = sum(row.reach + row.excluded_reach <= 1 for row in indicators)
    assert 0.75 < alone / len(indicators) < 0.9
    assert 0.06 < max(row.reach for row in indicators) / 800 < 0.14
    assert indicators.filter(public_reach=0, reach__gt=0).exists()
