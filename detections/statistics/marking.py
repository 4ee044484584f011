"""Indicators marked again, when what decides their marks has changed since they were written."""

from __future__ import annotations

from django.db import connection, transaction

from detections.models import Generation, Indicator
from detections.normalization.marks import marks_digest, marks_of
from detections.statistics.locks import lock_exclusive
from detections.statistics.retrying import retried


def follow_marks() -> int:
    """How many indicators got other marks. Nothing is read where they are marked by the tables in force."""
    return 0 if Generation.objects.current().marked_with == marks_digest() else _marked()


@retried
@transaction.atomic
def _marked() -> int:
    lock_exclusive()
    rows = Indicator.objects.values_list("key", "field", "operator", "value", "wild", "program", "satisfiable")
    changed = [
        (*marks, key)
        for key, field, operator, value, wild, *before in rows
        if (marks := marks_of(field, operator, value, wild=wild)) != tuple(before)
    ]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE detections_indicator SET program = %s, satisfiable = %s WHERE key = %s", changed)
    Generation.objects.update_or_create(pk=1, defaults={"marked_with": marks_digest()})
    if changed:
        Generation.objects.bump()
    return len(changed)
