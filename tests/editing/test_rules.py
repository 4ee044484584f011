"""Editing a rule: what is stored, counted and kept, and what is refused."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from detections.analysis.overrides import NOTHING, Overrides
from detections.editing.drafts import publish_draft, save_draft
from detections.editing.errors import EditConflictError, EditError, NotSavableError
from detections.editing.preview import preview
from detections.editing.rules import Edit, create_rule, retire_rule, revive_rule, save_rule, tag_rule
from detections.editing.versions import restore
from detections.importing.renormalization import renormalize
from detections.models import Generation, Indicator, Reader, Rule, RuleDraft, RuleVersion, Source
from detections.statistics.recomputation import recompute
from tests.editing.conftest import A
from tests.importing.checkouts import Checkout, sigma_rule

OWN = "33333333-3333-4333-8333-333333333333"
OTHER = sigma_rule(A, title="First", image="other.exe")


def reach(value: str) -> tuple[int, int]:
    row = Indicator.objects.filter(value=value, field="Image").first()
    return (row.reach, row.public_reach) if row else (0, 0)


def edit(text: str = OTHER, version: int = 1, **overrides: object) -> Edit:
    return Edit(text, Overrides(**overrides) if overrides else NOTHING, "It looked for the wrong program.", version)


def test_an_edit_is_stored_counted_and_kept_as_a_version(rule: Rule, ada: User) -> None:
    generation = Generation.objects.current().number
    saved = save_rule(rule, edit(), ada)
    assert (saved.edited, saved.version, saved.text.text) == (True, 2, OTHER)
    assert (reach("\\tool.exe"), reach("\\other.exe")) == ((1, 1), (1, 1))
    assert Generation.objects.current().number > generation
    first, second = saved.versions.order_by("number")
    assert (first.origin, first.text, first.author) == ("sync", sigma_rule(A, title="First"), None)
    assert (second.origin, second.author, second.reason) == ("edit", ada, "It looked for the wrong program.")
    assert second.came == [["Image", "endswith", "\\other.exe", False]]
    assert second.went == [["Image", "endswith", "\\tool.exe", False]]
    assert saved.base == first
    assert recompute().mended == 0


def test_words_of_staff_are_laid_over_the_text(rule: Rule, ada: User) -> None:
    words = {"title": "Ours", "techniques": ("T1003",), "platforms": ("Linux",), "domains": ("cloud",)}
    saved = save_rule(rule, edit(rule.text.text, **words), ada)
    assert (saved.title, saved.text.text) == ("Ours", rule.text.text)
    assert [tag.written for tag in saved.techniques.all()] == ["T1003"]
    assert [row.pk for row in saved.platforms.all()] == ["Linux"]
    assert [row.pk for row in saved.domains.all()] == ["cloud"]
    plain = save_rule(saved, edit(rule.text.text, 2), ada)
    assert (plain.title, plain.edited, plain.base) == ("First", False, None)
    assert [tag.written for tag in plain.techniques.all()] == ["T1059.001"]


def test_who_saves_second_is_told_and_nothing_of_either_is_lost(rule: Rule, ada: User, ben: User) -> None:
    save_rule(rule, edit(), ada)
    with pytest.raises(EditConflictError) as told:
        save_rule(rule, edit(sigma_rule(A, image="third.exe")), ben)
    assert "ada changed this rule" in str(told.value)
    assert told.value.version is not None and told.value.version.text == OTHER
    assert (reach("\\other.exe"), reach("\\third.exe")) == ((1, 1), (0, 0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "holds no rule"),
        ("", "holds no rule"),
        (OTHER.replace("condition: selection and not filter_main", "condition: selection and and"), "draft"),
        (OTHER.replace("filter_main:\n", "filter_main\n"), "rule"),
        (OTHER.replace(A, OWN), "stays " + A),
        ("title: A\0B", "NUL"),
    ],
)
def test_what_does_not_parse_is_refused_with_the_reason_and_changes_nothing(
    rule: Rule, ada: User, text: str, said: str
) -> None:
    before = rule.text.text
    with pytest.raises(NotSavableError, match=said) as told:
        save_rule(rule, edit(text), ada)
    assert told.value.problems or said.startswith("stays")
    stored = Rule.objects.get(pk=rule.pk)
    assert (stored.text.text, stored.version, stored.edited) == (before, 1, False)
    assert not RuleVersion.objects.exists()


def test_an_edit_that_says_nothing_new_is_no_version(rule: Rule, ada: User) -> None:
    with pytest.raises(EditError, match="Nothing was changed"):
        save_rule(rule, edit(rule.text.text), ada)


def test_a_draft_counts_nowhere_until_it_is_a_rule(rule: Rule, team: Source, ada: User) -> None:
    broken = OTHER.replace("and not filter_main", "and and")
    draft = save_draft(rule.source, edit(broken), ada, rule=rule)
    assert draft.problems and draft.problems[0]["line"] == 13
    assert (reach("\\other.exe"), Rule.objects.get(pk=rule.pk).version) == ((0, 0), 1)
    with pytest.raises(NotSavableError):
        publish_draft(draft, edit(broken), ada)
    assert RuleDraft.objects.get().text == broken
    publish_draft(draft, edit(), ada)
    assert (RuleDraft.objects.count(), reach("\\other.exe")) == (0, (1, 1))


def test_a_teams_own_rule_counts_for_those_who_may_see_it(sigma: Checkout, team: Source, ada: User) -> None:
    made = create_rule(team, sigma_rule(OWN), NOTHING, "New", ada)
    assert (made.own_id, made.live, made.edited, made.copy) == (OWN, True, True, False)
    assert reach("\\tool.exe") == (3, 2)
    assert made.versions.get().came[0][:2] == ["Image", "endswith"]
    with pytest.raises(EditError, match="already"):
        create_rule(team, sigma_rule(OWN), NOTHING, "Again", ada)
    with pytest.raises(EditError, match="source of your own"):
        create_rule(Source.objects.get(slug="sigma"), sigma_rule(OWN), NOTHING, "There", ada)
    Source.objects.filter(slug="sigma").update(repository="")  # the starter's, until the repository takes its place
    with pytest.raises(EditError, match="source of your own"):
        create_rule(Source.objects.get(slug="sigma"), sigma_rule(OWN), NOTHING, "There", ada)
    assert recompute().mended == 0


def test_a_copy_of_a_public_rule_in_a_teams_source_counts_nowhere(sigma: Checkout, team: Source, ada: User) -> None:
    made = create_rule(team, sigma_rule(A), NOTHING, "Pasted", ada)
    assert (made.copy, made.live) == (True, False)
    assert reach("\\tool.exe") == (2, 2)
    assert recompute().mended == 0


def test_rules_without_an_id_do_not_meet(team: Source, ada: User) -> None:
    text = sigma_rule(OWN).replace(f"id: {OWN}\n", "")
    one, other = (create_rule(team, text, NOTHING, "New", ada) for _ in range(2))
    assert one.own_id != other.own_id
    again = save_rule(one, edit(text.replace("tool.exe", "other.exe")), ada)
    assert again.own_id == one.own_id


def test_a_retired_rule_stays_retired_until_it_is_revived(rule: Rule, sigma: Checkout, ada: User) -> None:
    gone = retire_rule(rule, 1, "Too noisy", ada)
    assert (gone.lifecycle, gone.live, reach("\\tool.exe")) == ("retired", False, (1, 1))
    sigma.write("rules/a.yml", sigma_rule(A, title="First, again"))
    sigma.sync()
    still = Rule.objects.get(pk=rule.pk)
    assert (still.live, still.title, still.held is not None) == (False, "First", True)
    still = save_rule(still, edit(still.text.text.replace("medium", "low"), still.version), ada)
    assert (still.live, still.level) == (False, "low")
    back = revive_rule(still, still.version, "Mended", ada)
    assert (back.live, reach("\\tool.exe")) == (True, (2, 2))
    assert recompute().mended == 0


def test_a_rule_is_tagged(rule: Rule, ada: User) -> None:
    tagged = tag_rule(rule, "T1003", 1, "It dumps, too.", ada)
    assert [tag.written for tag in tagged.techniques.all()] == ["T1059.001", "T1003"]
    with pytest.raises(NotSavableError, match="no technique id"):
        tag_rule(tagged, "T3", 2, "", ada)


def test_a_preview_tells_reach_without_the_rule_itself(rule: Rule, team: Source, ada: User) -> None:
    create_rule(team, sigma_rule(OWN), NOTHING, "New", ada)
    told = preview(rule.source, rule.text.text, rule=rule)
    image = next(row for row in told.predicates if row.field == "Image")
    assert (image.reach, told.savable, told.refused) == (2, True, "")
    public = preview(rule.source, rule.text.text, reader=Reader.ANONYMOUS, rule=rule)
    assert next(row for row in public.predicates if row.field == "Image").reach == 1
    user = next(row for row in told.predicates if row.field == "User")
    assert (user.excluded, user.reach, user.excluded_reach) == (True, None, 2)


def test_rules_are_read_again_from_their_own_texts(rule: Rule, ada: User) -> None:
    saved = save_rule(rule, edit(title="Ours"), ada)
    Rule.objects.filter(pk=saved.pk).update(title="Wrong", predicate_count=9)
    done = renormalize(Rule.objects.values_list("pk", flat=True))
    assert (done.rules, done.skipped) == (2, 0)
    again = Rule.objects.get(pk=saved.pk)
    assert (again.title, again.predicate_count, again.edited, again.version) == ("Ours", 1, True, 2)
    assert recompute().mended == 0


def test_a_rule_that_names_no_licence_is_under_its_sources(sigma: Checkout, team: Source, ada: User) -> None:
    assert Rule.objects.get(own_id=A).licence == "DRL-1.1"
    assert create_rule(team, sigma_rule(OWN), NOTHING, "New", ada).licence == ""


def test_a_rule_whose_own_text_has_errors_can_be_retired_and_told_otherwise(sigma: Checkout, ada: User) -> None:
    broken = OTHER.replace("selection and not filter_main", "selection and not filter_min")
    sigma.write("rules/a.yml", broken)
    sigma.sync()
    rule = Rule.objects.get(own_id=A)
    assert rule.parse != "full"
    named = save_rule(rule, edit(broken, rule.version, title="Ours"), ada)
    assert (named.title, named.text.text) == ("Ours", broken)
    gone = retire_rule(named, named.version, "Broken", ada)
    assert not gone.live
    with pytest.raises(NotSavableError):
        save_rule(gone, edit(broken.replace("other.exe", "third.exe"), gone.version), ada)
    mended = save_rule(gone, edit(OTHER, gone.version), ada)
    back = restore(mended, 2, mended.version, "", ada)
    assert back.text.text == broken


def test_the_lines_of_what_is_typed_count_from_its_own_beginning(sigma: Checkout, ada: User) -> None:
    sigma.write("rules/a.yml", sigma_rule(A) + "---\n" + sigma_rule(OWN, title="Second"))
    sigma.sync()
    second = Rule.objects.get(own_id=OWN)
    assert second.text.line > 1
    told = preview(second.source, second.text.text.replace("not filter_main", "and"), rule=second)
    assert [problem.line for problem in told.problems if problem.severity == "error"][:1] == [13]
