"""Every page of the site with an example of its address, and who may open it.

The tests that hold for every page walk over this table. `test_promises` compares it with the URL configuration: a page
without an example fails there, so that no page is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from catalog.roles import ADMINISTRATOR, EDITOR, VIEWER
from tests.pages import rows
from tests.pages.staff import A

ANONYMOUS = ""
READERS = (ANONYMOUS, VIEWER, EDITOR, ADMINISTRATOR)  # each sees what those before it see
TECHNIQUE = {"attack_id": "T1578.001"}
BROAD = {"source": "elastic", "own_id": "broad"}  # tests much, excludes much
EDITED = {"source": "sigma", "own_id": A}  # diverged, with a history
SUCCESS = {"key": rows.key("event.outcome", "eq", "success")}
TEAM = "team"


@dataclass(frozen=True)
class Example:
    """Addresses of one page: its arguments, and queries that show it in other ways. `reader` is the first who may."""

    arguments: dict[str, str | int] = field(default_factory=dict)
    queries: tuple[str, ...] = ("",)
    reader: str = ANONYMOUS


PAGES: dict[str, Example] = {
    "home": Example(),
    "technique-list": Example({}, ("", "?ordering=-rules", "?parent=T1578")),
    "technique-detail": Example(TECHNIQUE, ("", "?equivalent=1&names=sigma&platform=AWS", "?vendor=splunk")),
    "technique-rules": Example(TECHNIQUE),
    "technique-indicators": Example(TECHNIQUE),
    "technique-indicator-rules": Example(TECHNIQUE | SUCCESS),
    "technique-field-rules": Example(TECHNIQUE | {"field": "User"}, ("?excluded=1",)),
    "technique-fields": Example(TECHNIQUE),
    "technique-log-sources": Example(TECHNIQUE),
    "technique-log-source-rules": Example(TECHNIQUE, ("?source=elastic&kind=dataset&name=aws.cloudtrail",)),
    "technique-false-positives": Example(TECHNIQUE),
    "matrix": Example({}, ("", "?view=vendors", "?show=missing")),
    "compare": Example({}, ("", "?vendor=elastic&vendor=sigma&show=neither")),
    "search": Example(
        {},
        (
            "",
            "?q=success",
            "?q=e",
            "?q=field:User+excluded:yes",
            "?q=nothing+has+this",
            "?q=value:*e*&group=indicators",
        ),
    ),
    "rule-list": Example(
        {}, ("", "?q=Fur&live=all", "?q=nothing+has+this", f"?indicator={SUCCESS['key']}&technique=T1578.001")
    ),
    "rule-detail": Example(BROAD),
    "rule-reading": Example(BROAD),
    "rule-text": Example(BROAD, ("", "?document=1")),
    "rule-values": Example(BROAD | {"place": 1}, ("", "?offset=1")),
    "rule-versions": Example(EDITED),
    "field-list": Example({}, ("", "?q=us&vendor=elastic&group=not+in+the+tables", "?q=nothing+has+this")),
    "field-detail": Example({"name": "User"}, ("", "?vendor=elastic")),
    "field-values": Example({"name": "User"}, ("", "?excluded=1&q=user")),
    "indicator-list": Example({}, ("", "?vendor=elastic&q=s&min_reach=1&ordering=value", "?q=nothing+has+this")),
    "indicator-detail": Example(SUCCESS, ("", "?excluded=1")),
    "indicator-spellings": Example(SUCCESS),
    "indicator-techniques": Example(SUCCESS),
    "exclusion-list": Example(
        {},
        ("", "?vendor=elastic&satisfiable=no&ordering=-value", "?q=robot&technique=T1578.001", "?q=nothing+has+this"),
    ),
    "exclusion-groups": Example({"by": "technique"}, ("", "?vendor=elastic")),
    "exclusion-rules": Example({"key": rows.key("User", "eq", "backup-robot")}, ("", "?vendor=elastic")),
    "exclusion-sigma": Example({}, ("", "?technique=T1578.001", f"?key={rows.key('User', 'eq', 'backup-robot')}")),
    "api-start": Example(),
    "source-list": Example({}, ("", "?language=kql&vendor=elastic")),
    "run-list": Example(),
    "run-detail": Example({"pk": 1}),
    "sign-in": Example(),
    "token-list": Example(reader=VIEWER),
    "rule-edit": Example(EDITED, ("", "?merge=1"), EDITOR),
    "rule-diverged": Example(EDITED, reader=EDITOR),
    "rule-new": Example(reader=EDITOR),
    "draft-list": Example(reader=EDITOR),
    "diverged-list": Example(reader=EDITOR),
    "rule-upload": Example(reader=EDITOR),
    "name-list": Example({}, ("", "?q=image"), EDITOR),
    "alias-edit": Example({}, ("?vendor=sigma&name=Image",), EDITOR),
    "field-edit": Example(reader=EDITOR),
    "field-merge": Example(reader=EDITOR),
    "source-new": Example(reader=ADMINISTRATOR),
}
# What only leads elsewhere.
LEADS: dict[str, Example] = {}
# Buttons: they answer a form that is sent, and nothing that is opened.
BUTTONS: dict[str, Example] = {
    "rule-restore": Example(EDITED | {"wanted": 1}),
    "rule-retire": Example(EDITED),
    "rule-revive": Example(EDITED),
    "draft-drop": Example({"pk": 1}),
    "source-sync": Example({"slug": "sigma"}),
    "run-sync": Example(),
    "run-recompute": Example(),
    "run-refresh-search": Example(),
    "run-cancel": Example({"pk": 1}),
    "run-again": Example({"pk": 1}),
    "api-rule-retire": Example(EDITED),
    "api-rule-revive": Example(EDITED),
    "api-run-cancel": Example({"pk": 1}),
    "token-revoke": Example({"pk": 1}),
    "sign-out": Example(),
}
ENDPOINTS: dict[str, Example] = {
    "search-suggest": Example({}, ("", "?q=e", "?q=nothing+has+this")),
    "api-docs": Example(),
    "api-search": Example({}, ("", "?q=success", "?q=value:*e*+excluded:yes")),
    "api-schema": Example(),
    "api-swagger": Example(),
    "api-technique-list": Example(),
    "api-technique": Example(TECHNIQUE),
    "api-technique-guide": Example(TECHNIQUE, ("", "?subtechniques=1")),
    "api-technique-fields": Example(TECHNIQUE, ("", "?excluded=1&names=sigma")),
    "api-technique-indicators": Example(TECHNIQUE, ("", "?excluded=1&names=ecs")),
    "api-technique-log-sources": Example(TECHNIQUE),
    "api-technique-false-positives": Example(TECHNIQUE),
    "api-technique-rules": Example(TECHNIQUE, ("", "?field=User&excluded=1", "?live=no")),
    "api-similar-techniques": Example({"attack_id": "T1578"}),
    "api-tactic-list": Example({}, ("", "?vendor=elastic")),
    "api-stats": Example(),
    "api-parse-problems": Example(),
    "api-file-problems": Example(),
    "api-unknown-techniques": Example(),
    "api-rule-predicates": Example(BROAD),
    "api-rule-raw": Example(BROAD),
    "api-rule-versions": Example(BROAD),
    "api-rule-list": Example({}, ("", "?live=all")),
    "api-rule": Example(BROAD),
    "api-similar-rules": Example(BROAD),
    "api-indicator-list": Example({}, ("", "?vendor=elastic&ordering=value")),
    "api-indicator": Example(SUCCESS),
    "api-indicator-rules": Example(SUCCESS, ("", "?excluded=1")),
    "api-indicator-equivalents": Example(SUCCESS),
    "api-indicator-variants": Example(SUCCESS),
    "api-indicator-vendors": Example(SUCCESS),
    "api-indicator-techniques": Example(SUCCESS),
    "api-indicator-together": Example(SUCCESS),
    "api-matrix": Example(),
    "api-navigator-layer": Example(),
    "api-compare": Example(),
    "field-pipeline": Example({"namespace": "ecs"}),
    "api-field-list": Example({}, ("", "?q=us")),
    "api-field": Example({"name": "User"}),
    "api-field-aliases": Example({"name": "User"}),
    "api-field-values": Example({"name": "User"}),
    "api-field-techniques": Example({"name": "User"}),
    "api-field-log-sources": Example({"name": "User"}, ("", "?vendor=elastic")),
    "api-exclusion-groups": Example({"by": "field"}, ("", "?vendor=elastic")),
    "api-exclusion-list": Example({}, ("", "?vendor=elastic&satisfiable=no")),
    "api-source-list": Example(),
    "api-run-list": Example({}, ("", "?kind=sync_source&state=succeeded")),
    "api-run": Example({"pk": 1}),
    "api-alias-list": Example(reader=VIEWER),
    "api-attack": Example(),
}
EVERYTHING = PAGES | LEADS | BUTTONS | ENDPOINTS
# The admin's pages are a product of their own; these two stand for them.
ADMIN = ("/admin/", "/admin/detections/rule/")


def configured() -> set[str]:
    """The names in the URL configuration, without the admin's."""
    return set(_names(get_resolver().url_patterns))


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            if one.namespace != "admin":
                yield from _names(one.url_patterns)
        elif one.name:
            yield one.name


def addresses(name: str) -> list[str]:
    """The example's addresses. One that is gone from the URL configuration fails with Django's own message."""
    example = EVERYTHING[name]
    path = reverse(name, kwargs=example.arguments)
    return [quote(path, safe="/%") + query for query in example.queries]


def pages(reader: str) -> list[str]:
    """The addresses of every page that a reader may open, the admin's two among them."""
    found = _open_to(reader, PAGES)
    return found + list(ADMIN) if reader in (EDITOR, ADMINISTRATOR) else found


def endpoints(reader: str) -> list[str]:
    """The addresses of the API that a reader may ask."""
    return _open_to(reader, ENDPOINTS)


def _open_to(reader: str, examples: dict[str, Example]) -> list[str]:
    rank = READERS.index(reader)
    names = [name for name, example in examples.items() if READERS.index(example.reader) <= rank]
    return [address for name in names for address in addresses(name)]
