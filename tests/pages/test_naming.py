"""The pages of field names: what is shown before it is saved, what saving begins, and who may."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.pages import naming
from detections.importing.runs import perform
from detections.models import AliasOverride, FieldOverride, Rule, Run
from tests.importing.checkouts import Checkout, elastic_rule
from tests.pages.staff import catalog, signed_in
from tests.pages.test_techniques import page, text

E = "eeeeeeee-1111-4111-8111-111111111111"
NAMES, ALIAS, FIELD, MERGE = (f"/editing/names/{part}" for part in ("", "alias/", "field/", "merge/"))
ODD = {"vendor": "ecs", "name": "odd.program", "canonical": "Image", "form": "base", "reason": "It is the program."}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that a page begins, done at once in this process."""
    runs: list[Run] = []
    monkeypatch.setattr(naming, "start", lambda run: (runs.append(run), perform(run)))
    return runs


@pytest.fixture
def editor(tmp_path: Path, db: None) -> Client:
    catalog(tmp_path)
    checkout = Checkout(tmp_path / "elastic", "elastic")
    checkout.write("rules/e.toml", elastic_rule(E, query='odd.program: "tool.exe"', name="Odd one"))
    checkout.sync()
    return signed_in("editor", "ada")


def fields_of(own_id: str) -> set[str]:
    return set(Rule.objects.get(own_id=own_id).fields.values_list("field", flat=True))


def test_the_list_tells_names_that_no_table_knows_and_leads_to_the_form(editor: Client) -> None:
    html = page(editor, NAMES)
    assert "odd.program elastic 1 Give it a field" in text(html)
    assert "/editing/names/alias/?vendor=ecs&amp;name=odd.program" in html
    found = text(page(editor, f"{NAMES}?q=process.executable"))
    assert "process.executable ecs" in found and "Image" in found
    assert "No alias has this" in page(editor, f"{NAMES}?q=zzz")


def test_an_alias_is_shown_then_saved_then_taken_away(editor: Client, begun: list[Run]) -> None:
    assert 'value="odd.program"' in page(editor, f"{ALIAS}?vendor=ecs&name=odd.program")
    shown = editor.post(ALIAS, ODD | {"do": "preview"})
    assert "1 rule uses a name that it may touch" in text(shown.content.decode())
    assert "odd.program eq tool.exe" in text(shown.content.decode())
    assert not AliasOverride.objects.exists() and begun == []
    assert editor.post(ALIAS, ODD | {"do": "save"}).status_code == 302
    assert fields_of(E) == {"Image"} and [run.kind for run in begun] == ["renormalize"]
    assert LogEntry.objects.get().change_message == "It is the program."
    html = page(editor, f"{ALIAS}?vendor=ecs&name=odd.program")
    assert "Take the site" in html and "Created by ada: It is the program." in text(html)
    assert editor.post(ALIAS, ODD | {"do": "drop"}).status_code == 302
    assert fields_of(E) == {"odd.program"} and not AliasOverride.objects.exists()


def test_a_field_is_added_and_two_are_merged(editor: Client, begun: list[Run]) -> None:
    field = {"canonical": "OddProgram", "type": "path", "group": "process", "role": "filter", "reason": "Ours"}
    assert editor.post(FIELD, field | {"do": "save"}).status_code == 302
    assert FieldOverride.objects.get().type == "path" and begun == []
    merge = {"canonical": "odd.program", "into": "OddProgram", "reason": "The same"}
    assert "1 rule uses" in text(editor.post(MERGE, merge | {"do": "preview"}).content.decode())
    assert editor.post(MERGE, merge | {"do": "save"}).status_code == 302
    assert fields_of(E) == {"OddProgram"}
    assert "OddProgram" in page(editor, NAMES)


@pytest.mark.parametrize(
    ("address", "typed", "said"),
    [
        (ALIAS, ODD | {"canonical": "Nowhere"}, "no canonical field"),
        (ALIAS, ODD | {"vendor": "acme"}, "Select a valid choice"),
        (ALIAS, ODD | {"reason": ""}, "Say why"),
        (FIELD, {"canonical": "", "type": "path", "group": "x", "role": "filter", "reason": "x"}, "required"),
        (MERGE, {"canonical": "Image", "into": "Image", "reason": "x"}, "into itself"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "save"])
def test_what_cannot_be_is_told_and_what_was_typed_stays(
    editor: Client, begun: list[Run], address: str, typed: dict[str, str], said: str, do: str
) -> None:
    response = editor.post(address, typed | {"do": do})
    html = response.content.decode()
    assert response.status_code == 422 and said in html
    assert all(f'value="{value}"' in html for value in typed.values() if value and "." in value)
    assert not AliasOverride.objects.exists() and not FieldOverride.objects.exists() and begun == []


def test_who_may_not_edit_names_does_not(editor: Client) -> None:
    viewer = signed_in("viewer", "vic")
    for address in (NAMES, ALIAS, FIELD, MERGE):
        assert Client().get(address).status_code == 302
        assert viewer.get(address).status_code == 403
