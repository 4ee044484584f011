"""Production: what it must have, what it refuses, and that Django's own checks have nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "u7Zq-3kfV0nTj5yXw9LbR2cHsA8dGmE1pQoKiW4vNzBtYxJhUg6FrD"
_SET_BY_TESTS = {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DJANGO_ALLOW_ASYNC_UNSAFE"}  # the last by the browser tests
SAFE = {"FIELDGUIDE_ENV": "production", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "fieldguide.example.org"}


def run(*command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in _SET_BY_TESTS}
    services = {"DATABASE_URL": "", "REDIS_URL": "", "FIELDGUIDE_DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=clean | services | env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set. Make one with:"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too simple."),
        ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY is too simple."),
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"FIELDGUIDE_ENV": "prod"}, "FIELDGUIDE_ENV='prod' is none of local, production."),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT='xml' is none of text, json."),
    ],
)
def test_an_unsafe_start_is_refused_with_a_message(change: dict[str, str], said: str, tmp_path: Path) -> None:
    done = run("manage.py", "check", folder=tmp_path, env=SAFE | change)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "secret_key").exists()


def test_the_web_process_refuses_with_the_same_message(tmp_path: Path) -> None:
    command = ("-m", "gunicorn", "--config", "python:catalog.serving", "--bind", "127.0.0.1:0", "catalog.wsgi")
    done = run(*command, folder=tmp_path, env=SAFE | {"SECRET_KEY": ""})
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_web_process_asks_for_collected_static_files(tmp_path: Path) -> None:
    done = run("-c", "import catalog.wsgi", folder=tmp_path, env=SAFE)
    assert done.returncode == 1
    assert "Run manage.py collectstatic first." in done.stderr


def test_a_safe_start_is_clean(tmp_path: Path) -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", folder=tmp_path, env=SAFE)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


def test_the_key_of_production_is_written_nowhere(tmp_path: Path) -> None:
    run("manage.py", "migrate", "--verbosity", "0", folder=tmp_path, env=SAFE)
    assert not (tmp_path / "secret_key").exists()


def test_on_ones_own_machine_a_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    assert run("manage.py", "check", folder=tmp_path, env={}).returncode == 0
    key = tmp_path / "secret_key"
    assert len(key.read_text()) >= 50
    assert key.stat().st_mode & 0o777 == 0o600
