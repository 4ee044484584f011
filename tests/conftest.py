"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase

from tests.lacking import lacking

DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "Only the tests that touch a database or a service (make test-services)."
    parser.addoption("--touching-database", action="store_true", help=said)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--touching-database"):
        left_out = [item for item in items if not _touches_database(item)]
        items[:] = [item for item in items if _touches_database(item)]
        config.hook.pytest_deselected(items=left_out)


def _touches_database(item: pytest.Item) -> bool:
    marked = any(item.get_closest_marker(name) for name in ("django_db", "services"))
    of_django = isinstance(item, pytest.Function) and issubclass(item.cls or object, TransactionTestCase)
    return marked or of_django or not DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora and labels that FIELDGUIDE_CORPORA names; without it the test is skipped.

    It is required only where it is named: a machine without the corpora is no fault.
    """
    named = os.environ.get("FIELDGUIDE_CORPORA")
    if not named:
        pytest.skip("FIELDGUIDE_CORPORA names no folder of corpora and labels.")
    folder = Path(named)
    if not folder.is_dir():
        lacking(f"FIELDGUIDE_CORPORA={named} is no folder.")
    return folder


@pytest.fixture(autouse=True)
def _nothing_kept(settings: Any) -> None:
    """Tests change rows without a new generation, so no answer of one may serve another."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """The hash that makes guessing passwords slow makes tests with accounts slow, too."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def embedded(settings: Any) -> None:
    """The site without a broker, also where the tests run with one."""
    settings.REDIS_URL = ""
    settings.CELERY_TASK_ALWAYS_EAGER = True
