"""Settings of a product of its own, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.processes import postgresql_database

POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.xdist_group("services")])


@pytest.fixture(params=["sqlite", POSTGRESQL])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a product with an empty database, which no migration has seen yet."""
    with ExitStack() as stack:
        address = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
        if request.param == "postgresql":
            address = stack.enter_context(postgresql_database())
        yield {"FIELDGUIDE_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": "", "DATABASE_URL": address}
