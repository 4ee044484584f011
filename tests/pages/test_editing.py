"""The editor: what it shows, what it stores, and that nothing typed is lost whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from detections.models import Indicator, Rule, RuleDraft, Source
from tests.importing.checkouts import Checkout, sigma_rule
from tests.pages import rows
from tests.pages.staff import FIRST, PASSWORD, A, B, catalog, diverged, person, signed_in
from tests.pages.test_techniques import page, text

EDIT = f"/rules/sigma/{A}/edit/"
OURS = FIRST.replace("tool.exe", "ours.exe")
BROKEN = FIRST.replace("condition: selection and not filter_main", "condition: selection and and")
NEW = "/editing/new/"


@pytest.fixture
def sigma(tmp_path: Path, db: None) -> Checkout:
    return catalog(tmp_path)


@pytest.fixture
def editor(sigma: Checkout) -> Client:
    return signed_in("editor", "ada")


def typed(said: str = OURS, **more: object) -> dict[str, object]:
    return {"do": "save", "text": said, "reason": "Another program.", "version": 1} | more


def rule() -> Rule:
    return Rule.objects.select_related("text").get(own_id=A)


def test_the_form_holds_the_rule_and_what_its_text_says(editor: Client) -> None:
    html = page(editor, EDIT)
    assert f"\n{FIRST.split('detection')[0]}" in html.replace("&#x27;", "'")
    assert 'placeholder="First"' in html and 'placeholder="medium"' in html and 'placeholder="T1059.001"' in html
    assert 'placeholder="Windows"' in html and 'placeholder="endpoint"' in html
    assert "can be saved parsed in full Sigma" in text(html)
    assert "Image endswith \\tool.exe" in text(html).split("What it would check")[1]
    assert "User eq SYSTEM" in text(html).split("What it would exclude")[1]


def test_an_edit_is_stored_with_its_reason_and_told(editor: Client) -> None:
    response = editor.post(EDIT, typed(OURS.replace("\n", "\r\n"), title="Ours", platforms="linux", techniques="t1003"))
    assert (response.status_code, response.headers["Location"]) == (302, f"/rules/sigma/{A}/")
    saved = rule()
    assert (saved.text.text, saved.title, saved.version, saved.edited) == (OURS, "Ours", 2, True)
    assert saved.overrides == {"title": "Ours", "platforms": ["Linux"], "techniques": ["T1003"]}
    version = saved.versions.get(number=2)
    assert (version.author_name, version.reason) == ("ada", "Another program.")
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(saved.pk), "Version 2: Another program.")
    told = text(page(editor, f"/rules/sigma/{A}/"))
    assert "Saved as version 2." in told and "Edit Versions (2) edited here" in told
    assert 'value="Linux"' in page(editor, EDIT)


def test_lists_can_be_emptied_and_given_back_to_the_text(editor: Client) -> None:
    editor.post(EDIT, typed(FIRST, platforms="none"))
    assert rule().overrides == {"platforms": []} and not rule().platforms.exists()
    assert 'name="platforms" type="text" class="previewed" value="none"' in page(editor, EDIT)
    editor.post(EDIT, typed(FIRST, version=2))
    assert rule().overrides == {} and not rule().edited


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": " "}, "Say why"),
        ({"text": ""}, "A rule needs a text."),
        ({"techniques": "T1059, command line"}, "is no id: write T1059 or T1059.001."),
        ({"platforms": "Windoof"}, "Did you mean Windows?"),
        ({"domains": "edge, cloud"}, "'edge' is no value"),
        ({"title": "x" * 401}, "at most 400 characters"),
    ],
)
def test_a_form_that_is_wrong_keeps_what_was_typed(editor: Client, wrong: dict[str, str], said: str) -> None:
    response = editor.post(EDIT, typed(level="high") | wrong)
    html = response.content.decode()
    assert response.status_code == 422
    assert said in text(html) and "Nothing was saved yet." in text(html)
    assert 'value="high"' in html and ("ours.exe" in html or not wrong.get("text", "x"))
    assert rule().version == 1


def test_an_unknown_technique_is_refused_once_attack_is_loaded(editor: Client) -> None:
    rows.technique("T1003", "Of the table")
    refused = editor.post(EDIT, typed(techniques="T1003 T9999"))
    assert "ATT&CK knows no technique T9999." in text(refused.content.decode())
    assert editor.post(EDIT, typed(techniques="T1003")).status_code == 302


def test_a_text_that_does_not_parse_can_only_be_a_draft(editor: Client) -> None:
    response = editor.post(EDIT, typed(BROKEN))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Nothing was saved. Line 13:" in text(html) and "draft only" in text(html)
    assert 'data-line="13"' in html and "selection and and" in html
    assert rule().text.text == FIRST
    kept = editor.post(EDIT, typed(BROKEN, do="draft"), follow=True)
    assert kept.redirect_chain == [("/editing/drafts/", 302)]
    assert "The draft is kept." in text(kept.content.decode())
    draft = RuleDraft.objects.get()
    assert (draft.text, draft.author.username, draft.based_on, draft.rule.own_id) == (BROKEN, "ada", 1, A)
    assert not Indicator.objects.filter(value="\\ours.exe").exists()


def test_a_draft_is_opened_kept_again_and_saved(editor: Client) -> None:
    editor.post(EDIT, typed(BROKEN, do="draft", title="Half way", reason=""))
    draft = RuleDraft.objects.get()
    listed = page(editor, "/editing/drafts/")
    assert f'href="{EDIT}?draft={draft.pk}"' in listed and "First" in listed and "ada" in listed
    html = page(editor, f"{EDIT}?draft={draft.pk}")
    assert "selection and and" in html and 'value="Half way"' in html and f'name="draft" value="{draft.pk}"' in html
    editor.post(EDIT, typed(BROKEN, do="draft", draft=draft.pk, title="Further"))
    assert RuleDraft.objects.get().overrides == {"title": "Further"}
    assert editor.post(EDIT, typed(draft=draft.pk)).status_code == 302
    assert rule().text.text == OURS and not RuleDraft.objects.exists()


def test_a_draft_is_dropped(editor: Client) -> None:
    editor.post(EDIT, typed(BROKEN, do="draft"))
    draft = RuleDraft.objects.get()
    assert editor.post(f"/editing/drafts/{draft.pk}/drop/").status_code == 302
    assert not RuleDraft.objects.exists()
    assert LogEntry.objects.filter(change_message="Dropped a draft.", object_id=str(draft.pk)).count() == 1
    page(editor, f"{EDIT}?draft={draft.pk}", 404)


def test_what_a_draft_cannot_hold_is_told_and_stays(editor: Client) -> None:
    for wrong in ({"platforms": "Windoof"}, {"reason": "x" * 501}, {"text": ""}):
        response = editor.post(EDIT, typed(BROKEN, do="draft") | wrong)
        assert response.status_code == 422
        assert next(iter(wrong.values())) in response.content.decode()
    assert not RuleDraft.objects.exists()


def test_a_draft_that_somebody_dropped_takes_nothing_with_it(editor: Client) -> None:
    editor.post(EDIT, typed(BROKEN, do="draft"))
    draft = RuleDraft.objects.get()
    draft.delete()
    html = editor.post(EDIT, typed(BROKEN, do="preview", draft=1)).content.decode()
    assert "selection and and" in html
    assert editor.post(EDIT, typed(draft=1)).status_code == 302
    assert rule().text.text == OURS


def test_a_draft_belongs_to_its_rule(editor: Client) -> None:
    editor.post(EDIT, typed(BROKEN, do="draft"))
    page(editor, f"/rules/sigma/{B}/edit/?draft={RuleDraft.objects.get().pk}", 404)


def test_who_saves_second_is_told_with_both_versions(editor: Client) -> None:
    other = signed_in("editor", "ben")
    editor.post(EDIT, typed(level="low"))
    theirs = FIRST.replace("tool.exe", "third.exe")
    response = other.post(EDIT, typed(theirs, title="Third"))
    html = response.content.decode()
    assert response.status_code == 409
    said = text(html)
    assert "ada changed this rule while you were editing" in said and "Version 2, by ada" in said
    assert "<del>ours</del>" in html and "<ins>third</ins>" in html
    assert "Level low as the text says" in said and "Title as the text says Third" in said
    assert 'value="Third"' in html and 'name="version" value="1"' in html
    assert rule().text.text == OURS
    over = other.post(EDIT, typed(theirs, title="Third", do="over", over=2))
    assert over.status_code == 302
    assert (rule().text.text, rule().title, rule().version) == (theirs, "Third", 3)


def test_saving_over_meets_a_third_version_as_well(editor: Client) -> None:
    editor.post(EDIT, typed())
    editor.post(EDIT, typed(FIRST, version=2, title="Again"))
    assert signed_in("editor", "ben").post(EDIT, typed(do="over", over=2)).status_code == 409


def test_a_preview_while_typing_is_a_fragment_and_stores_nothing(editor: Client) -> None:
    response = editor.post(EDIT, typed(do="preview", platforms="Windoof"), headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response.status_code == 200 and "<html" not in html
    assert "Image endswith \\ours.exe" in text(html) and "Did you mean Windows?" in text(html)
    assert 'data-says-title="First"' in html
    assert rule().version == 1 and not RuleDraft.objects.exists()


def test_a_preview_without_scripts_is_the_page_with_what_was_typed(editor: Client) -> None:
    html = page_of = editor.post(EDIT, typed(do="preview", reason="", title="Kept")).content.decode()
    assert "\\ours.exe" in text(page_of).split("What it would check")[1] and 'value="Kept"' in html
    assert "Nothing was saved" not in html


def test_reach_leaves_out_the_rule_itself(editor: Client) -> None:
    html = page(editor, EDIT)
    key = Indicator.objects.get(field="Image", value="\\tool.exe").key
    link = html.split(f'href="/indicators/{key}/"')[1].split("</a>")[0]
    assert "Live rules of the catalog that check the same" in link and '<span class="reach">1</span>' in link


@pytest.mark.parametrize(
    "said",
    ["\x00", "title: [", "- 1\n- 2\n", "a: &a [*a]\n", "x" * 70_000, "😀: 1\n", "title: x\n---\n" * 50],
)
def test_nothing_that_is_typed_breaks_the_page(editor: Client, said: str) -> None:
    for button in ("preview", "save", "draft"):
        assert editor.post(EDIT, typed(said, do=button)).status_code in (200, 302, 422)
    assert rule().text.text == FIRST


# --- new rules ---


def test_a_new_rule_stands_in_the_teams_own_source(editor: Client) -> None:
    html = page(editor, NEW)
    assert '<option value="team" selected>' in html and '<option value="sigma"' not in html
    own = "33333333-3333-4333-8333-333333333333"
    response = editor.post(NEW, typed(sigma_rule(own, title="New one"), version=0, source="team"))
    assert response.headers["Location"] == f"/rules/team/{own}/"
    made = Rule.objects.get(own_id=own)
    assert (made.title, made.live, made.source.slug) == ("New one", True, "team")
    assert LogEntry.objects.get().is_addition()
    again = editor.post(NEW, typed(sigma_rule(own, title="Twice"), version=0, source="team"))
    assert again.status_code == 422 and "has a rule with the id" in text(again.content.decode())


def test_a_draft_of_a_new_rule_becomes_one(editor: Client) -> None:
    editor.post(NEW, typed(BROKEN, version=0, source="team", do="draft"))
    draft = RuleDraft.objects.get()
    html = page(editor, f"{NEW}?draft={draft.pk}")
    assert "selection and and" in html and '<select id="id_source"' not in html
    assert editor.post(NEW, typed(version=0, draft=draft.pk)).status_code == 302
    assert Rule.objects.filter(source__slug="team", own_id=A).exists() and not RuleDraft.objects.exists()


def test_without_a_source_of_its_own_there_is_no_place_for_a_rule(editor: Client) -> None:
    Source.objects.filter(slug="team").delete()
    assert "There is no place for a new rule yet" in page(editor, NEW)


# --- who may ---


@pytest.mark.parametrize(
    "address", [EDIT, NEW, "/editing/drafts/", "/editing/diverged/", f"/rules/sigma/{A}/diverged/"]
)
def test_only_editors_edit(sigma: Checkout, client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response.headers["Location"]) == (302, f"/sign-in/?next={address}")
    viewer = signed_in("viewer")
    page(viewer, address, 403)
    assert viewer.post(address, typed()).status_code == 403
    assert rule().version == 1


def test_the_rule_page_shows_its_staff_what_they_may_do(editor: Client, client: Client) -> None:
    address = f"/rules/sigma/{A}/"
    assert EDIT in page(editor, address) and "Editing</a>" in page(editor, address)
    for other in (client, signed_in("viewer")):
        assert EDIT not in page(other, address) and "Editing</a>" not in page(other, address)


def test_a_session_that_is_over_loses_nothing(sigma: Checkout, client: Client) -> None:
    person("editor", "ada")
    response = client.post(EDIT, typed(title="Ünique & <b>"))
    html = response.content.decode()
    assert response.status_code == 401 and "Nothing is lost" in html
    carried = html.split('name="typed" value="')[1].split('"')[0].replace("&amp;", "&")
    given = {"username": "ada", "password": "wrong", "next": EDIT, "typed": carried}
    assert 'name="typed"' in client.post("/sign-in/", given).content.decode()
    assert client.post("/sign-in/", given | {"password": PASSWORD}).headers["Location"] == EDIT
    html = page(client, EDIT)
    assert "It is not saved yet." in html and "ours.exe" in html
    assert 'value="Ünique &amp; &lt;b&gt;"' in html and 'value="Another program."' in html
    assert "It is not saved yet." not in page(client, EDIT)
    assert rule().version == 1


def test_the_editor_asks_few_questions(editor: Client, sigma: Checkout, django_assert_max_num_queries) -> None:
    diverged(sigma, User.objects.get(username="ada"))
    for address in (EDIT, f"{EDIT}?merge=1", NEW, "/editing/drafts/", f"/rules/sigma/{A}/versions/"):
        with django_assert_max_num_queries(15):
            page(editor, address)
