"""The first catalog: where it comes from, and that the vendor's own rules take the starter's place."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from detections.importing.first_catalog import (
    PROBE_SECONDS,
    STARTER,
    Origin,
    load,
    named,
    parse_sources,
    published,
    starter,
)
from detections.importing.runs import RunError
from detections.models import AttackRelease, Generation, Rule, Source, Technique
from tests.importing.checkouts import Checkout, sigma_rule

pytestmark = pytest.mark.django_db


def silent(*_: object) -> None:
    return None


def test_the_starter_corpus_fills_a_catalog_without_network() -> None:
    call_command("first_catalog", "--starter", verbosity=0)
    assert Rule.objects.live().count() >= 45
    tagged = Technique.objects.filter(rule_tags__rule__live=True, rule_tags__structural=False).distinct()
    assert tagged.count() >= 25
    assert set(Rule.objects.live().values_list("language", flat=True)) >= {"sigma", "kql", "eql", "esql", "spl"}
    assert Rule.objects.under_technique(Technique.objects.get(attack_id="T1578.001")).live().exists()
    assert not Rule.objects.exclude(link="").exists()
    assert {source.licence for source in Source.objects.all()} == {"Apache-2.0"}
    assert "starter" in Generation.objects.current().origin
    assert AttackRelease.objects.get().version


def test_a_filled_catalog_is_left_alone() -> None:
    Generation.objects.update_or_create(pk=1, defaults={"origin": "elsewhere"})
    call_command("first_catalog", "--starter", verbosity=0)
    assert not Rule.objects.exists()


def test_a_vendors_checkout_takes_the_starters_place(tmp_path: Path) -> None:
    load(starter(), silent, lambda title: None)
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule("11111111-1111-4111-8111-111111111111"))
    checkout.sync()
    source = Source.objects.get(slug="sigma")
    assert (source.name, source.licence) == ("SigmaHQ", "DRL-1.1")
    assert [rule.path for rule in Rule.objects.live().filter(source=source)] == ["rules/a.yml"]


def test_named_checkouts_come_first(tmp_path: Path) -> None:
    origin = named(parse_sources(f"sigma={tmp_path}"), "")
    assert origin is not None and origin.sources == {"sigma": str(tmp_path)}
    assert "sigma" in origin.said and origin.attack.endswith("attack.json")
    assert named({}, "") is None


@pytest.mark.parametrize("text", ["yara=/x", "sigma", "sigma=", "sigma=/x,,elastic"])
def test_a_setting_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RunError, match="FIELDGUIDE_SOURCES"):
        parse_sources(text)


def test_without_git_nothing_is_cloned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert published(tmp_path / "checkouts", said.append) is None
    assert "git is not installed" in said[-1]
    assert PROBE_SECONDS == 15


def test_a_first_catalog_from_clones_is_fetched_again_later(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "sigma")
    checkout.write("rules/a.yml", sigma_rule("11111111-1111-4111-8111-111111111111"))
    origin = Origin({"sigma": str(checkout.root)}, str(STARTER / "attack.json"), "clones", cloned=True)
    load(origin, silent, lambda title: None)
    source = Source.objects.get()
    assert (source.clone_url, source.branch) == ("https://github.com/SigmaHQ/sigma", "master")


def test_a_starter_is_fetched_from_nowhere(tmp_path: Path) -> None:
    load(starter(), silent, lambda title: None)
    assert set(Source.objects.values_list("clone_url", flat=True)) == {""}
