"""The full recomputation of reach, with set-based SQL: after a first load, nightly, and whenever asked for.

Changes count themselves, so a recomputation has nothing to mend. What it mends all the same is drift: told in the
run's counts, logged as an error, mended in the same transaction.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from detections.models import Generation, Indicator, Rule, Run
from detections.statistics.locks import lock_exclusive
from detections.statistics.marking import follow_marks
from detections.statistics.retrying import retried

log = logging.getLogger(__name__)

_REACHES = ("reach", "excluded_reach", "public_reach", "public_excluded_reach")
# Every indicator whose stored reach is not the true one, with both. No join of the two: sorted once, by key.
_WRONG = f"""
SELECT key, {", ".join(f"SUM(stored_{name}) AS stored_{name}, SUM({name}) AS {name}" for name in _REACHES)}
FROM (
    SELECT key, {", ".join(f"{name} AS stored_{name}, 0 AS {name}" for name in _REACHES)} FROM detections_indicator
    UNION ALL
    SELECT u.indicator_id, 0, CASE WHEN u.excluded THEN 0 ELSE 1 END, 0, CASE WHEN u.excluded THEN 1 ELSE 0 END,
           0, CASE WHEN s.public AND NOT u.excluded THEN 1 ELSE 0 END,
           0, CASE WHEN s.public AND u.excluded THEN 1 ELSE 0 END
    FROM detections_rule r
    JOIN detections_source s ON s.id = r.source_id
    JOIN detections_ruleindicator u ON u.rule_id = r.id
    WHERE r.live AND u.counted
) AS both_counts
GROUP BY key HAVING {" OR ".join(f"SUM(stored_{name}) <> SUM({name})" for name in _REACHES)}
"""
_DRIFT = f"""
SELECT w.*, SUM({" + ".join(f"ABS(stored_{name} - {name})" for name in _REACHES)}) OVER ()
FROM ({_WRONG}) AS w ORDER BY key LIMIT 20
"""
_MEND = f"""
UPDATE detections_indicator SET {", ".join(f"{name} = w.{name}" for name in _REACHES)}
FROM ({_WRONG}) AS w WHERE w.key = detections_indicator.key
"""
_UNUSED = """
FROM detections_indicator
WHERE NOT EXISTS (SELECT 1 FROM detections_ruleindicator u WHERE u.indicator_id = detections_indicator.key)
"""


@dataclass(frozen=True, slots=True)
class Recomputation:
    """`indicators` in the catalog, `mended` whose stored reach was wrong, `purged` that no rule uses any more.

    `copies` are rules that were wrongly marked as a copy or as none. `drift` is `mended` and `copies` together where
    nothing explains them, else 0; then `difference` is by how many rules the reaches were off in all, and `wrong` the
    first twenty: {"key", "stored", "true"}, each with reach, excluded, public and public excluded reach.
    """

    indicators: int
    mended: int
    purged: int
    copies: int = 0
    drift: int = 0
    difference: int = 0
    wrong: tuple[dict[str, Any], ...] = ()


def recompute(*, expected: bool = False) -> Recomputation:
    """Mark copies, count every reach anew, drop indicators that nothing uses; mark indicators by changed tables.

    It looks first, without a lock, and changes wait only when there is something to mend: since a change stores its
    rows together with their difference, what one statement sees is right at any time. Mended is in one transaction,
    alone. `expected` says that the caller has changed what counts without counting (a source made public); so has a
    first load that left the counts stale. Then what is mended is no drift.
    """
    follow_marks()
    if expected or Generation.objects.current().counts_stale or _is_wrong():
        return _mended(expected)
    purged = _purged() if _any(f"SELECT key {_UNUSED} LIMIT 1") else 0
    return Recomputation(Indicator.objects.count(), 0, purged)


def _is_wrong() -> bool:
    return _any(f"{_WRONG} LIMIT 1") or any(Rule.objects.all().wrongly_marked().values())


@retried
@transaction.atomic
def _purged() -> int:
    """How many indicators that nothing uses were dropped."""
    lock_exclusive()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE {_UNUSED}")
        purged = int(cursor.rowcount)
    Generation.objects.bump()
    return purged


@retried
@transaction.atomic
def _mended(expected: bool) -> Recomputation:
    lock_exclusive()
    expected = expected or Generation.objects.current().counts_stale
    copies = len(Rule.objects.mark_copies())
    with connection.cursor() as cursor:
        wrong, difference = ((), 0) if expected else _drift(cursor)
        cursor.execute(_MEND)
        mended = cursor.rowcount
        cursor.execute(f"DELETE {_UNUSED}")
        purged = cursor.rowcount
    Generation.objects.bump(counts_stale=False)
    drift = 0 if expected else mended + copies
    if drift:
        log.error(
            "Drift, mended now: %d indicators were off by %d rules in all, %d rules wrongly marked as copies or as "
            "none. The first indicators, stored and true reach, excluded, public and public excluded: %s.",
            mended, difference, copies, "; ".join(f"{row['key']} {row['stored']} {row['true']}" for row in wrong),
        )  # fmt: skip
    return Recomputation(Indicator.objects.count(), mended, purged, copies, drift, difference, wrong)


def last_drift() -> int:
    """The drift that the last finished recomputation found and mended; 0 when there was none. For pages and alerts."""
    runs = Run.objects.filter(kind=Run.Kind.RECOMPUTE, state=Run.State.SUCCEEDED).order_by("-id")
    counts = runs.values_list("counts", flat=True).first() or {}
    return int(counts.get("drift", 0))


def _any(sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() is not None


def _drift(cursor: Any) -> tuple[tuple[dict[str, Any], ...], int]:
    """The first indicators with a wrong reach, and by how many rules all of them are off."""
    cursor.execute(_DRIFT)
    rows = cursor.fetchall()
    wrong = tuple({"key": row[0], "stored": list(row[1:8:2]), "true": list(row[2:9:2])} for row in rows)
    return wrong, int(rows[0][9]) if rows else 0
