"""What stands in a guide: the reference page, blanks, spellings, groups, and what a reader may not learn."""

from __future__ import annotations

import pytest

from catalog.facets import rule_words
from detections.guide.guide import Guide, build_guide, rules_using, rules_with_field
from detections.guide.indicator import Equivalents, equivalents, reach_of, spellings
from detections.guide.rule import predicates_of
from detections.models import Reader, Rule, RuleText, Technique
from tests.pages import rows

ANONYMOUS, MEMBER = Reader.ANONYMOUS, Reader.MEMBER


def guide_of(technique: Technique, reader: Reader = ANONYMOUS, rollup: bool = False, **filters: object) -> Guide:
    return build_guide(technique, reader, Rule.objects.filter(**filters), rollup=rollup)


def told(guide: Guide) -> list[tuple[object, ...]]:
    return [(row.field, row.operator, row.value, row.rules, row.reach) for row in guide.checks.indicators]


def test_the_reference_page(snapshot: Technique) -> None:
    guide = guide_of(snapshot)
    assert [(row.field, row.rules, row.operators, row.samples) for row in guide.checks.fields] == [
        ("EventType", 1, {"in": 1}, ("CreateDBClusterSnapshot", "CreateDBSnapshot")),
        ("Provider_Name", 1, {"eq": 1}, ("rds.amazonaws.com",)),
        ("event.dataset", 1, {"eq": 1}, ("aws.cloudtrail",)),
        ("event.outcome", 1, {"eq": 1}, ("success",)),
    ]
    assert told(guide) == [
        ("EventType", "in", "CreateDBClusterSnapshot", 1, None),
        ("EventType", "in", "CreateDBSnapshot", 1, None),
        ("Provider_Name", "eq", "rds.amazonaws.com", 1, None),
        ("event.dataset", "eq", "aws.cloudtrail", 1, None),
        ("event.outcome", "eq", "success", 1, 2),
    ]
    assert [row.role for row in guide.checks.fields] == ["filter", "filter", "scope", "filter"]
    assert [(row.field, row.rules, row.reach) for row in guide.exclusions.indicators] == [("User", 1, None)]
    assert guide.parsed == {"full": 1, "partial": 0, "none": 1}
    assert [(group.slug, len(group.rules)) for group in guide.vendors] == [("elastic", 1), ("splunk", 1)]
    assert [(row.vendor, row.kind, row.name, row.rules) for row in guide.log_sources] == [
        ("elastic", "dataset", "aws.cloudtrail", 1),
        ("splunk", "dataset", "aws.cloudtrail", 1),
    ]


def test_reach_stays_blank_under_a_filter_and_only_then(snapshot: Technique) -> None:
    """Blank is judged on the page's rules before any filter: a filter must not turn it into a number."""
    rows.rule("Another", [snapshot], [("Provider_Name", "eq", ["rds.amazonaws.com"], False)], platforms=["Linux"])
    rows.counted()
    assert ("Provider_Name", "eq", "rds.amazonaws.com", 2, None) in told(guide_of(snapshot))
    assert ("Provider_Name", "eq", "rds.amazonaws.com", 1, None) in told(guide_of(snapshot, platforms="Linux"))
    assert ("event.outcome", "eq", "success", 1, 2) in told(guide_of(snapshot, source__slug="elastic"))


def test_rules_of_sub_techniques_are_the_pages_own_when_rolled_up(snapshot: Technique) -> None:
    parent = snapshot.parent
    rows.rule("Parent alone", [parent], [("Provider_Name", "eq", ["rds.amazonaws.com"], False)])
    rows.counted()
    assert told(guide_of(parent)) == [("Provider_Name", "eq", "rds.amazonaws.com", 1, 2)]
    assert ("Provider_Name", "eq", "rds.amazonaws.com", 2, None) in told(guide_of(parent, rollup=True))


def test_a_test_for_existence_is_a_field_and_no_indicator(snapshot: Technique) -> None:
    rows.rule("Is there", [snapshot], [("Image", "exists", [""], False)])
    rows.counted()
    guide = guide_of(snapshot)
    field = next(row for row in guide.checks.fields if row.field == "Image")
    assert (field.rules, field.operators, field.samples) == (1, {"exists": 1}, ())
    assert "Image" not in {row.field for row in guide.checks.indicators}


def test_the_spelling_is_what_most_rules_of_the_catalog_write(snapshot: Technique) -> None:
    other = Technique.objects.get(attack_id="T1059")
    rows.rule("Shouts", [snapshot], [("event.outcome", "eq", ["SUCCESS"], False)])
    key = rows.key("event.outcome", "eq", "success")
    assert spellings(key, ANONYMOUS) == {key: "success"}
    for number in range(2):
        rows.rule(f"Shouts {number}", [other], [("event.outcome", "eq", ["SUCCESS"], False)])
    rows.counted()
    assert spellings([key], ANONYMOUS) == {key: "SUCCESS"}
    assert ("event.outcome", "eq", "SUCCESS", 2, 5) in told(guide_of(snapshot))


def test_a_private_rule_decides_nothing_that_anonymous_readers_see(snapshot: Technique) -> None:
    team = rows.source("team", public=False)
    for number in range(5):
        rows.rule(
            f"Ours {number}", [snapshot], [("event.outcome", "eq", ["SuCcEsS"], False), ("Ours", "eq", ["x"], True)],
            at=team, status="secret", platforms=["Mainframe"], language="eql", false_positives=["our scanner"],
        )  # fmt: skip
    rows.counted()
    before, inside = guide_of(snapshot), guide_of(snapshot, MEMBER)
    assert ("event.outcome", "eq", "success", 1, 2) in told(before)
    assert ("event.outcome", "eq", "SuCcEsS", 6, 7) in told(inside)
    assert "Ours" not in repr(before) and "our scanner" not in repr(before) and before.rules == 2
    assert "our scanner" in repr(inside.false_positives) and inside.rules == 7
    words = rule_words(ANONYMOUS)
    assert "team" not in words["vendor"] and "Mainframe" not in words["platform"]
    assert "secret" not in words["status"] and "eql" not in words["language"]
    words = rule_words(MEMBER)
    assert "team" in words["vendor"] and "Mainframe" in words["platform"] and "secret" in words["status"]
    hidden = rows.key("Ours", "eq", "x")
    assert spellings(hidden, ANONYMOUS) == {}
    assert not rules_with_field(snapshot, ANONYMOUS, Rule.objects.all(), "Ours", rollup=False, excluded=True)


def test_rules_that_do_not_count_stand_apart(snapshot: Technique) -> None:
    rows.rule("Old", [snapshot], [("Image", "eq", ["old"], False)], lifecycle="deprecated")
    guide = guide_of(snapshot)
    assert [rule.title for group in guide.others for rule in group.rules] == ["Old"]
    assert guide.rules == 2 and "Image" not in {row.field for row in guide.checks.fields}


def test_what_opens_below_a_row(snapshot: Technique) -> None:
    rules = Rule.objects.all()
    key = rows.key("event.outcome", "eq", "success")
    using = rules_using(snapshot, ANONYMOUS, rules, key, rollup=False, excluded=False)
    assert [rule.own_id for rule in using] == ["snapshot"]
    assert not rules_using(snapshot, ANONYMOUS, rules, key, rollup=False, excluded=True)
    tested = rules_with_field(snapshot.parent, ANONYMOUS, rules, "EventType", rollup=True, excluded=False)
    assert [rule.own_id for rule in tested] == ["snapshot"]
    assert not rules_with_field(snapshot, ANONYMOUS, rules, "EventType", rollup=False, excluded=False, operator="eq")


def test_equivalent_reach_unites_the_ways_to_write_a_test(snapshot: Technique) -> None:
    """`in` and `eq` of one value share an equivalence key; a rule that writes both counts once, scope never."""
    other = Technique.objects.get(attack_id="T1059")
    rows.rule("By eq", [other], [("EventType", "eq", ["createdbsnapshot"], False)])
    rows.rule(
        "Both", [other],
        [("EventType", "eq", ["CreateDBSnapshot"], False), ("EventType", "in", ["CREATEDBSNAPSHOT"], False)],
    )  # fmt: skip
    rows.rule("Excludes", [other], [("EventType", "eq", ["CreateDBSnapshot"], True)])
    rows.counted()
    key, scope = rows.key("EventType", "in", "CreateDBSnapshot"), rows.key("event.dataset", "eq", "aws.cloudtrail")
    found = reach_of([key, scope], ANONYMOUS)
    assert (found[key].exact, found[key].equivalent, found[scope].equivalent) == (2, 3, 0)
    assert [(row.operator, row.value, row.rules) for row in equivalents(key, ANONYMOUS).rows] == [
        ("eq", "CreateDBSnapshot", 1),
        ("eq", "createdbsnapshot", 1),
        ("in", "CREATEDBSNAPSHOT", 1),
        ("in", "CreateDBSnapshot", 1),
    ]
    assert (equivalents(key, ANONYMOUS).rules, equivalents(scope, ANONYMOUS)) == (3, Equivalents())


def test_a_rule_reads_test_by_test(snapshot: Technique) -> None:
    reading = predicates_of(RuleText.objects.get(rule__own_id="snapshot"), ANONYMOUS)
    assert [(row.field, row.value, row.reach) for row in reading.predicates] == [
        ("event.dataset", "aws.cloudtrail", 1),
        ("Provider_Name", "rds.amazonaws.com", 1),
        ("EventType", "CreateDBClusterSnapshot", 1),
        ("EventType", "CreateDBSnapshot", 1),
        ("event.outcome", "success", 2),
    ]
    assert [(row.field, row.value, row.negated, row.reach) for row in reading.exclusions] == [
        ("User", "backup-robot", True, 1)
    ]
    assert [row.excluded for row in reading.indicators] == [False] * 5 + [True]
    assert reading.beside == () and reading.problems == ()


def test_a_double_negation_checks_and_a_repeated_test_is_one_indicator(snapshot: Technique) -> None:
    text = RuleText.objects.get(rule__own_id="snapshot")
    inner = {"kind": "not", "label": "", "start": 0, "end": 1, "children": [text.tree]}
    text.tree = {"kind": "not", "label": "", "start": 0, "end": 1, "children": [inner]}
    text.tree = {"kind": "or", "label": "", "start": 0, "end": 1, "children": [text.tree, inner["children"][0]]}
    reading = predicates_of(text, ANONYMOUS)
    assert len(reading.predicates) == 10 and len(reading.exclusions) == 2 and len(reading.indicators) == 6


@pytest.mark.parametrize("depth", [5000])
def test_a_deep_tree_is_no_recursion(snapshot: Technique, depth: int) -> None:
    text = RuleText.objects.get(rule__own_id="snapshot")
    for _ in range(depth):
        text.tree = {"kind": "not", "label": "", "start": 0, "end": 1, "children": [text.tree]}
    assert len(predicates_of(text, ANONYMOUS).predicates) == 5


def test_false_positives_are_told_once_and_only_where_they_say_something(snapshot: Technique) -> None:
    for number, texts in enumerate((["Backup jobs.", "Unknown"], ["backup  jobs", "Backup jobs"], ["Scanners"])):
        rows.rule(f"Rule {number}", [snapshot], false_positives=texts)
    found = guide_of(snapshot).false_positives
    assert [(row.text, [rule.title for rule in row.rules]) for row in found] == [
        ("Backup jobs.", ["Rule 0", "Rule 1"]),
        ("Scanners", ["Rule 2"]),
    ]
