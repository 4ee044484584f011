"""The admin: every model is there, searchable and filterable; rows that a sync writes are only looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from catalog.admin.navigation import GROUPS
from detections.models import Generation, Indicator, Rule, RuleText, SearchedText, Source, Technique
from tests.importing.checkouts import Checkout
from tests.pages import rows
from tests.pages.staff import A, B, catalog, signed_in
from tests.pages.test_techniques import text

# The rows of a history are looked at from the row that they are the history of; those of the index are words alone.
MODELS = sorted(
    (
        model
        for model in apps.get_app_config("detections").get_models()
        if not hasattr(model, "history_object") and model is not SearchedText
    ),
    key=lambda model: model.__name__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_registered_searchable_and_filterable(admin_client: Client, snapshot: Technique, model) -> None:
    registered = admin.site._registry[model]
    assert registered.search_fields and registered.list_filter
    address = f"/admin/detections/{model._meta.model_name}/"
    assert admin_client.get(address, {"q": "snapshot"}).status_code == 200
    assert admin_client.get(address).status_code == 200
    assert admin_client.get(address, {"_facets": "True"}).status_code == 200
    row = model.objects.first()
    if row is not None:
        assert admin_client.get(f"{address}{row.pk}/change/").status_code == 200


def test_rules_are_counted_by_platforms_whatever_their_names(admin_client: Client, snapshot: Technique) -> None:
    rows.rule("A sign-in", [snapshot], [], platforms=["Microsoft 365", "Entra ID"], domains=["our own"])
    rows.rule("Another", [snapshot], [], platforms=["Microsoft 365"])
    said = text(admin_client.get("/admin/detections/rule/", {"_facets": "True"}).content.decode())
    assert "Microsoft 365 (2)" in said and "Entra ID (1)" in said and "our own (1)" in said


@pytest.mark.parametrize("model", [model for model in MODELS if model is not Source], ids=lambda model: model.__name__)
def test_rows_of_a_sync_are_only_looked_at(admin_client: Client, snapshot: Technique, model) -> None:
    address = f"/admin/detections/{model._meta.model_name}/"
    assert admin_client.get(f"{address}add/").status_code == 403
    row = model.objects.first()
    if row is not None:
        assert admin_client.post(f"{address}{row.pk}/change/", {"title": "Typed over"}).status_code == 403
        assert admin_client.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).exists()


def test_a_rules_text_cannot_be_typed_over(admin_client: Client, snapshot: Technique) -> None:
    text = RuleText.objects.get(rule__own_id="snapshot")
    html = admin_client.get(f"/admin/detections/ruletext/{text.pk}/change/").content.decode()
    assert "CreateDBSnapshot" in html and "<textarea" not in html


def test_a_source_that_stops_being_public_changes_public_reach(admin_client: Client, snapshot: Technique) -> None:
    key = rows.key("event.outcome", "eq", "success")
    before = Generation.objects.current().number
    source = Source.objects.get(slug="sigma")
    address = f"/admin/detections/source/{source.pk}/change/"
    assert admin_client.post(address, {"name": "SigmaHQ, ours"}).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.public, source.slug) == ("SigmaHQ, ours", False, "sigma")
    indicator = Indicator.objects.get(key=key)
    assert (indicator.reach, indicator.public_reach) == (2, 1)
    assert Generation.objects.current().number > before
    assert admin_client.post(address, {"name": "SigmaHQ", "public": "on"}).status_code == 302
    assert Indicator.objects.get(key=key).public_reach == 2


def test_a_fork_that_becomes_private_is_a_copy(admin_client: Client, snapshot: Technique) -> None:
    fork = Source.objects.create(slug="fork", vendor="elastic", name="A fork", public=True)
    rows.rule("Snapshot again", [snapshot], [("event.outcome", "eq", ["success"], False)], at=fork, own_id="snapshot")
    rows.counted()
    assert Rule.objects.get(source=fork).live
    admin_client.post(f"/admin/detections/source/{fork.pk}/change/", {"name": "A fork"})
    rule = Rule.objects.get(source=fork)
    assert (rule.copy, rule.live) == (True, False)


def test_a_source_is_neither_added_nor_deleted(admin_client: Client, snapshot: Technique) -> None:
    source = Source.objects.get(slug="sigma")
    assert admin_client.get("/admin/detections/source/add/").status_code == 403
    assert admin_client.post(f"/admin/detections/source/{source.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_side_bar_leads_to_every_model() -> None:
    shown = {target for _, _, entries in GROUPS for _, _, target in entries}
    registered = {f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry}
    assert registered - shown == set()


# --- many rules at once ---


RULES = "/admin/detections/rule/"


@pytest.fixture
def sigma(tmp_path: Path, db: None) -> Checkout:
    return catalog(tmp_path)


@pytest.fixture
def editor(sigma: Checkout) -> Client:
    return signed_in("editor", "ada")


def bulk(client: Client, action: str, ids: list[str], **answer: str) -> str:
    """Choose rules and an action; with an answer, do it. What the page says then."""
    given = {
        "action": action,
        "_selected_action": list(Rule.objects.filter(own_id__in=ids).values_list("pk", flat=True)),
    }
    response = client.post(RULES, given | ({"apply": "1", **answer} if answer else {}), follow=True)
    assert response.status_code == 200
    return text(response.content.decode())


def test_rules_are_retired_for_a_reason(editor: Client) -> None:
    asked = bulk(editor, "retire", [A, B])
    assert "2 rules chosen." in asked and "First" in asked and "Second" in asked
    assert "This field is required" in bulk(editor, "retire", [A, B], reason="")
    assert Rule.objects.live().count() == 2
    assert "2 rules retired." in bulk(editor, "retire", [A, B], reason="Nobody needs them.")
    assert [rule.lifecycle for rule in Rule.objects.all()] == ["retired", "retired"]
    for rule in Rule.objects.all():
        version = rule.versions.get(number=rule.version)
        assert (version.author_name, version.reason) == ("ada", "Nobody needs them.")
        assert LogEntry.objects.get(object_id=str(rule.pk)).change_message == "Retired: Nobody needs them."
    assert "SYSTEM" not in str(list(Indicator.objects.filter(excluded_reach__gt=0).values_list("value")))


def test_rules_are_tagged_beside_what_they_have(editor: Client) -> None:
    assert "Name at least one" in bulk(editor, "tag", [A], reason="Why not.")
    assert "no id" in bulk(editor, "tag", [A], reason="Why not.", techniques="Tee")
    said = {"techniques": "t1003", "platforms": "linux, Windows", "reason": "Seen there too."}
    assert "2 rules tagged." in bulk(editor, "tag", [A, B], **said)
    for rule in Rule.objects.all():
        assert [tag.written for tag in rule.techniques.all()] == ["T1059.001", "T1003"]
        assert {platform.name for platform in rule.platforms.all()} == {"Linux", "Windows"}
        assert rule.overrides.keys() == {"techniques", "platforms"}
        assert rule.versions.get(number=2).reason == "Seen there too."
    again = bulk(editor, "tag", [A], **said)
    assert "First: It has all of this already." in again
    assert Rule.objects.get(own_id=A).version == 2


def test_rules_are_read_again(editor: Client) -> None:
    Rule.objects.filter(own_id=A).update(title="Read by an older engine", parse="partial")
    assert "1 rule read again." in bulk(editor, "reparse", [A], reason="The engine is a newer one.")
    rule = Rule.objects.get(own_id=A)
    assert (rule.title, rule.parse, rule.edited, rule.version) == ("First", "full", False, 1)
    assert LogEntry.objects.get().change_message == "Read again: The engine is a newer one."


def test_too_many_rules_at_once_are_refused(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.admin.rule_actions.MOST", 1)
    assert "2 rules are too many at once." in bulk(editor, "retire", [A, B], reason="All of them.")
    assert Rule.objects.live().count() == 2


def test_who_may_not_edit_has_no_actions(sigma: Checkout) -> None:
    viewer = signed_in("viewer")
    User.objects.filter(username="viewer").update(is_staff=True)
    assert 'name="action"' not in viewer.get(RULES).content.decode()
    bulk(viewer, "retire", [A], reason="Because.")
    assert Rule.objects.live().count() == 2


def test_a_rule_leads_to_its_editor_and_versions(editor: Client) -> None:
    rule = Rule.objects.get(own_id=A)
    html = editor.get(f"{RULES}{rule.pk}/change/").content.decode()
    assert f"{RULES}{rule.pk}/edit/" in html
    assert editor.get(f"{RULES}{rule.pk}/edit/").headers["Location"] == f"/rules/sigma/{A}/edit/"
    assert editor.get(f"{RULES}{rule.pk}/versions/").headers["Location"] == f"/rules/sigma/{A}/versions/"


def test_the_policy_is_loosened_for_the_admin_alone(admin_client: Client) -> None:
    assert "'unsafe-eval'" in admin_client.get("/admin/").headers["Content-Security-Policy"]
    for address in ("/", "/sign-in/", "/editing/drafts/", "/api/"):
        assert "'unsafe-eval'" not in admin_client.get(address).headers["Content-Security-Policy"]
