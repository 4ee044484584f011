"""The search index follows whatever changes a rule, and a refresh makes the same again."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from random import Random

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from detections.importing.runs import perform, request_search_refresh
from detections.importing.searching import refresh_search
from detections.models import Generation, Rule, SearchedText, Source
from detections.models.search import TABLE
from detections.normalization.words import phrase_of
from tests.importing.checkouts import Checkout, elastic_rule, sigma_rule
from tests.pages import rows
from tests.statistics.catalog import ACTS, Staff, write_sources

A, B = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")


def indexed() -> list[tuple[object, ...]]:
    """All that the index holds."""
    columns = "title, tags, description, query" if connection.vendor == "sqlite" else f"{TABLE}::text"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid, {columns} FROM {TABLE} ORDER BY rowid")  # noqa: S608 nothing from outside
        return cursor.fetchall()


def titles(words: str) -> set[str]:
    phrase = phrase_of(words)
    assert phrase is not None
    found = SearchedText.objects.matching([phrase])
    return set(Rule.objects.filter(pk__in=found.values("pk")).values_list("title", flat=True))


@pytest.mark.django_db
class ActsTest(TestCase):
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.sampled_from(ACTS), min_size=2, max_size=12), st.integers(0, 2**32))
    def test_whatever_staff_and_syncs_do_the_index_is_what_a_refresh_makes(self, acts: list[str], seed: int) -> None:
        write_sources()
        staff = Staff(Random(seed))  # noqa: S311 no secret
        for act in acts:
            staff.act(act)
        followed = indexed()
        refresh_search()
        assert len(followed) == Rule.objects.count()
        assert indexed() == followed


@pytest.mark.django_db
def test_a_sync_is_found_by_the_words_that_it_brings_and_no_more_by_those_that_it_takes(tmp_path: Path) -> None:
    sigma, elastic = Checkout(tmp_path / "sigma"), Checkout(tmp_path / "elastic", "elastic")
    sigma.write("rules/a.yml", sigma_rule(A, title="Shadow copies", image="vssadmin.exe"))
    elastic.write("rules/b.toml", elastic_rule(B, query='process.name: "wevtutil.exe"', name="Logs cleared"))
    sigma.sync()
    elastic.sync()
    assert titles("vssadmin") == {"Shadow copies"} and titles("wevtutil.exe") == {"Logs cleared"}
    assert titles("t1059.001") == {"Shadow copies", "Logs cleared"} and titles(A) == {"Shadow copies"}
    assert titles("Somebody") == set(), "who wrote a rule is none of its words"
    sigma.write("rules/a.yml", sigma_rule(A, title="Shadow copies gone", image="diskshadow.exe"))
    sigma.sync()
    assert titles("vssadmin") == set() and titles("diskshadow") == {"Shadow copies gone"}


@pytest.mark.django_db
def test_a_source_that_is_deleted_takes_its_words_along(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("rules/a.yml", sigma_rule(A))
    checkout.sync()
    assert len(indexed()) == 1
    Source.objects.all().delete()
    assert indexed() == []


@pytest.mark.django_db
def test_a_refresh_mends_what_somebody_wrote_past_the_index(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("rules/a.yml", sigma_rule(A))
    checkout.write("rules/b.yml", sigma_rule(B))
    checkout.sync()
    right, before = indexed(), Generation.objects.current().number
    rule = Rule.objects.get(own_id=A)
    Rule.objects.filter(pk=rule.pk).update(title="Typed over")
    SearchedText.objects.filter(rule=Rule.objects.get(own_id=B))._raw_delete("default")
    assert titles("typed") == set()
    counts = perform(request_search_refresh())
    assert (counts["rules"], counts["lost"]) == (2, 0)
    assert counts["trigrams"] == ("yes" if connection.vendor == "postgresql" else "no")
    assert titles("typed over") == {"Typed over"}
    assert Generation.objects.current().number > before
    Rule.objects.filter(pk=rule.pk).update(title=rule.title)
    refresh_search()
    assert indexed() == right


@pytest.mark.django_db
def test_the_command_refreshes_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("rules/a.yml", sigma_rule(A))
    checkout.sync()
    right = indexed()
    SearchedText.objects.all()._raw_delete("default")
    call_command("refresh_search")
    assert "rules" in capsys.readouterr().out
    assert indexed() == right


@pytest.mark.django_db(transaction=True)
def test_the_migration_goes_back_and_fills_the_index_again() -> None:
    rows.snapshot_catalog()
    before = indexed()
    call_command("migrate", "detections", "0004", verbosity=0)
    try:
        assert TABLE not in connection.introspection.table_names()
    finally:
        call_command("migrate", "detections", verbosity=0)
    assert before and indexed() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="FTS5 is SQLite's.")
def test_a_sqlite_without_the_module_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    migration = import_module("detections.migrations.0005_full_text_search")
    monkeypatch.setitem(migration.CREATE, "sqlite", ("CREATE VIRTUAL TABLE lacking USING module_that_is_not_there(a)",))
    with pytest.raises(CommandError, match="built without FTS5"):
        migration.create(apps, connection.schema_editor())
