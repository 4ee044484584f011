"""The admin: every model is there, searchable and filterable; rows that a sync writes are only looked at."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from detections.models import Generation, Indicator, Rule, RuleText, Source, Technique
from tests.pages import rows

# The rows of a history are looked at from the row that they are the history of.
MODELS = sorted(
    (model for model in apps.get_app_config("detections").get_models() if not hasattr(model, "history_object")),
    key=lambda model: model.__name__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_registered_searchable_and_filterable(admin_client: Client, snapshot: Technique, model) -> None:
    registered = admin.site._registry[model]
    assert registered.search_fields and registered.list_filter
    address = f"/admin/detections/{model._meta.model_name}/"
    assert admin_client.get(address, {"q": "snapshot"}).status_code == 200
    assert admin_client.get(address).status_code == 200
    row = model.objects.first()
    if row is not None:
        assert admin_client.get(f"{address}{row.pk}/change/").status_code == 200


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
