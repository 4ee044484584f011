"""The history of rules over syncs and edits: nothing is lost, and each side can be taken."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from detections.analysis.overrides import NOTHING
from detections.editing.errors import EditError
from detections.editing.rules import Edit, save_rule
from detections.editing.versions import history, keep, merge, restore, take, three_way
from detections.models import Rule, RuleVersion
from detections.statistics.recomputation import recompute
from tests.editing.conftest import A, B
from tests.importing.checkouts import Checkout, sigma_rule

FIRST = sigma_rule(A, title="First")
OURS = FIRST.replace("tool.exe", "ours.exe")
THEIRS = FIRST.replace("level: medium", "level: high")


def now(rule: Rule) -> Rule:
    return Rule.objects.select_related("text", "held", "base", "source").get(pk=rule.pk)


def edited(rule: Rule, ada: User) -> Rule:
    return save_rule(rule, Edit(OURS, NOTHING, "Ours is better", 1), ada)


@pytest.fixture
def diverged(rule: Rule, sigma: Checkout, ada: User) -> Rule:
    edited(rule, ada)
    sigma.write("rules/a.yml", THEIRS)
    sigma.sync()
    return now(rule)


def test_what_a_sync_changes_is_a_version_with_its_predicates(rule: Rule, sigma: Checkout) -> None:
    sigma.write("rules/a.yml", FIRST.replace("tool.exe", "new.exe"))
    sigma.sync()
    first, second = rule.versions.order_by("number")
    assert (first.text, second.origin, second.reason) == (FIRST, "sync", "")
    assert second.came == [["Image", "endswith", "\\new.exe", False]]
    assert second.went == [["Image", "endswith", "\\tool.exe", False]]
    assert now(rule).version == 2
    assert not RuleVersion.objects.filter(rule__own_id=B).exists()


def test_a_removed_rule_and_its_return_are_versions(rule: Rule, sigma: Checkout) -> None:
    sigma.remove("rules/a.yml")
    sigma.sync()
    assert [row.lifecycle for row in rule.versions.order_by("number")] == ["live", "retired"]
    sigma.write("rules/elsewhere/a.yml", FIRST)
    sigma.sync()
    assert [row.lifecycle for row in rule.versions.order_by("number")] == ["live", "retired", "live"]


def test_a_file_that_only_moved_is_no_version(rule: Rule, sigma: Checkout) -> None:
    sigma.remove("rules/a.yml")
    sigma.write("rules/elsewhere/a.yml", FIRST)
    sigma.sync()
    assert now(rule).path == "rules/elsewhere/a.yml"
    assert not rule.versions.exists()


def test_an_edit_outlives_a_sync_and_is_told_to_diverge(diverged: Rule) -> None:
    assert (diverged.edited, diverged.text.text, diverged.level) == (True, OURS, "medium")
    assert diverged.held is not None and diverged.held.text == THEIRS and not diverged.held.applied
    assert diverged.base is not None and diverged.base.text == FIRST
    assert list(Rule.objects.diverged()) == [diverged]
    assert recompute().mended == 0


def test_the_same_sync_again_holds_nothing_twice(diverged: Rule, sigma: Checkout) -> None:
    sigma.write("rules/b.yml", sigma_rule(B, title="Touched"))
    sigma.write("rules/a.yml", THEIRS + "\n")
    sigma.sync()
    sigma.write("rules/a.yml", THEIRS)
    sigma.sync()
    held = diverged.versions.filter(applied=False)
    assert [row.text for row in held.order_by("number")] == [THEIRS, THEIRS + "\n", THEIRS]
    sigma.sync()
    assert held.count() == 3


def test_a_repository_that_goes_back_no_longer_diverges(diverged: Rule, sigma: Checkout) -> None:
    sigma.write("rules/a.yml", FIRST)
    sigma.sync()
    assert (now(diverged).held, now(diverged).edited) == (None, True)


def test_an_edit_that_arrives_in_the_repository_is_no_edit_any_more(diverged: Rule, sigma: Checkout) -> None:
    sigma.write("rules/a.yml", OURS)
    sigma.sync()
    rule = now(diverged)
    assert (rule.edited, rule.held, rule.base, rule.text.text) == (False, None, None, OURS)


def test_an_edited_rule_that_its_repository_removes_stays_until_it_is_settled(
    rule: Rule, sigma: Checkout, ada: User
) -> None:
    edited(rule, ada)
    sigma.remove("rules/a.yml")
    sigma.sync()
    row = now(rule)
    assert (row.live, row.held is not None and row.held.lifecycle) == (True, "retired")
    assert three_way(row).removed
    gone = take(row, row.version, "", ada)
    assert (gone.live, gone.lifecycle, gone.edited) == (False, "retired", False)
    assert recompute().mended == 0


def test_both_texts_are_merged_where_they_do_not_meet(diverged: Rule, ada: User) -> None:
    sides = three_way(diverged)
    assert (sides.base, sides.ours, sides.theirs, sides.conflicts) == (FIRST, OURS, THEIRS, 0)
    assert sides.merged is not None and "ours.exe" in sides.merged and "level: high" in sides.merged
    merged = merge(diverged, Edit(sides.merged, NOTHING, "Both", diverged.version), ada)
    assert (merged.level, merged.held, merged.edited) == ("high", None, True)
    assert merged.base is not None and merged.base.text == THEIRS


def test_texts_that_meet_are_marked(rule: Rule, sigma: Checkout, ada: User) -> None:
    edited(rule, ada)
    sigma.write("rules/a.yml", FIRST.replace("tool.exe", "theirs.exe"))
    sigma.sync()
    sides = three_way(now(rule))
    assert sides.conflicts == 1 and sides.merged is not None and "<<<<<<< ours" in sides.merged


def test_the_edit_is_kept(diverged: Rule, sigma: Checkout, ada: User) -> None:
    kept = keep(diverged, diverged.version)
    assert kept.held is None and kept.base is not None and kept.base.text == THEIRS
    sigma.write("rules/b.yml", sigma_rule(B, title="Touched"))
    sigma.sync()
    assert now(kept).held is None
    with pytest.raises(EditError, match="no newer text"):
        three_way(now(kept))


def test_the_repository_is_taken(diverged: Rule, ada: User) -> None:
    taken = take(diverged, diverged.version, "They mended it", ada)
    assert (taken.edited, taken.held, taken.base, taken.text.text, taken.level) == (False, None, None, THEIRS, "high")
    assert [row.text for row in taken.versions.filter(origin="edit").order_by("number")] == [OURS, THEIRS]
    assert recompute().mended == 0


def test_any_version_can_be_restored(rule: Rule, ada: User, ben: User) -> None:
    saved = edited(rule, ada)
    back = restore(saved, 1, 2, "Ours was worse", ben)
    assert (back.text.text, back.edited, back.version) == (FIRST, False, 3)
    forth = restore(back, 2, 3, "", ada)
    assert (forth.text.text, forth.edited, forth.version) == (OURS, True, 4)
    newest = history(forth)[0]
    assert (newest.current, newest.version.origin, newest.version.reason) == (True, "restore", "Back to version 2")
    kinds = [(line.kind, line.text.strip()) for line in newest.lines if line.kind in ("came", "went")]
    assert kinds == [("went", "Image|endswith: '\\tool.exe'"), ("came", "Image|endswith: '\\ours.exe'")]
    with pytest.raises(EditError, match="no version 9"):
        restore(forth, 9, 4, "", ada)
