"""People with a role, and a small catalog to edit: a public repository and a team's own source."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import Group, User
from django.test import Client

from catalog.roles import works_in_admin
from detections.analysis.overrides import NOTHING
from detections.editing.rules import Edit, save_rule
from detections.editing.sources import create_source
from detections.models import Rule
from tests.importing.checkouts import Checkout, sigma_rule

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"
FIRST = sigma_rule(A, title="First")
PASSWORD = "a long enough secret"


def person(role: str = "", name: str = "") -> User:
    """An account with a role, staff where the role is for the admin."""
    user = User.objects.create_user(name or role or "nobody", password=PASSWORD)
    if role:
        user.groups.add(Group.objects.get(name=role))
        user.is_staff = works_in_admin(user)
        user.save()
    return user


def signed_in(role: str = "", name: str = "") -> Client:
    """A browser of a new person with this role."""
    client = Client()
    client.force_login(person(role, name))
    return client


def catalog(folder: Path) -> Checkout:
    """Two rules of a repository, and a source of a team's own without any."""
    checkout = Checkout(folder / "sigma")
    checkout.write("rules/a.yml", FIRST)
    checkout.write("rules/b.yml", sigma_rule(B, title="Second"))
    checkout.sync()
    create_source("team", "sigma", "Our rules")
    return checkout


def diverged(checkout: Checkout, user: User) -> Rule:
    """The first rule with its program edited, while its repository raised the level."""
    rule = Rule.objects.select_related("text", "source").get(own_id=A)
    save_rule(rule, Edit(FIRST.replace("tool.exe", "ours.exe"), NOTHING, "Ours is better.", rule.version), user)
    checkout.write("rules/a.yml", FIRST.replace("level: medium", "level: high"))
    checkout.sync()
    return Rule.objects.select_related("text", "source", "held", "base").get(own_id=A)
