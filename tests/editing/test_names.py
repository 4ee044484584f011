"""The site's own names: what a change touches, what it does, and that a sync and an upgrade keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detections.editing.errors import EditError
from detections.editing.names import NameChange, merging, save_names, touched_by, unmapped_names
from detections.importing.names import current_catalogue
from detections.importing.runs import perform
from detections.models import AliasOverride, FieldOverride, Indicator, Rule, RuleName, Run
from detections.normalization.catalogue import Alias, Field
from detections.statistics.recomputation import recompute
from tests.editing.conftest import A
from tests.importing.checkouts import Checkout, elastic_rule

E = "eeeeeeee-1111-4111-8111-111111111111"
ODD = Alias("Image", "ecs", "odd.program", form="base", source="site")


@pytest.fixture
def elastic(tmp_path: Path, sigma: Checkout) -> Checkout:
    checkout = Checkout(tmp_path / "elastic", "elastic")
    checkout.write("rules/e.toml", elastic_rule(E, query='odd.program: "tool.exe" and not user.name: "SYSTEM"'))
    checkout.sync()
    return checkout


def saved(change: NameChange) -> dict:
    run = save_names(change, "It is the program.")
    assert run is not None
    return perform(run)


def fields_of(own_id: str) -> set[str]:
    return set(Rule.objects.get(own_id=own_id).fields.values_list("field", flat=True))


def test_names_that_no_table_knows_are_told_by_use(elastic: Checkout) -> None:
    assert unmapped_names() == [("elastic", "odd.program", "ecs", 1)]
    known = RuleName.objects.get(rule__own_id=A, name="Image")
    assert (known.canonical, known.known) == ("Image", True)


def test_an_alias_tells_what_it_would_touch_and_stores_nothing(elastic: Checkout) -> None:
    touched = touched_by(NameChange(aliases=(ODD,)))
    assert (touched.candidates, touched.complete) == (1, True)
    ((rule, went, came),) = touched.rules
    assert (rule.own_id, went, came) == (E, (("odd.program", "eq", "tool.exe"),), (("Image", "eq", "tool.exe"),))
    assert not AliasOverride.objects.exists() and fields_of(E) == {"odd.program", "User"}


def test_a_saved_alias_renames_the_rules_that_use_it(elastic: Checkout) -> None:
    counts = saved(NameChange(aliases=(ODD,)))
    assert (counts["rules"], counts["skipped"]) == (1, 0)
    assert fields_of(E) == {"Image", "User"} and unmapped_names() == []
    assert Indicator.objects.get(field="Image", operator="eq", value="tool.exe").reach == 1
    assert Indicator.objects.get(field="odd.program").reach == 0
    assert recompute().mended == 0
    row = AliasOverride.objects.get()
    assert (row.history.get().history_change_reason, row.canonical) == ("It is the program.", "Image")


def test_a_sync_after_it_keeps_the_sites_names(elastic: Checkout) -> None:
    saved(NameChange(aliases=(ODD,)))
    assert elastic.sync()["unchanged"] == 0, "the tables are another part of what the files were read with"
    assert fields_of(E) == {"Image", "User"}
    assert elastic.sync()["unchanged"] == 1


def test_an_alias_that_is_taken_away_gives_the_tables_back(elastic: Checkout) -> None:
    saved(NameChange(aliases=(ODD,)))
    saved(NameChange(dropped_aliases=(("ecs", "odd.program", ""),)))
    assert fields_of(E) == {"odd.program", "User"}
    assert not AliasOverride.objects.exists()
    assert AliasOverride.history.count() == 2


def test_a_field_of_the_site_is_one_row_for_all_its_names(elastic: Checkout) -> None:
    saved(
        NameChange(
            fields=(Field("OddProgram", "path", "process"),), aliases=(Alias("OddProgram", "ecs", "odd.program"),)
        )
    )
    assert fields_of(E) == {"OddProgram", "User"}
    with pytest.raises(EditError, match="still has names"):
        save_names(NameChange(dropped_fields=("OddProgram",)))
    assert FieldOverride.objects.count() == 1


def test_two_fields_are_merged(elastic: Checkout) -> None:
    saved(merging("odd.program", "ParentImage"))
    assert fields_of(E) == {"ParentImage", "User"}
    saved(merging("ParentImage", "Image"))
    assert fields_of(E) == {"Image", "User"}
    assert {alias.canonical for alias in current_catalogue().aliases if alias.name == "process.parent.name"} == {
        "Image"
    }
    assert recompute().mended == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (NameChange(aliases=(Alias("Nowhere", "ecs", "a"),)), "no canonical field"),
        (NameChange(aliases=(Alias("Image", "acme", "a"),)), "no vendor"),
        (NameChange(aliases=(Alias("Image", "ecs", " "),)), "empty"),
        (NameChange(aliases=(Alias("Image", "ecs", "a", "someday"),)), "no category"),
        (NameChange(aliases=(Alias("User", "ecs", "Process.Name"),)), "differ by case only"),
        (NameChange(fields=(Field("New", "colour"),)), "no type"),
    ],
)
def test_what_contradicts_the_tables_is_refused_and_stores_nothing(
    elastic: Checkout, change: NameChange, said: str
) -> None:
    for attempt in (touched_by, save_names):
        with pytest.raises(EditError, match=said):
            attempt(change)
    assert not AliasOverride.objects.exists() and not FieldOverride.objects.exists()
    assert not Run.objects.filter(kind="renormalize").exists()


@pytest.mark.parametrize(("canonical", "into"), [("Image", "Image"), ("Image", "Nowhere"), ("Nothing", "Image")])
def test_what_cannot_be_merged_is_told(elastic: Checkout, canonical: str, into: str) -> None:
    with pytest.raises(EditError):
        merging(canonical, into)
