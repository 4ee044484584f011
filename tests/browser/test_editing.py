"""The editor in a real browser: a preview while typing, problems that lead to their place, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from playwright.sync_api import expect

from catalog.roles import grant
from detections.analysis.overrides import NOTHING
from detections.editing.rules import Edit, save_rule
from detections.models import Rule, RuleDraft
from tests.browser.conftest import Visit
from tests.browser.sound import violations
from tests.browser.waiting import wait_until
from tests.pages.staff import FIRST, PASSWORD, A, catalog, diverged, person

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULE = f"/rules/sigma/{A}/"
EDIT = f"{RULE}edit/"


@pytest.fixture
def staff(chromium: Any, live_server: Any, transactional_db: None, tmp_path: Path, request: Any) -> Iterator[Visit]:
    """A browser in which an editor has signed in, on a catalog with a diverged rule. Parameters as for `visit`."""
    grant(apps)  # a flushed database has no groups
    checkout = catalog(tmp_path)
    diverged(checkout, person("editor", "ada"))
    context = chromium.new_context(**getattr(request, "param", {}))
    context.set_default_timeout(10_000)
    visit = Visit(context.new_page(), live_server.url)
    sign_in(visit.page, visit.address + EDIT)
    yield visit
    context.close()


def sign_in(page: Any, address: str) -> None:
    page.goto(address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def rule() -> Rule:
    return Rule.objects.select_related("text").get(own_id=A)


def box(page: Any) -> Any:
    return page.get_by_label("Text of the rule")


def field(page: Any, label: str) -> Any:
    return page.locator("#editor").get_by_label(label, exact=True)


def preview_of(page: Any, words: str) -> Any:
    found = page.locator("#preview", has_text=words)
    found.wait_for()
    return found


def test_typing_shows_what_the_text_says(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill(FIRST.replace("tool.exe", "third.exe").replace("title: First", "title: Another"))
    preview_of(page, "\\third.exe")
    assert field(page, "Title").get_attribute("placeholder") == "Another"
    assert page.locator("#preview-said").text_content() == "Parsed in full: 1 condition, 1 exclusion, 0 problems."
    field(page, "Techniques").fill("T10")
    preview_of(page, "is no id: write T1059")
    assert rule().version == 2
    assert staff.said == []


def test_a_problem_leads_to_its_place_and_is_marked(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill(FIRST.replace("condition: selection and not filter_main", "condition: selection and missing"))
    preview_of(page, "draft only")
    assert page.locator(".gutter b.error").text_content() == "13"
    page.get_by_role("link", name="line 13").click()
    assert page.evaluate("document.activeElement.id") == "id_text"
    start = page.evaluate("document.activeElement.selectionStart")
    assert box(page).input_value()[start:].startswith("missing")


def test_line_numbers_follow_the_text(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill("\n".join(f"# {number}" for number in range(200)))
    assert page.locator(".gutter").text_content().split()[-1] == "200"
    box(page).evaluate("element => { element.scrollTop = 1000; }")
    wait_until(page, "document.querySelector('.gutter').scrollTop === document.getElementById('id_text').scrollTop")


def test_words_are_chosen_by_a_press(staff: Visit) -> None:
    page = staff.open(EDIT)
    page.get_by_text("Known platforms").click()
    page.get_by_role("button", name="Linux", exact=True).click()
    page.get_by_role("button", name="macOS", exact=True).click()
    assert field(page, "Platforms").input_value() == "Linux, macOS"
    page.get_by_role("button", name="Linux", exact=True).click()
    assert field(page, "Platforms").input_value() == "macOS"
    assert page.get_by_role("button", name="macOS", exact=True).get_attribute("aria-pressed") == "true"


def test_by_keyboard_alone(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("# by keyboard\n")
    page.keyboard.press("Tab")  # leaves the box: no trap
    assert page.evaluate("document.activeElement.id") != "id_text"
    field(page, "Reason").focus()
    page.keyboard.type("Only keys.")
    page.keyboard.press("Enter")
    page.get_by_text("Saved as version").wait_for()
    assert rule().text.text.endswith("# by keyboard\n")
    assert staff.said == []


def test_who_saves_second_sees_both_and_saves_over(staff: Visit) -> None:
    page = staff.open(EDIT)
    row = rule()
    ben = User.objects.create_user("ben")
    save_rule(row, Edit(FIRST.replace("tool.exe", "bens.exe"), NOTHING, "Mine.", row.version), ben)
    box(page).fill(FIRST.replace("tool.exe", "adas.exe"))
    field(page, "Reason").fill("Mine too.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("ben changed this rule while you were editing").wait_for()
    assert page.locator(".difference del").first.text_content() == "bens"
    assert page.locator(".difference ins").first.text_content() == "adas"
    assert "adas.exe" in box(page).input_value()
    assert violations(page) == []
    page.get_by_role("button", name="Save over version").click()
    page.get_by_text("Saved as version").wait_for()
    assert "adas.exe" in rule().text.text


def test_what_was_typed_comes_back_after_leaving(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill("title: half a thought")
    field(page, "Reason").fill("Because")
    page.goto(staff.address + RULE)
    page.goto(staff.address + EDIT)
    assert "half a thought" not in box(page).input_value()
    page.get_by_role("button", name="Bring it back").click()
    assert box(page).input_value() == "title: half a thought"
    assert field(page, "Reason").input_value() == "Because"
    page.get_by_text("draft only").wait_for()


def test_what_was_saved_is_not_offered_again(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill(FIRST.replace("tool.exe", "adas.exe"))
    field(page, "Reason").fill("Mine.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as version").wait_for()
    page.goto(staff.address + EDIT)
    expect(page.locator("#typed-before")).to_be_hidden()


@pytest.mark.parametrize("staff", [{}, {"java_script_enabled": False}], indirect=True, ids=["scripts", "no scripts"])
def test_a_session_that_is_over_loses_nothing(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill(FIRST.replace("tool.exe", "late.exe"))
    field(page, "Reason").fill("Late.")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Nothing is lost").wait_for()
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_text("What you typed before you signed in again stands below.").wait_for()
    assert "late.exe" in box(page).input_value()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as version").wait_for()
    assert "late.exe" in rule().text.text


def test_signing_in_again_in_another_tab_lets_the_first_one_save(staff: Visit) -> None:
    page = staff.open(EDIT)
    box(page).fill(FIRST.replace("tool.exe", "tabs.exe"))
    field(page, "Reason").fill("Two tabs.")
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    sign_in(other, staff.address + EDIT)
    other.close()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as version").wait_for()
    assert "tabs.exe" in rule().text.text


@pytest.mark.parametrize("staff", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_all_is_there(staff: Visit) -> None:
    page = staff.open(EDIT)
    expect(page.locator(".gutter")).to_be_hidden()
    expect(page.locator("#typed-before")).to_be_hidden()
    box(page).fill(FIRST.replace("condition: selection and not", "condition: selection and and"))
    page.get_by_role("button", name="Preview").click()
    assert "draft only" in page.locator("#preview").inner_text()
    assert "selection and and" in box(page).input_value()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("The draft is kept.")).to_have_count(1)
    draft = RuleDraft.objects.get()
    page.get_by_role("link", name="First").click()
    assert page.url.endswith(f"{EDIT}?draft={draft.pk}")
    box(page).fill(FIRST.replace("tool.exe", "plain.exe"))
    field(page, "Reason").fill("Without scripts.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version")).to_have_count(1)


def test_many_rules_are_retired_in_the_admin(staff: Visit) -> None:
    page = staff.open("/admin/detections/rule/")
    page.get_by_role("checkbox").first.check()
    page.locator("select[name=action]").select_option("retire")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("2 rules chosen.").wait_for()
    assert violations(page) == []
    page.get_by_label("Reason").fill("Nobody needs them.")
    page.get_by_role("button", name="Retire rules").click()
    page.get_by_text("2 rules retired.").wait_for()
    assert not Rule.objects.live().exists()
    assert staff.said == []
