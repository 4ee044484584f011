"""The runs pages in a real browser: how far a run is changes in place, and without a script on the next visit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from detections.models import Run, Source
from tests.browser.conftest import Visit
from tests.browser.sound import PHONE, unsound
from tests.browser.test_pages import NO_SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def under_way(visit: Visit) -> Run:
    source = Source.objects.get(slug="elastic")
    now = timezone.now()
    Run.objects.create(
        kind="sync_source", source=source, state="failed", done=200, total=450, started_at=now, finished_at=now
    )
    return Run.objects.create(
        kind="sync_source", source=source, state="running", done=200, total=450, heartbeat=now,
        started_at=now - timedelta(seconds=75), counts={"files": 450, "unchanged": 0},
    )  # fmt: skip


def test_progress_moves_in_place_until_the_end(visit: Visit, under_way: Run) -> None:
    page = visit.open(f"/runs/{under_way.pk}/")
    page.get_by_text("200 of 450").wait_for()
    Run.objects.update(done=400)
    page.get_by_text("400 of 450").wait_for()
    Run.objects.filter(pk=under_way.pk).update(state="succeeded", finished_at=timezone.now())
    page.locator(".state", has_text="succeeded").wait_for()
    expect(page.locator("[hx-trigger]")).to_have_count(0)
    assert visit.said == []


def test_the_list_moves_too(visit: Visit, under_way: Run) -> None:
    page = visit.open("/runs/")
    page.get_by_text("200 of 450").first.wait_for()
    Run.objects.filter(pk=under_way.pk).update(state="cancelled", finished_at=timezone.now())
    page.locator(".state", has_text="cancelled").wait_for()
    assert visit.said == []


@NO_SCRIPT
def test_without_a_script_a_link_reloads(visit: Visit, under_way: Run) -> None:
    page = visit.open(f"/runs/{under_way.pk}/")
    Run.objects.update(done=400)
    page.get_by_role("link", name="Reload").click()
    expect(page.get_by_text("400 of 450")).to_have_count(1)


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_a_run_under_way_is_sound(visit: Visit, under_way: Run) -> None:
    for path in ("/runs/", f"/runs/{under_way.pk}/"):
        assert unsound(visit.open(path)) == [], path
