"""Sources in the admin: where git fetches them from, and a sync that is asked for by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detections.importing.runs import perform
from detections.models import Generation, Rule, Run, Source
from tests.importing.checkouts import sigma_rule
from tests.importing.remotes import Remote
from tests.pages.test_roles import as_role

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/detections/source/"
FORM = {"name": "Ours", "public": "on", "clone_url": "", "branch": ""}


@pytest.fixture
def source(tmp_path: Path, settings) -> Source:
    settings.DATA_DIR = tmp_path / "data"
    settings.FIELDGUIDE_LOCAL_ROOT = str(tmp_path)
    return Source.objects.create(slug="team", vendor="sigma", name="Ours")


def change(client: Client, source: Source, **said: str) -> str:
    """What the form answers; "" when it was stored."""
    answer = client.post(f"{ADDRESS}{source.pk}/change/", FORM | said)
    source.refresh_from_db()
    return "" if answer.status_code == 302 else answer.content.decode()


def sync_now(client: Client, *sources: Source) -> str:
    said = {"action": "sync_now", "_selected_action": [source.pk for source in sources]}
    return client.post(ADDRESS, said, follow=True).content.decode()


def test_a_repository_is_named_and_taken_away(admin_client: Client, source: Source, tmp_path: Path) -> None:
    before = Generation.objects.current().number
    assert change(admin_client, source, clone_url=" https://github.com/team/rules.git ", branch="release/2") == ""
    assert (source.clone_url, source.branch) == ("https://github.com/team/rules.git", "release/2")
    assert Generation.objects.current().number > before
    assert source.history.count() >= 1
    assert change(admin_client, source, clone_url=str(tmp_path / "x" / ".." / "rules")) == ""
    assert source.clone_url == str(tmp_path / "rules")
    assert change(admin_client, source) == ""
    assert (source.clone_url, source.branch) == ("", "")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"clone_url": "https://user:secret@github.com/team/rules"}, "holds no user name or password"),
        ({"clone_url": "ext::sh -c id"}, "no address to fetch from"),
        ({"clone_url": "--upload-pack=id"}, "no address to fetch from"),
        ({"clone_url": "/etc"}, "must lie below"),
        ({"branch": "--upload-pack=id"}, "no name of a branch"),
    ],
)
def test_what_may_not_be_fetched_is_told_beside_the_field(
    admin_client: Client, source: Source, said: dict[str, str], told: str
) -> None:
    assert told in change(admin_client, source, **said)
    assert (source.clone_url, source.branch) == ("", "")


def test_a_sync_is_asked_for_and_fetches_outside_of_the_request(
    admin_client: Client, admin_user: User, source: Source, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    remote = Remote(tmp_path / "rules")
    remote.write("rules/a.yml", sigma_rule("11111111-1111-4111-8111-111111111111"))
    remote.commit()
    change(admin_client, source, clone_url=str(remote.root))
    with django_capture_on_commit_callbacks() as begun:
        assert "has been asked for" in sync_now(admin_client, source)
    assert len(begun) == 1
    run = Run.objects.get()
    assert (run.state, run.source, run.requested_by) == (Run.State.QUEUED, source, admin_user)
    assert not (tmp_path / "data" / "checkouts").exists()
    assert "already running" in sync_now(admin_client, source)
    perform(run)
    assert Rule.objects.live().count() == 1


def test_a_source_without_a_repository_is_named_and_the_others_are_synced(
    admin_client: Client, source: Source, tmp_path: Path
) -> None:
    other = Source.objects.create(slug="other", vendor="sigma", name="Other", clone_url=str(tmp_path / "rules"))
    said = sync_now(admin_client, source, other)
    assert "names no repository" in said and "Other: " in said
    assert [run.source for run in Run.objects.all()] == [other]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_administrators_name_repositories_and_ask_for_a_sync(
    client: Client, source: Source, tmp_path: Path, role: str
) -> None:
    as_role(client, role)
    change(client, source, clone_url=str(tmp_path))
    sync_now(client, source)
    assert source.clone_url == "" and not Run.objects.exists()


def test_an_administrator_may(client: Client, source: Source, tmp_path: Path) -> None:
    as_role(client, "administrator")
    assert change(client, source, clone_url=str(tmp_path)) == ""
    sync_now(client, source)
    assert Run.objects.count() == 1
