"""Waiting for what a page comes to, under a policy that lets no page evaluate text (Playwright's own wait does)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Error

TRIES, PAUSE = 200, 50  # ten seconds, in steps of 50 ms


def wait_until(page: Any, expression: str) -> None:
    """Until a JavaScript expression is true in the page, or in the one that it goes to meanwhile."""
    for _ in range(TRIES):
        try:
            if page.evaluate(expression):
                return
        except Error as error:
            if "Execution context was destroyed" not in str(error):
                raise
        page.wait_for_timeout(PAUSE)
    raise AssertionError(f"The page never came to: {expression}")
