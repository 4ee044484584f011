"""Rows that are sent by the thousand fail as those that are sent one by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from detections.models import Tactic
from detections.models.bulk import copy_in, insert_rows

_FIELDS = ("attack_id", "shortname", "name", "url", "position")


def _row(number: int) -> tuple[object, ...]:
    return (f"TA{number:04}", f"tactic-{number}", "A tactic", "", number)


@pytest.mark.django_db
def test_a_double_key_is_an_error_of_django_and_nothing_of_the_rows_is_stored() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Tactic, _FIELDS, [_row(1), _row(2), _row(1)])
    assert not Tactic.objects.exists()
    insert_rows(Tactic, _FIELDS, [_row(1), _row(2)])
    assert Tactic.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_lost_in_the_middle_is_an_error_that_is_tried_again() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("COPY is PostgreSQL's.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    other = connection.copy()

    def rows() -> Iterator[tuple[object, ...]]:
        yield _row(1)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        yield _row(2)

    statement = f"COPY {Tactic._meta.db_table} ({', '.join(_FIELDS)}) FROM STDIN"
    try:
        with pytest.raises(OperationalError):
            copy_in(connection, statement, rows())
    finally:
        other.close()
        connection.close()
    assert not Tactic.objects.exists()
