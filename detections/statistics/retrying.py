"""A change that loses to another one is done again as a whole."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

# PostgreSQL's words for "two changes met, yours was undone": https://www.postgresql.org/docs/current/errcodes-appendix
_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_ATTEMPTS = 6
_FIRST_PAUSE = 0.05  # seconds; doubled each time, with chance in it, lest the same two meet again

P = ParamSpec("P")
R = TypeVar("R")


def retried(change: Callable[P, R]) -> Callable[P, R]:
    """A function that opens its own transaction, called again when PostgreSQL undid it in favour of another.

    It must be the whole change: what it has done before in Python is done again. Inside a transaction that somebody
    else has opened it is called once, since only the whole can be repeated; decorate the outer function then.
    """

    @wraps(change)
    def attempts(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return change(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not lost_to_another(error):
                    raise
            time.sleep(_FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 no secret
        return change(*args, **kwargs)

    return attempts


def lost_to_another(error: BaseException) -> bool:
    """Whether the database undid the transaction because of another one, so that the same again may succeed."""
    return getattr(error.__cause__, "sqlstate", None) in (_SERIALIZATION_FAILURE, _DEADLOCK)
