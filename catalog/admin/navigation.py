"""The admin's side bar: what is edited first, then what runs, then what is only looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from catalog.roles import EDIT_RULES

Item = dict[str, Any]

# Title and icon of each group's entries; an address is a page's name or a model of the admin.
GROUPS: tuple[tuple[str, bool, tuple[tuple[str, str, str], ...]], ...] = (
    ("Rules", False, (
        ("Rules", "gavel", "detections.rule"),
        ("New rule", "add", "rule-new"),
        ("Upload", "upload", "rule-upload"),
        ("Drafts", "edit_note", "draft-list"),
        ("Diverged rules", "call_split", "diverged-list"),
        ("Versions", "history", "detections.ruleversion"),
    )),
    ("Names", False, (
        ("Field names", "match_case", "name-list"),
        ("Aliases", "alternate_email", "detections.aliasoverride"),
        ("Fields", "label", "detections.fieldoverride"),
    )),
    ("Sources and runs", False, (
        ("Sources", "folder_managed", "detections.source"),
        ("Runs", "play_circle", "detections.run"),
        ("Files", "description", "detections.sourcefile"),
    )),
    ("People", False, (
        ("Users", "person", "auth.user"),
        ("Roles", "group", "auth.group"),
        ("API tokens", "key", "catalog.apitoken"),
        ("What was done", "fact_check", "admin.logentry"),
    )),
    ("To look at", True, (
        ("Techniques", "grid_view", "detections.technique"),
        ("Tactics", "view_week", "detections.tactic"),
        ("ATT&amp;CK", "new_releases", "detections.attackrelease"),
        ("Indicators", "search", "detections.indicator"),
        ("Texts of rules", "article", "detections.ruletext"),
        ("Texts of drafts", "draft", "detections.ruledraft"),
        ("Uploads", "upload_file", "detections.ruleupload"),
        ("Tags of rules", "sell", "detections.ruletechnique"),
        ("Log sources", "sensors", "detections.rulelogsource"),
        ("Platforms", "devices", "detections.platform"),
        ("Domains", "lan", "detections.domain"),
        ("Fields of rules", "data_object", "detections.rulefield"),
        ("Names in rules", "abc", "detections.rulename"),
        ("Indicators of rules", "rule", "detections.ruleindicator"),
        ("Parts of runs", "splitscreen", "detections.runchunk"),
        ("Texts of sources", "notes", "detections.sourcetext"),
        ("Generation", "counter_1", "detections.generation"),
    )),
)  # fmt: skip


def mark(request: HttpRequest) -> str:
    """The site's own mark, for the browser's tab."""
    return static("catalog/pictures/mark.svg")


def style(request: HttpRequest) -> str:
    """The site's own rules beside those of the admin's look."""
    return static("catalog/css/admin.css")


def sidebar(request: HttpRequest) -> list[Item]:
    """The groups with the entries that this user may open."""
    return [
        {"title": title, "separator": True, "collapsible": folded, "items": [_item(*entry) for entry in entries]}
        for title, folded, entries in GROUPS
    ]


def _item(title: str, icon: str, target: str) -> Item:
    app, _, model = target.partition(".")
    if not model:
        return {"title": title, "icon": icon, "link": reverse(target), "permission": _may(EDIT_RULES)}
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{app}_{model}_changelist"),
        "permission": _may(f"{app}.view_{model}"),
    }


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(request.user.has_perm(permission))
