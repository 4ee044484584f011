"""Changes run side by side; a full recomputation runs alone.

On PostgreSQL every change takes a shared advisory lock for its transaction and the recomputation the exclusive one.
SQLite has one writer at a time already.
"""

from django.db import connection

_KEY = 0x46474C44  # "FGLD"


def lock_shared() -> None:
    """Inside a transaction: let no recomputation run until it ends."""
    _lock("pg_advisory_xact_lock_shared")


def lock_exclusive() -> None:
    """Inside a transaction: let no change and no recomputation run until it ends."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_KEY])
