"""Metrics: who may read them, what they count, and that nothing private is named."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from detections.importing.runs import perform, request_recomputation
from detections.models import Generation, Run, Source
from tests.pages import rows


def samples(client: Client, **headers: str) -> dict[str, float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.content
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.mark.django_db
def test_metrics_are_for_this_machine_alone(client: Client, settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 403
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={name: "10.1.2.3"}).status_code == 403


@pytest.mark.django_db
def test_a_token_opens_metrics_from_anywhere_and_nothing_else_does(client: Client, settings) -> None:
    settings.METRICS_TOKEN = "a-long-word"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer ä"}).status_code == 401
    right = {"authorization": "Bearer a-long-word", "X-Forwarded-For": "10.1.2.3"}
    answer = client.get("/metrics", headers=right, REMOTE_ADDR="10.1.2.3")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_requests_are_counted_by_page_method_and_status(client: Client) -> None:
    rows.snapshot_catalog()
    name = 'fieldguide_requests_total{method="GET",status="200",view="rule-list"}'
    before = samples(client)
    client.get("/rules/?q=one")
    client.get("/rules/?q=two")
    client.get("/nowhere/at/all/")
    client.generic("BREW", "/rules/")
    after = samples(client)
    assert after[name] - before.get(name, 0) == 2
    lasted = 'fieldguide_request_duration_seconds_count{method="GET",view="rule-list"}'
    assert after[lasted] - before.get(lasted, 0) == 2
    assert any(re.search(r'method="GET",status="404",view="none"', sample) for sample in after)
    assert any('method="other"' in sample for sample in after)
    assert not any("BREW" in sample or "nowhere" in sample for sample in after)


@pytest.mark.django_db
def test_an_answer_out_of_the_cache_counts_for_its_page(client: Client, settings) -> None:
    snapshot = rows.snapshot_catalog()
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "metrics"}}
    name = 'fieldguide_requests_total{method="GET",status="200",view="technique-detail"}'
    before = samples(client).get(name, 0)
    for _ in range(3):
        client.get(f"/techniques/{snapshot.attack_id}/")
    assert samples(client)[name] - before == 3


@pytest.mark.django_db
def test_the_state_of_the_catalog_names_public_sources_alone(client: Client) -> None:
    technique = rows.technique("T1001", "One")
    rows.rule("One", [technique], at=rows.source("sigma"))
    rows.rule("Two", [technique], at=rows.source("sigma"), parse="partial")
    rows.rule("Hidden", [technique], at=rows.source("quiet-team", public=False))
    synced = datetime(2026, 1, 2, tzinfo=UTC)
    Source.objects.update(synced_at=synced)
    perform(request_recomputation())
    Run.objects.create(kind=Run.Kind.SYNC_SOURCE, state=Run.State.FAILED, source=Source.objects.get(slug="quiet-team"))
    told = samples(client)
    assert told['fieldguide_rules{parse="full",source="sigma"}'] == 1
    assert told['fieldguide_rules{parse="partial",source="sigma"}'] == 1
    assert told['fieldguide_source_synced_timestamp_seconds{source="sigma"}'] == synced.timestamp()
    assert told['fieldguide_runs{kind="recompute",state="succeeded"}'] == 1
    assert told['fieldguide_runs{kind="sync_source",state="failed"}'] == 1
    assert told["fieldguide_reach_drift"] == 0
    assert told["fieldguide_catalog_generation"] == Generation.objects.current().number
    assert told["fieldguide_database_up"] == 1
    assert "quiet-team" not in json.dumps(told)
