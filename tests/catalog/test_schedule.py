"""What beat starts when: times out of the environment, and that each name is a task."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from catalog import environment
from catalog.celery import app
from detections.models import Run, Source
from detections.tasks import purge, recompute_reach, sync_sources, watch_runs


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("", crontab(hour=2, minute=0)),
        ("23:59", crontab(hour=23, minute=59)),
        ("7:05", crontab(hour=7, minute=5)),
        ("Sunday 04:30", crontab(hour=4, minute=30, day_of_week=0)),
        ("saturday 0:00", crontab(hour=0, minute=0, day_of_week=6)),
        ("off", None),
    ],
)
def test_a_time_is_read(monkeypatch: pytest.MonkeyPatch, written: str, wanted: crontab | None) -> None:
    monkeypatch.setenv("SYNC_AT", written)
    assert environment.nightly("SYNC_AT", "02:00") == wanted


@pytest.mark.parametrize(
    "written", ["24:00", "02:60", "2", "02:00:00", "someday 02:00", "sunday", "02.00", "-1:00", "²:00"]
)
def test_what_is_no_time_stops_the_start(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("SYNC_AT", written)
    with pytest.raises(ImproperlyConfigured, match="SYNC_AT"):
        environment.nightly("SYNC_AT", "02:00")


def test_beat_names_tasks_that_are_there(settings: Any) -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named == {task.name for task in (watch_runs, sync_sources, recompute_reach, purge)}
    assert named <= set(app.tasks)


@pytest.mark.django_db
def test_each_night_syncs_what_names_its_repository(django_capture_on_commit_callbacks: Any, settings: Any) -> None:
    if settings.REDIS_URL:
        pytest.skip("REDIS_URL is set: tasks go to a worker.")
    Source.objects.create(slug="fetched", vendor="sigma", name="Fetched", clone_url="https://127.0.0.1:1/rules.git")
    Source.objects.create(slug="written", vendor="sigma", name="Written by hand", location="/nowhere")
    with django_capture_on_commit_callbacks(execute=True):
        sync_sources.delay()
    run = Run.objects.get()
    assert (run.source.slug, run.state) == ("fetched", "failed")
    assert "127.0.0.1" in run.message


@pytest.mark.django_db
def test_nightly_jobs_leave_alone_what_is_under_way(django_capture_on_commit_callbacks: Any, settings: Any) -> None:
    if settings.REDIS_URL:
        pytest.skip("REDIS_URL is set: tasks go to a worker.")
    busy = Run.objects.create(kind=Run.Kind.RECOMPUTE)
    for task in (recompute_reach, purge):
        with django_capture_on_commit_callbacks(execute=True):
            task.delay()
    assert dict(Run.objects.values_list("kind", "state")) == {"recompute": "queued", "purge": "succeeded"}
    Run.objects.filter(pk=busy.pk).update(created_at=timezone.now() - timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        recompute_reach.delay()
    assert list(Run.objects.filter(kind="recompute").values_list("state", flat=True)) == ["succeeded", "failed"]
