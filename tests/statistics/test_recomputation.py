"""A recomputation tells and mends what it finds wrong, unless something explains it."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.core.management import call_command

from detections.importing.runs import perform, request_recomputation
from detections.models import Generation, Indicator, Rule, Run
from detections.statistics.recomputation import last_drift, recompute
from tests.pages import rows
from tests.statistics.test_differences import counted_slowly, reaches

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalog() -> None:
    """A public rule and a private copy of it, which does not count, and a private rule of its own."""
    technique = rows.technique("T1059", "Interpreter")
    public, private = rows.source("sigma"), rows.source("team", public=False)
    private.vendor = "sigma"
    private.save()
    tests = [("Image", "endswith", ["a.exe", "b.exe"], False), ("User", "eq", ["root"], True)]
    rows.rule("One", [technique], tests, at=public, own_id="one")
    rows.rule("One", [technique], tests, at=private, own_id="one")
    rows.rule("Two", [technique], tests[:1], at=private, own_id="two")
    recompute(expected=True)


def drifted() -> None:
    """One reach too many, one public reach too few, a reach of nothing, and a copy that counts."""
    Indicator.objects.filter(value="a.exe").update(reach=5, public_reach=0)
    Indicator.objects.filter(value="root").update(excluded_reach=0, reach=1)
    Rule.objects.filter(source__slug="team", own_id="one").update(copy=False, live=True)


def test_a_right_catalog_has_no_drift(catalog: None, caplog: pytest.LogCaptureFixture) -> None:
    found = recompute()
    assert (found.indicators, found.mended, found.copies, found.drift, found.wrong) == (3, 0, 0, 0, ())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_where_nothing_is_wrong_no_page_gets_old(catalog: None) -> None:
    generation = Generation.objects.current().number
    recompute()
    assert Generation.objects.current().number == generation


def test_what_nothing_uses_is_dropped_and_is_no_drift(catalog: None) -> None:
    generation = Generation.objects.current().number
    Indicator.objects.create(key="unused", field="Image", operator="eq", value="z.exe")
    found = recompute()
    assert (found.indicators, found.purged, found.drift) == (3, 1, 0)
    assert Generation.objects.current().number > generation
    assert not Indicator.objects.filter(key="unused").exists()


def test_a_wrong_mark_alone_is_drift(catalog: None) -> None:
    Rule.objects.filter(source__slug="team", own_id="two").update(copy=True, live=True)
    found = recompute()
    assert (found.mended, found.copies, found.drift, found.wrong) == (0, 1, 1, ())
    assert not Rule.objects.get(source__slug="team", own_id="two").copy


def test_drift_is_told_logged_and_mended(catalog: None, caplog: pytest.LogCaptureFixture) -> None:
    drifted()
    run = request_recomputation()
    perform(run)
    a_exe, root = Indicator.objects.get(value="a.exe"), Indicator.objects.get(value="root")
    assert run.counts["drift"] == last_drift() == 3
    assert (run.counts["mended"], run.counts["copies"]) == (2, 1)
    assert run.counts["difference"] == (5 - 2) + 1 + 1 + 1
    assert {row["key"]: (row["stored"], row["true"]) for row in run.counts["wrong"]} == {
        a_exe.key: ([5, 0, 0, 0], [2, 0, 1, 0]),
        root.key: ([1, 0, 0, 1], [0, 1, 0, 1]),
    }
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert a_exe.key in errors[0] and root.key in errors[0]
    assert reaches() == counted_slowly()
    perform(request_recomputation())
    assert last_drift() == 0


def test_many_drifted_indicators_are_told_by_twenty(catalog: None) -> None:
    rule = rows.rule("Three", [], [("CommandLine", "contains", [f"word {n}" for n in range(30)], False)])
    found = recompute()
    assert (found.drift, found.difference, len(found.wrong)) == (30, 60, 20)
    assert [row["key"] for row in found.wrong] == sorted(rule.indicators.values_list("indicator", flat=True))[:20]


def test_what_is_expected_is_no_drift(catalog: None, caplog: pytest.LogCaptureFixture) -> None:
    drifted()
    assert recompute(expected=True).drift == 0
    drifted()
    Generation.objects.bump(counts_stale=True)  # as after a first load that was killed
    found = recompute()
    assert (found.mended, found.drift) == (2, 0)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert Generation.objects.current().counts_stale is False
    assert reaches() == counted_slowly()


def test_the_command_names_what_was_wrong(catalog: None) -> None:
    drifted()
    out, err = StringIO(), StringIO()
    call_command("recompute", stdout=out, stderr=err)
    assert Indicator.objects.get(value="root").key in err.getvalue()
    assert "wrong" not in out.getvalue()
    err = StringIO()
    call_command("recompute", stdout=StringIO(), stderr=err)
    assert not err.getvalue()


def test_without_a_run_there_is_no_drift() -> None:
    assert last_drift() == 0
    Run.objects.create(kind=Run.Kind.RECOMPUTE, state=Run.State.SUCCEEDED, counts={"mended": 0})
    assert last_drift() == 0
