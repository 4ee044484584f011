"""The three roles, as groups with permissions: who only reads, who edits rules and names, who keeps the site.

A permission that the site gave to a group stays when this is run again; one that an administrator added is kept too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

VIEWER, EDITOR, ADMINISTRATOR = "viewer", "editor", "administrator"
STAFF = frozenset({EDITOR, ADMINISTRATOR})  # the roles that work in the admin

EDIT_RULES = "detections.change_rule"
ADD_RULES = "detections.add_rule"
EDIT_NAMES = "detections.change_aliasoverride"
ADD_SOURCES = "detections.add_source"
ADD_RUNS = "detections.add_run"
CHANGE_RUNS = "detections.change_run"

_EDITED: dict[str, tuple[str, ...]] = {
    "detections.rule": ("add", "change"),
    "detections.ruledraft": ("add", "change", "delete"),
    "detections.ruleupload": ("add", "change", "delete"),
    "detections.aliasoverride": ("add", "change", "delete"),
    "detections.fieldoverride": ("add", "change", "delete"),
}
_KEPT: dict[str, tuple[str, ...]] = {
    "detections.source": ("add", "change", "delete"),
    "detections.run": ("add", "change"),
    "auth.user": ("view", "add", "change", "delete"),
    "auth.group": ("view", "add", "change", "delete"),
    "admin.logentry": ("view",),
    "catalog.apitoken": ("view", "change"),
}
# What a role may do beyond looking at everything in the catalog.
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    VIEWER: {},
    EDITOR: _EDITED,
    ADMINISTRATOR: _EDITED | _KEPT,
}
LOOKED_AT = "detections"
_HOLDERS = ("auth", "admin", "detections", "catalog")  # the apps whose permissions are given


def make_roles(apps: Any, schema_editor: Any) -> None:
    """For a migration: the groups with their permissions, for every model that stands by then.

    Django itself writes permissions after the last migration only, which is not soon enough.
    """
    using = schema_editor.connection.alias
    for label in _HOLDERS:
        create_permissions(installed.get_app_config(label), verbosity=0, interactive=False, using=using, apps=apps)
    grant(apps, using)


def grant(apps: Any, using: str = "default") -> None:
    """Make the groups and give them their permissions, as far as those exist. Nothing is taken away.

    `apps` is the registry of a migration, or Django's own.
    """
    group_model = apps.get_model("auth", "Group")
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for role in ROLES:
        group, _ = group_model.objects.using(using).get_or_create(name=role)
        names = set(_names(apps, role))
        rows = permissions.filter(content_type__app_label__in={app for app, _ in names}).select_related("content_type")
        group.permissions.add(*(row for row in rows if (row.content_type.app_label, row.codename) in names))


def works_in_admin(user: Any) -> bool:
    """Whether one of the user's roles is for the admin."""
    return bool(user.is_superuser or user.groups.filter(name__in=STAFF).exists())


def _names(apps: Any, role: str) -> Iterator[tuple[str, str]]:
    """The role's permissions as (app, codename)."""
    for model in apps.get_app_config(LOOKED_AT).get_models():
        yield LOOKED_AT, f"view_{model._meta.model_name}"
    for path, verbs in ROLES[role].items():
        app, model_name = path.split(".")
        for verb in verbs:
            yield app, f"{verb}_{model_name}"
