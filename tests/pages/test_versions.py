"""The history of a rule on its page, going back, retiring, and settling with a repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from detections.analysis.overrides import Overrides
from detections.editing.rules import Edit, save_rule
from detections.models import Rule
from tests.importing.checkouts import Checkout
from tests.pages.staff import FIRST, A, B, catalog, diverged, signed_in
from tests.pages.test_techniques import page, text

RULE = f"/rules/sigma/{A}/"
VERSIONS = f"{RULE}versions/"
DIVERGED = f"{RULE}diverged/"
OURS = FIRST.replace("tool.exe", "ours.exe")
THEIRS = FIRST.replace("level: medium", "level: high")
BOTH = OURS.replace("level: medium", "level: high")


@pytest.fixture
def sigma(tmp_path: Path, db: None) -> Checkout:
    return catalog(tmp_path)


@pytest.fixture
def editor(sigma: Checkout) -> Client:
    return signed_in("editor", "ada")


@pytest.fixture
def apart(editor: Client, sigma: Checkout) -> Rule:
    """The first rule, edited by ada while its repository changed it."""
    return diverged(sigma, User.objects.get(username="ada"))


def rule() -> Rule:
    return Rule.objects.select_related("text", "held").get(own_id=A)


def edited() -> None:
    ada = User.objects.get(username="ada")
    save_rule(rule(), Edit(OURS, Overrides(platforms=("Linux",)), "Ours is better.", 1), ada)


def test_a_rule_that_never_changed_says_so(editor: Client, client: Client) -> None:
    assert "nothing has changed since" in page(client, VERSIONS)
    assert "Versions (" not in page(client, RULE)
    assert "Retire this rule" in page(editor, VERSIONS) and "Retire this rule" not in page(client, VERSIONS)


def test_each_version_tells_who_why_and_what_changed(editor: Client) -> None:
    edited()
    html = page(editor, VERSIONS)
    said = text(html)
    newest, first = said.split("Version 2")[1].split("Version 1 ")
    assert "edit in force" in newest and "ada Ours is better." in newest
    assert "came: Image endswith \\ours.exe" in newest and "went: Image endswith \\tool.exe" in newest
    assert "Platforms laid over: Linux" in newest
    assert "<del>tool</del>" in html and "<ins>ours</ins>" in html
    assert "repository" in first and "Restore this version" in first
    assert "Versions (2)" in page(editor, RULE)


def test_names_and_reasons_are_for_people_with_an_account(editor: Client, client: Client) -> None:
    edited()
    said = text(page(client, VERSIONS))
    assert "came: Image endswith \\ours.exe" in said
    assert "ada" not in said.split("Version 2")[1] and "Ours is better." not in said and "Restore" not in said
    assert "Ours is better." in page(signed_in("viewer"), VERSIONS)


def test_versions_of_a_private_rule_are_hidden(editor: Client, client: Client) -> None:
    Rule.objects.get(own_id=A).source.__class__.objects.filter(slug="sigma").update(public=False)
    page(client, VERSIONS, 404)
    page(editor, VERSIONS)


def test_a_version_is_restored_for_a_reason(editor: Client) -> None:
    edited()
    address = f"{VERSIONS}1/restore/"
    refused = editor.post(address, {"version": 2})
    assert refused.status_code == 422 and "Say why" in text(refused.content.decode())
    done = editor.post(address, {"version": 2, "reason": "It was better before."}, follow=True)
    assert "Version 1 is in force again, as version 3." in text(done.content.decode())
    assert (rule().text.text, rule().overrides, rule().version) == (FIRST, {}, 3)
    version = rule().versions.get(number=3)
    assert (version.origin, version.reason) == ("restore", "It was better before.")
    assert LogEntry.objects.get().change_message.endswith("as version 3. It was better before.")


def test_restoring_meets_an_edit_that_came_between(editor: Client) -> None:
    edited()
    late = editor.post(f"{VERSIONS}1/restore/", {"version": 1, "reason": "Late."})
    assert late.status_code == 409 and "Nothing was restored." in text(late.content.decode())
    assert editor.post(f"{VERSIONS}9/restore/", {"version": 2, "reason": "None."}).status_code == 409
    assert rule().text.text == OURS


def test_a_rule_is_retired_and_revived(editor: Client) -> None:
    editor.post(f"{RULE}retire/", {"version": 1, "reason": "Nobody needs it."})
    assert (rule().lifecycle, rule().live) == ("retired", False)
    html = page(editor, VERSIONS)
    assert "Revive this rule" in html and "Nobody needs it." in html
    editor.post(f"{RULE}revive/", {"version": 2, "reason": "Somebody does."})
    assert (rule().lifecycle, rule().live, rule().edited) == ("live", True, False)
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize("path", ["versions/1/restore/", "retire/", "revive/", "diverged/"])
def test_only_editors_change_the_history(apart: Rule, client: Client, path: str) -> None:
    given = {"version": apart.version, "reason": "Because.", "do": "take"}
    assert client.post(RULE + path, given).status_code == 401
    assert signed_in("viewer").post(RULE + path, given).status_code == 403
    assert rule().version == apart.version and rule().held_id == apart.held_id


@pytest.mark.parametrize(
    ("path", "behind"),
    [
        (f"{VERSIONS}1/restore/", VERSIONS),
        (f"{RULE}retire/", VERSIONS),
        ("/editing/drafts/1/drop/", "/editing/drafts/"),
        (DIVERGED, DIVERGED),
    ],
)
def test_a_button_that_is_pressed_signed_out_leads_back_to_its_page(sigma: Checkout, path: str, behind: str) -> None:
    html = Client().post(path, {"reason": "Because."}).content.decode()
    assert f'name="next" value="{behind}"' in html
    assert ('name="typed"' in html) == (path == behind)
    assert signed_in("editor", "ada").get(behind).status_code in (200, 302)


# --- diverged rules ---


def test_a_diverged_rule_is_marked_and_listed(editor: Client, apart: Rule, client: Client) -> None:
    listed = page(editor, "/editing/diverged/")
    assert f'href="{DIVERGED}"' in listed and f"/rules/sigma/{B}/" not in listed
    assert DIVERGED in page(editor, RULE) and DIVERGED not in page(client, RULE)
    assert "held back" in text(page(editor, VERSIONS))


def test_the_three_texts_stand_beside_each_other(editor: Client, apart: Rule) -> None:
    said = text(page(editor, DIVERGED))
    assert "changed by us: Image|endswith: '\\ours.exe'" in said
    assert "changed by them: level: high" in said
    assert "No line was changed by both" in said


def test_ours_is_kept(editor: Client, apart: Rule) -> None:
    assert editor.post(DIVERGED, {"do": "keep", "version": apart.version}).status_code == 422
    done = editor.post(DIVERGED, {"do": "keep", "version": apart.version, "reason": "Still better."}, follow=True)
    assert "Kept the edit over the repository" in text(done.content.decode())
    assert (rule().text.text, rule().held_id) == (OURS, None)
    assert "Still better." in LogEntry.objects.get().change_message
    assert editor.get(DIVERGED).headers["Location"] == VERSIONS


def test_theirs_is_taken(editor: Client, apart: Rule) -> None:
    editor.post(DIVERGED, {"do": "take", "version": apart.version, "reason": "Theirs is better."})
    assert (rule().text.text, rule().held_id, rule().edited) == (THEIRS, None, False)
    assert rule().versions.order_by("-number")[0].reason == "Theirs is better."


def test_both_are_merged_in_the_editor(editor: Client, apart: Rule) -> None:
    merging = f"{RULE}edit/?merge=1"
    html = page(editor, merging)
    assert "ours.exe" in html and "level: high" in html and "Merge First" in html
    given = {"do": "save", "text": BOTH, "reason": "Both are right.", "version": apart.version}
    assert editor.post(merging, given).status_code == 302
    assert (rule().text.text, rule().held_id, rule().edited) == (BOTH, None, True)


def test_marks_of_a_merge_are_not_saved(editor: Client, apart: Rule, sigma: Checkout) -> None:
    sigma.write("rules/a.yml", FIRST.replace("tool.exe", "theirs.exe"))
    sigma.sync()
    merging = f"{RULE}edit/?merge=1"
    html = page(editor, merging)
    assert "&lt;&lt;&lt;&lt;&lt;&lt;&lt; ours" in html and '<a href="#id_text" data-line="10">line 10</a>' in html
    assert "1 place to decide" in text(page(editor, DIVERGED))
    marked = OURS.replace("  filter_main:", "# x\n>>>>>>> repository\n  filter_main:")
    refused = editor.post(merging, {"do": "save", "text": marked, "reason": "Done.", "version": apart.version})
    assert refused.status_code == 422
    assert "Line 12 still holds a mark of the merge." in text(refused.content.decode())
    assert rule().held_id is not None


def test_deciding_late_changes_nothing(editor: Client, apart: Rule) -> None:
    late = editor.post(DIVERGED, {"do": "take", "version": 1, "reason": "Late."})
    assert late.status_code == 409 and "Nothing was changed." in text(late.content.decode())
    assert 'value="Late."' in late.content.decode()
    assert rule().text.text == OURS and rule().held_id is not None
    assert editor.post(DIVERGED, {"do": "toss", "version": 1, "reason": "A coin."}).status_code == 422
