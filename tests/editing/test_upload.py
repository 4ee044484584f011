"""Uploads: a dry run that stores nothing, and the same done in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from django.contrib.auth.models import User

from detections.analysis.overrides import NOTHING
from detections.editing import upload
from detections.editing.errors import EditError
from detections.editing.rules import Edit, retire_rule, save_rule
from detections.editing.sources import create_source
from detections.editing.upload import UploadPlan, perform_upload, plan_upload
from detections.models import Rule, Source
from detections.statistics.recomputation import recompute
from tests.documents.test_archive import packed
from tests.editing.conftest import A, B
from tests.importing.checkouts import Checkout, elastic_rule, sigma_rule
from tests.vendors.test_exports import CONF, RULE, ndjson

C = "33333333-3333-4333-8333-333333333333"


def told(plan: UploadPlan) -> list[tuple[str, str]]:
    return [(entry.path, entry.action) for entry in plan.entries]


@pytest.fixture
def zipped() -> bytes:
    return packed(
        {
            "a.yml": sigma_rule(A, title="New").encode(),
            "broken.yml": b"title: [",
            "c.yml": sigma_rule(C).replace("and not filter_main", "and and").encode(),
            "more/a.yml": sigma_rule(A, title="Twice").encode(),
            "more/b.yml": (sigma_rule(B, title="Known") + "---\n" + sigma_rule(C, title="Second")).encode(),
            "readme.md": b"# Ours",
        }
    )


def test_a_dry_run_tells_and_stores_nothing(team: Source, ada: User, zipped: bytes) -> None:
    perform_upload(team, "b.yml", sigma_rule(B, title="Known", image="old.exe").encode(), "First", ada)
    plan = plan_upload(team, "rules.zip", zipped)
    assert told(plan) == [
        ("a.yml", "add"), ("broken.yml", "refuse"), ("c.yml", "refuse"), ("more/a.yml", "refuse"),
        ("more/b.yml", "change"), ("more/b.yml#2", "refuse"), ("readme.md", "refuse"),
    ]  # fmt: skip
    by_path = {entry.path: entry for entry in plan.entries}
    assert by_path["broken.yml"].problems[0].line == 1
    assert "draft" in by_path["c.yml"].refused
    assert "also in a.yml" in by_path["more/a.yml"].refused
    assert "zip archives" in by_path["readme.md"].refused
    assert "+    Image|endswith: '\\tool.exe'" in by_path["more/b.yml"].difference
    assert (by_path["a.yml"].predicates, by_path["a.yml"].exclusions) == (1, 1)
    assert [rule.title for rule in Rule.objects.filter(source=team)] == ["Known"]


def test_an_upload_does_what_was_told(sigma: Checkout, team: Source, ada: User, zipped: bytes) -> None:
    plan = perform_upload(team, "rules.zip", zipped, "Our rules", ada)
    assert plan.counts == {"add": 2, "change": 0, "same": 0, "refuse": 5}
    rules = Rule.objects.filter(source=team).order_by("own_id")
    assert [(rule.own_id, rule.title, rule.copy) for rule in rules] == [(A, "New", True), (B, "Known", True)]
    version = rules[0].versions.get()
    assert (version.origin, version.author, version.reason) == ("upload", ada, "Our rules")
    assert plan_upload(team, "rules.zip", zipped).counts == {"add": 0, "change": 0, "same": 2, "refuse": 5}
    assert recompute().mended == 0


def test_an_upload_over_an_edit_is_told_and_kept_in_the_history(team: Source, ada: User, ben: User) -> None:
    data = sigma_rule(A, title="Uploaded").encode()
    perform_upload(team, "a.yml", data, "First", ada)
    rule = Rule.objects.get(source=team)
    save_rule(rule, Edit(sigma_rule(A, title="By hand"), NOTHING, "Better", 1), ben)
    entry = plan_upload(team, "a.yml", data).entries[0]
    assert (entry.action, entry.edited_by) == ("change", "ben")
    perform_upload(team, "a.yml", data, "Again", ada)
    rule.refresh_from_db()
    assert (rule.title, rule.version) == ("Uploaded", 3)
    assert [version.text.splitlines()[0] for version in rule.versions.order_by("number")] == [
        "title: Uploaded", "title: By hand", "title: Uploaded",
    ]  # fmt: skip


def test_a_retired_rule_stays_retired(team: Source, ada: User) -> None:
    perform_upload(team, "a.yml", sigma_rule(A).encode(), "First", ada)
    rule = Rule.objects.get(source=team)
    retire_rule(rule, 1, "Noisy", ada)
    perform_upload(team, "a.yml", sigma_rule(A, title="Again").encode(), "Again", ada)
    rule.refresh_from_db()
    assert (rule.title, rule.live) == ("Again", False)


def test_a_rule_that_is_retired_meanwhile_stays_retired(
    team: Source, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform_upload(team, "a.yml", sigma_rule(A).encode(), "First", ada)
    rule, lock = Rule.objects.get(source=team), upload.lock_addresses

    def meanwhile(vendor: str, own_ids: Iterable[str]) -> None:
        lock(vendor, own_ids)
        retire_rule(Rule.objects.get(pk=rule.pk), 1, "Noisy", ada)

    monkeypatch.setattr(upload, "lock_addresses", meanwhile)
    perform_upload(team, "a.yml", sigma_rule(A, title="Again").encode(), "Again", ada)
    rule.refresh_from_db()
    assert (rule.title, rule.live, rule.lifecycle, rule.version) == ("Again", False, "retired", 3)
    assert recompute().mended == 0


@pytest.mark.parametrize(
    ("vendor", "name", "text", "titles"),
    [
        ("elastic", "a.toml", elastic_rule(A), ["A rule"]),
        (
            "elastic",
            "export.ndjson",
            ndjson(RULE, {**RULE, "rule_id": "bbbb-2", "name": "Other"}),
            ["Odd tool", "Other"],
        ),
        ("elastic", "one.json", json.dumps(RULE, indent=2), ["Odd tool"]),
        ("splunk", "savedsearches.conf", CONF, ["Odd tool on a host", "Plain"]),
        ("splunk", "a.yml", "name: A search\nid: x-1\nsearch: index=main user=root\n", ["A search"]),
    ],
)
def test_every_format_is_taken(db: None, ada: User, vendor: str, name: str, text: str, titles: list[str]) -> None:
    source = create_source("ours", vendor, "Ours")
    perform_upload(source, name, text.encode(), "First", ada)
    rules = Rule.objects.filter(source=source).order_by("title")
    assert [rule.title for rule in rules] == titles
    assert all(rule.live and rule.parse == "full" and rule.predicate_count for rule in rules)
    assert plan_upload(source, name, text.encode()).count("same") == len(titles)


def test_the_rules_of_a_repository_are_not_uploaded(sigma: Checkout, ada: User) -> None:
    with pytest.raises(EditError, match="source of your own"):
        perform_upload(Source.objects.get(slug="sigma"), "a.yml", sigma_rule(C).encode(), "Mine", ada)
