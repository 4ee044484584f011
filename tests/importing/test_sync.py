"""Syncing a source: what is added, changed, retired and refused, and that the counts follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from detections.documents.problem import UnreadableError
from detections.importing.renormalization import renormalize
from detections.importing.runs import RunError, perform, request_sync
from detections.models import Indicator, Rule, RuleIndicator, Run, Source, SourceFile
from detections.statistics.recomputation import recompute
from tests.importing.checkouts import Checkout, elastic_rule, sigma_rule

pytestmark = pytest.mark.django_db

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def sigma(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule(A, title="First"))
    checkout.write("rules/b.yml", sigma_rule(B, title="Second"))
    return checkout


def reach(value: str, operator: str = "endswith", field: str = "Image") -> int:
    row = Indicator.objects.filter(value=value, operator=operator, field=field).first()
    return row.reach if row else 0


def nothing_drifts() -> None:
    assert recompute().mended == 0


def test_a_first_sync_adds_rules_and_counts_them(sigma: Checkout) -> None:
    counts = sigma.sync()
    assert (counts["added"], counts["changed"], counts["unchanged"]) == (2, 0, 0)
    assert reach("\\tool.exe") == 2
    excluded = Indicator.objects.get(field="User", value="system")
    assert (excluded.reach, excluded.excluded_reach, excluded.public_excluded_reach) == (0, 2, 2)
    nothing_drifts()


def test_a_second_sync_skips_what_did_not_change(sigma: Checkout) -> None:
    sigma.sync()
    counts = sigma.sync()
    assert (counts["added"], counts["changed"], counts["unchanged"]) == (0, 0, 2)


def test_a_changed_rule_moves_its_reach(sigma: Checkout) -> None:
    sigma.sync()
    sigma.write("rules/a.yml", sigma_rule(A, title="First", image="other.exe"))
    assert sigma.sync()["changed"] == 1
    assert (reach("\\tool.exe"), reach("\\other.exe")) == (1, 1)
    nothing_drifts()


def test_a_removed_file_retires_its_rule(sigma: Checkout) -> None:
    sigma.sync()
    sigma.remove("rules/a.yml")
    assert sigma.sync()["retired"] == 1
    rule = Rule.objects.get(own_id=A)
    assert (rule.lifecycle, rule.live) == ("retired", False)
    assert reach("\\tool.exe") == 1
    nothing_drifts()


def test_a_rule_that_comes_back_counts_again(sigma: Checkout) -> None:
    sigma.sync()
    sigma.remove("rules/a.yml")
    sigma.sync()
    sigma.write("rules/elsewhere/a.yml", sigma_rule(A, title="First"))
    sigma.sync()
    rule = Rule.objects.get(own_id=A)
    assert (rule.live, rule.path) == (True, "rules/elsewhere/a.yml")
    nothing_drifts()


def test_a_moved_file_keeps_its_rule_live(sigma: Checkout) -> None:
    sigma.sync()
    sigma.remove("rules/a.yml")
    sigma.write("rules/moved/a.yml", sigma_rule(A, title="First"))
    sigma.sync()
    assert Rule.objects.get(own_id=A).live
    assert reach("\\tool.exe") == 2
    nothing_drifts()


def test_of_two_files_with_one_id_the_live_one_is_the_rule(sigma: Checkout) -> None:
    sigma.write("deprecated/z.yml", sigma_rule(A, title="Old"))
    sigma.sync()
    assert Rule.objects.get(own_id=A).title == "First"
    problem = SourceFile.objects.get(path="deprecated/z.yml").problems[0]["message"]
    assert A in problem and "rules/a.yml" in problem
    sigma.remove("rules/a.yml")
    sigma.sync()
    rule = Rule.objects.get(own_id=A)
    assert (rule.title, rule.lifecycle) == ("Old", "deprecated")
    assert SourceFile.objects.get(path="deprecated/z.yml").problems == []
    nothing_drifts()


def test_a_double_that_arrives_later_loses_or_wins_by_its_folder(sigma: Checkout) -> None:
    sigma.write("deprecated/z.yml", sigma_rule("33333333-3333-4333-8333-333333333333", title="Old"))
    sigma.sync()
    sigma.write("rules/z.yml", sigma_rule("33333333-3333-4333-8333-333333333333", title="New"))
    sigma.sync()
    assert Rule.objects.get(title="New").live
    assert "rules/z.yml" in SourceFile.objects.get(path="deprecated/z.yml").problems[0]["message"]
    nothing_drifts()


def test_a_file_that_cannot_be_read_is_a_problem_and_stops_nothing(sigma: Checkout) -> None:
    sigma.write("rules/broken.yml", "title: [\nid: x")
    sigma.write("rules/latin.yml", "title: caf\xe9".encode("latin-1"))
    sigma.write("rules/nul.yml", b"title: a\x00b\n")
    counts = sigma.sync()
    assert (counts["added"], counts["unreadable"]) == (2, 3)
    problems = {file.path: file.problems[0] for file in SourceFile.objects.exclude(problems=[])}
    assert set(problems) == {"rules/broken.yml", "rules/latin.yml", "rules/nul.yml"}
    assert problems["rules/broken.yml"]["line"] == 2
    assert sigma.sync()["unchanged"] == 5


def test_a_file_that_breaks_retires_the_rule_it_held(sigma: Checkout) -> None:
    sigma.sync()
    sigma.write("rules/a.yml", "title: [")
    sigma.sync()
    assert not Rule.objects.get(own_id=A).live
    nothing_drifts()


def test_a_copy_of_a_public_rule_counts_nowhere(sigma: Checkout, tmp_path: Path) -> None:
    team = Checkout(tmp_path / "team", slug="team", public=False)
    team.write("rules/fork.yml", sigma_rule(A, title="Fork"))
    team.write("rules/own.yml", sigma_rule("44444444-4444-4444-8444-444444444444", title="Own"))
    team.sync()
    assert reach("\\tool.exe") == 2
    sigma.sync()
    fork = Rule.objects.get(source__slug="team", own_id=A)
    assert (fork.copy, fork.live) == (True, False)
    row = Indicator.objects.get(field="Image", value="\\tool.exe")
    assert (row.reach, row.public_reach) == (3, 2)
    sigma.remove("rules/a.yml")
    sigma.sync()
    fork.refresh_from_db()
    assert (fork.copy, fork.live) == (False, True)
    nothing_drifts()


def test_a_parent_beside_its_subtechnique_is_structural_where_the_vendor_writes_it_so(tmp_path: Path) -> None:
    elastic = Checkout(tmp_path / "elastic", "elastic")
    elastic.write("rules/windows/a.toml", elastic_rule(A))
    elastic.sync()
    tags = dict(Rule.objects.get(own_id=A).techniques.values_list("written", "structural"))
    assert tags == {"T1059": True, "T1059.001": False}


def test_a_rule_that_repeats_a_test_counts_once(tmp_path: Path) -> None:
    elastic = Checkout(tmp_path / "elastic", "elastic")
    query = 'process.name: ("Tool.exe" or "tool.exe") or process.name: ("tool.exe" or "x.exe")'
    elastic.write("rules/windows/a.toml", elastic_rule(A, query=query))
    elastic.sync()
    row = Indicator.objects.get(field="Image", operator="in", value="tool.exe")
    assert row.reach == 1
    assert set(RuleIndicator.objects.filter(indicator=row).values_list("value", flat=True)) == {"Tool.exe", "tool.exe"}


def test_the_run_record_tells_what_happened(sigma: Checkout) -> None:
    sigma.sync()
    run = Run.objects.get()
    assert (run.state, run.counts["added"], run.done, run.total) == ("succeeded", 2, 2, 2)
    assert Source.objects.get().location == str(sigma.root)


def test_only_one_sync_of_a_source_runs_at_a_time(sigma: Checkout) -> None:
    request_sync("sigma", str(sigma.root))
    with pytest.raises(RunError, match="already running"):
        request_sync("sigma", str(sigma.root))


def test_a_run_is_done_once(sigma: Checkout) -> None:
    run = request_sync("sigma", str(sigma.root))
    first = perform(run)
    assert perform(run) == first
    assert Rule.objects.count() == 2


@pytest.mark.parametrize("place", ["nowhere", "empty", "file.txt"])
def test_a_folder_that_is_no_checkout_fails_the_run_with_a_message(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(RunError) as caught:
        perform(request_sync("sigma", str(tmp_path / place)))
    assert str(tmp_path / place) in str(caught.value)
    assert isinstance(caught.value.__cause__, UnreadableError)
    assert Run.objects.get().state == "failed"


def test_an_unknown_vendor_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RunError, match="sigma, elastic, splunk"):
        request_sync("yara", "/nowhere")


def test_a_macro_that_cannot_be_read_is_a_problem_of_the_source(tmp_path: Path) -> None:
    splunk = Checkout(tmp_path / "splunk", "splunk")
    splunk.write("detections/endpoint/a.yml", f"name: A\nid: {A}\nsearch: '`ours` user=root'\n")
    splunk.write("macros/ours.yml", "name: [")
    splunk.sync()
    assert SourceFile.objects.get(path="macros/ours.yml").problems[0]["line"] == 1
    splunk.write("macros/ours.yml", "name: ours\ndefinition: process_name=tool.exe\n")
    assert splunk.sync()["changed"] == 1
    assert not SourceFile.objects.filter(path="macros/ours.yml").exists()
    assert reach("tool.exe", "eq") == 1
    nothing_drifts()


def test_a_teams_searches_call_the_vendors_macros(tmp_path: Path) -> None:
    def search(own_id: str, text: str) -> str:
        return f"name: A search\nid: {own_id}\nsearch: '{text}'\n"

    vendor = Checkout(tmp_path / "splunk", "splunk")
    vendor.write("macros/odd.yml", "name: odd\ndefinition: process_name=tool.exe\n")
    vendor.write("detections/a.yml", search(A, "`odd`"))
    vendor.sync()
    team = Checkout(tmp_path / "team", "splunk", slug="team", public=False)
    team.write("detections/b.yml", search(B, "`odd` user=root"))
    team.sync()
    rule = Rule.objects.get(own_id=B)
    assert set(rule.indicators.values_list("value", flat=True)) == {"tool.exe", "root"}
    assert renormalize([rule.pk]).skipped == 0
    assert set(rule.indicators.values_list("value", flat=True)) == {"tool.exe", "root"}
    assert team.sync()["unchanged"] == 1
    vendor.write("macros/odd.yml", "name: odd\ndefinition: process_name=other.exe\n")
    vendor.sync()
    assert team.sync()["changed"] == 1, "a macro of the vendor is a part of what the team's rules say"
    assert set(rule.indicators.values_list("value", flat=True)) == {"other.exe", "root"}
    nothing_drifts()
