"""Whether the site lives and is ready: what is asked, what is said to everybody, and what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from catalog import heartbeat

ROOT = Path(__file__).resolve().parents[2]
KEEPING = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "health"}}
_ASK = """
import django
django.setup()
from django.test import Client
answer = Client().get("/readyz")
print(answer.status_code, answer.content.decode())
"""


@pytest.fixture
def one_process(settings) -> None:
    """The embedded default: no broker, a cache that keeps what it is given."""
    settings.REDIS_URL = ""
    settings.CACHES = KEEPING


def test_a_process_lives_without_a_database(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "anything.example"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_site_that_can_do_its_work_is_ready(client: Client, one_process: None) -> None:
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert list(checks) == ["database", "migrations", "cache", "broker", "worker"]
    assert "not used" in checks["broker"]["said"]
    assert "not used" in checks["worker"]["said"]


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_told(client: Client, one_process: None) -> None:
    MigrationRecorder(connection).record_unapplied("detections", "0001_initial")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    told = {name: check for name, check in answer.json()["checks"].items() if not check["ok"]}
    assert told == {"migrations": {"ok": False, "said": "1 migration is not applied; run manage.py migrate"}}


@pytest.mark.django_db
def test_a_cache_that_forgets_is_told(client: Client, one_process: None, settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if not check["ok"]] == ["cache"]


@pytest.mark.django_db
def test_a_worker_counts_while_it_is_heard_of(client: Client, settings) -> None:
    settings.CACHES = KEEPING
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    cache.delete(heartbeat._key())
    assert client.get("/readyz").json()["checks"]["worker"]["ok"] is False
    heartbeat.beat()
    assert client.get("/readyz").json()["checks"]["worker"] == {"ok": True, "said": "heard of 0 seconds ago"}


def test_what_does_not_answer_is_told_without_addresses_or_passwords() -> None:
    env = {
        "DJANGO_SETTINGS_MODULE": "catalog.settings",
        "DATABASE_URL": "postgres://somebody:hidden-one@127.0.0.1:1/secretname",
        "REDIS_URL": "redis://:hidden-two@127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False
    )
    status, _, body = done.stdout.strip().splitlines()[-1].partition(" ")
    said = {name: check["said"] for name, check in json.loads(body)["checks"].items()}
    assert status == "503"
    assert (said["database"], said["migrations"], said["broker"]) == ("does not answer",) * 3
    assert "no worker was heard of" in said["worker"]
    assert "hidden" not in done.stdout + done.stderr
    assert "secretname" not in done.stdout


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_need_no_host_no_https_and_no_session(client: Client, one_process: None, settings, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["fieldguide.example.org"]
    answer = client.get(address, headers={"host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert client.get("/rules/", headers={"host": "fieldguide.example.org"}).status_code == 301
    assert client.post(address).status_code == 405
