"""Similar rules: the formula, what makes two rules similar at all, and what a reader may not learn."""

from __future__ import annotations

from math import log

import pytest

from detections.guide.similar import similar_rules
from detections.models import Reader, Rule, RuleIndicator, Technique
from tests.pages import rows

ANONYMOUS, MEMBER = Reader.ANONYMOUS, Reader.MEMBER
TOOL = ("Image", "endswith", ["\\tool.exe"], False)
FLAG = ("CommandLine", "contains", ["--quiet"], False)


def subject(*conditions: rows.Condition) -> Rule:
    return rows.rule("The subject", [], conditions or [TOOL, FLAG], at=rows.source("sigma"))


def titles(rule: Rule, reader: Reader = ANONYMOUS) -> list[str]:
    return [row.rule.title for row in similar_rules(rule, reader).rules]


def crowd(number: int, *conditions: rows.Condition, slug: str = "splunk") -> None:
    for place in range(number):
        rows.rule(f"Crowd {slug} {place:02}", [], conditions, at=rows.source(slug))


def test_the_score_is_the_sum_of_logs_over_shared_tests(db: None) -> None:
    rule = subject()
    rows.rule("Both", [], [TOOL, FLAG])
    rows.rule("One", [], [TOOL])
    crowd(4)
    found = similar_rules(rule, ANONYMOUS)
    assert found.live_rules == 7
    assert [row.rule.title for row in found.rules] == ["Both", "One"]
    both, one = found.rules
    assert both.score == pytest.approx(log(7 / 3) + log(7 / 2))
    assert one.score == pytest.approx(log(7 / 3))
    assert [(test.field, test.operator, test.value, test.reach) for test in both.shared] == [
        ("CommandLine", "contains", "--quiet", 2),
        ("Image", "endswith", "\\tool.exe", 3),
    ]
    assert both.shared[0].id == rows.key("CommandLine", "contains", "--quiet")


@pytest.mark.parametrize(("others", "similar"), [(9, True), (10, False)])
def test_one_shared_test_is_enough_up_to_a_reach_of_ten(db: None, others: int, similar: bool) -> None:
    rule = subject(TOOL)
    crowd(others, TOOL)
    assert bool(titles(rule)) is similar


def test_two_shared_tests_are_enough_however_common(db: None) -> None:
    rule = subject()
    crowd(12, TOOL, FLAG)
    assert titles(rule) == [f"Crowd splunk {place:02}" for place in range(5)]


def test_rules_of_the_same_source_scope_exclusions_and_dead_rules_make_none(db: None) -> None:
    scope = ("event.dataset", "eq", ["aws.cloudtrail"], False)
    rule = subject(TOOL, scope, ("User", "eq", ["robot"], True))
    rows.rule("Sister", [], [TOOL], at=rows.source("sigma"))
    rows.rule("Scope alone", [], [scope])
    rows.rule("Same exclusion", [], [("User", "eq", ["robot"], True)])
    rows.rule("Checks what it excludes", [], [("User", "eq", ["robot"], False)])
    rows.rule("Excludes what it checks", [], [("Image", "endswith", ["\\tool.exe"], True)])
    rows.rule("Retired", [], [TOOL], lifecycle="retired")
    assert titles(rule) == []


def test_another_spelling_is_the_same_test_and_a_key_counts_once(db: None) -> None:
    rule = subject(TOOL)
    other = rows.rule("Spelled otherwise", [], [("Image", "eq", ["tool.exe"], False)])
    mine = RuleIndicator.objects.get(rule=rule)
    RuleIndicator.objects.filter(rule=other).update(equivalence=mine.equivalence)
    RuleIndicator.objects.create(
        rule=rule, indicator=mine.indicator, counted=False, value="\\TOOL.EXE", equivalence=mine.equivalence
    )
    (found,) = similar_rules(rule, ANONYMOUS).rules
    assert [(test.value, test.reach) for test in found.shared] == [("\\tool.exe", 2)]


def test_private_rules_neither_show_nor_count_for_anonymous_readers(db: None) -> None:
    rule = subject(TOOL)
    rows.rule("Ours", [], [TOOL], at=rows.source("team", public=False))
    rows.rule("Theirs", [], [TOOL])
    (public,) = similar_rules(rule, ANONYMOUS).rules
    assert (public.rule.title, public.shared[0].reach) == ("Theirs", 2)
    assert titles(rule, MEMBER) == ["Ours", "Theirs"]
    assert similar_rules(rule, MEMBER).rules[0].shared[0].reach == 3


def test_a_rule_without_tests_has_none(db: None) -> None:
    rule = rows.rule("Silent", [], at=rows.source("sigma"))
    assert similar_rules(rule, ANONYMOUS).rules == ()


def test_queries_do_not_grow(snapshot: Technique, django_assert_max_num_queries) -> None:
    rule = subject()
    crowd(20, TOOL, FLAG)
    with django_assert_max_num_queries(5):
        similar_rules(rule, ANONYMOUS)
