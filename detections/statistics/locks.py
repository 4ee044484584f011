"""Changes run side by side; a full recomputation runs alone.

On PostgreSQL every change takes a shared advisory lock for its transaction and the recomputation the exclusive one.
A change takes what it needs in one order, so that two of them wait and do not block each other: the shared lock, the
addresses, the rules by key, the indicators by key, the generation. SQLite has one writer at a time already.
"""

from collections.abc import Iterable
from zlib import crc32

from django.db import connection

_KEY = 0x46474C44  # "FGLD"
_ADDRESSES = 0x46474C41  # "FGLA"


def lock_shared() -> None:
    """Inside a transaction: let no recomputation run until it ends."""
    _lock("pg_advisory_xact_lock_shared")


def lock_exclusive() -> None:
    """Inside a transaction: let no change and no recomputation run until it ends."""
    _lock("pg_advisory_xact_lock")


def lock_addresses(vendor: str, own_ids: Iterable[str]) -> None:
    """Inside a transaction, first of all: let no other change of rules with these ids in this format run until it ends.

    Whether a rule is a copy depends on rules of other sources with its id, also on one that is just being made, whose
    row nobody else can see or lock yet.
    """
    lock_shared()
    if connection.vendor == "postgresql":
        numbers = sorted({crc32(f"{vendor} {own_id}".encode()) - 2**31 for own_id in own_ids})
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, n) FROM unnest(%s::int[]) AS n", [_ADDRESSES, numbers])


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_KEY])
