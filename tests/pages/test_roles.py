"""The roles: what each may open and change, and that the groups stand after every migration."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from catalog.roles import ROLES, grant
from detections.models import Technique
from tests.pages.staff import PASSWORD, person


def as_role(client: Client, role: str) -> Client:
    client.force_login(person(role))
    return client


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("viewer", ["view_rule", "view_source"], ["change_rule", "add_rule", "change_source", "view_user"]),
        ("editor", ["change_rule", "add_rule", "change_ruledraft", "change_aliasoverride", "add_fieldoverride"],
         ["change_source", "add_run", "change_user", "change_group", "delete_rule"]),
        ("administrator", ["change_rule", "change_source", "add_run", "change_user", "change_group", "view_logentry"],
         ["delete_rule", "change_ruleversion", "delete_logentry"]),
    ],
)  # fmt: skip
def test_each_role_has_its_permissions(db: None, role: str, may: list[str], may_not: list[str]) -> None:
    held = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
    assert held.issuperset(may)
    assert not held.intersection(may_not)


def test_granting_again_mends_and_keeps(db: None) -> None:
    grant(apps)
    editor = Group.objects.get(name="editor")
    before = set(editor.permissions.all())
    added = Permission.objects.get(codename="delete_session")
    editor.permissions.add(added)
    editor.permissions.remove(Permission.objects.get(codename="change_rule"))
    Group.objects.filter(name="viewer").delete()
    grant(apps)
    assert set(editor.permissions.all()) == before | {added}
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


@pytest.mark.parametrize(
    ("role", "address", "status"),
    [
        ("editor", "/admin/", 200),
        ("editor", "/admin/detections/rule/", 200),
        ("editor", "/admin/auth/user/", 403),
        ("editor", "/admin/admin/logentry/", 403),
        ("administrator", "/admin/auth/user/", 200),
        ("administrator", "/admin/auth/group/", 200),
        ("administrator", "/admin/admin/logentry/", 200),
        ("administrator", "/admin/admin/logentry/add/", 403),
        ("viewer", "/admin/", 302),
        ("viewer", "/rules/", 200),
    ],
)
def test_what_each_role_opens(client: Client, snapshot: Technique, role: str, address: str, status: int) -> None:
    assert as_role(client, role).get(address).status_code == status


def test_the_side_bar_shows_what_the_user_may_open(client: Client, snapshot: Technique) -> None:
    html = as_role(client, "editor").get("/admin/").content.decode()
    assert "/admin/detections/rule/" in html and "/admin/auth/user/" not in html


def test_an_editor_is_made_staff_with_the_role(client: Client, db: None) -> None:
    user = User.objects.create_user("newcomer")
    as_role(client, "administrator").post(
        f"/admin/auth/user/{user.pk}/change/",
        {"username": "newcomer", "is_active": "on", "groups": [Group.objects.get(name="editor").pk],
         "date_joined_0": "2024-01-01", "date_joined_1": "00:00:00"},
    )  # fmt: skip
    user.refresh_from_db()
    assert user.is_staff and not user.is_superuser


def test_no_administrator_makes_or_changes_a_superuser(client: Client, db: None) -> None:
    root = User.objects.create_superuser("root")
    user = User.objects.create_user("newcomer")
    as_role(client, "administrator")
    assert client.post(f"/admin/auth/user/{root.pk}/password/", {}).status_code == 403
    assert client.post(f"/admin/auth/user/{root.pk}/change/", {"username": "mine"}).status_code == 403
    client.post(
        f"/admin/auth/user/{user.pk}/change/",
        {"username": "newcomer", "is_active": "on", "is_superuser": "on", "user_permissions": ["1"],
         "date_joined_0": "2024-01-01", "date_joined_1": "00:00:00"},
    )  # fmt: skip
    user.refresh_from_db()
    assert not user.is_superuser and not user.user_permissions.exists()


def test_signing_in_leads_back(client: Client, db: None) -> None:
    person("viewer")
    assert 'name="next" value="/rules/?live=all"' in client.get("/sign-in/?next=/rules/%3Flive%3Dall").content.decode()
    given = {"username": "viewer", "password": "wrong", "next": "/rules/?live=all"}
    refused = client.post("/sign-in/", given)
    assert refused.status_code == 200 and "Please enter a correct username" in refused.content.decode()
    response = client.post("/sign-in/", given | {"password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/rules/?live=all")
    assert "Sign out" in client.get("/rules/").content.decode()
    assert client.post("/sign-out/").status_code == 302
    assert "Sign in" in client.get("/rules/").content.decode()


def test_signing_in_leads_nowhere_else(client: Client, db: None) -> None:
    person("viewer")
    given = {"username": "viewer", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in/", given).headers["Location"] == "/"
