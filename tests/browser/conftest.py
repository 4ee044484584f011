"""A Chromium that opens the site as a reader would; skipped with the reason where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chromium import launched
from tests.pages import rows

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop runs in the test's thread


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


class Visit:
    """A page of the site in a browser, with everything that its console said."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.said: list[str] = []
        page.on("console", lambda message: message.type in ("error", "warning") and self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, path: str) -> Any:
        response = self.page.goto(f"{self.address}{path}")
        assert response.status == 200, path
        return self.page


@pytest.fixture
def visit(chromium: Any, live_server: Any, transactional_db: None, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A fresh browser context on the small catalog. Indirect parameters are those of the context."""
    rows.snapshot_catalog()
    context = chromium.new_context(**getattr(request, "param", {}))
    context.set_default_timeout(10_000)
    yield Visit(context.new_page(), live_server.url)
    context.close()
