"""The full recomputation of reach, with set-based SQL: after a first load, nightly, and whenever asked for."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from detections.models import Generation, Indicator, Rule
from detections.statistics.locks import lock_exclusive

_COUNTS = """
SELECT u.indicator_id AS key,
       SUM(CASE WHEN u.excluded THEN 0 ELSE 1 END) AS reach,
       SUM(CASE WHEN u.excluded THEN 1 ELSE 0 END) AS excluded_reach,
       SUM(CASE WHEN u.excluded OR NOT s.public THEN 0 ELSE 1 END) AS public_reach,
       SUM(CASE WHEN u.excluded AND s.public THEN 1 ELSE 0 END) AS public_excluded_reach
FROM detections_ruleindicator u
JOIN detections_rule r ON r.id = u.rule_id
JOIN detections_source s ON s.id = r.source_id
WHERE u.counted AND r.live
GROUP BY u.indicator_id
"""
_DIFFERS = """
(i.reach <> c.reach OR i.excluded_reach <> c.excluded_reach
 OR i.public_reach <> c.public_reach OR i.public_excluded_reach <> c.public_excluded_reach)
"""
_UPDATE = f"""
UPDATE detections_indicator AS i SET
    reach = c.reach, excluded_reach = c.excluded_reach,
    public_reach = c.public_reach, public_excluded_reach = c.public_excluded_reach
FROM ({_COUNTS}) AS c
WHERE c.key = i.key AND {_DIFFERS}
"""
_ZERO = """
UPDATE detections_indicator SET reach = 0, excluded_reach = 0, public_reach = 0, public_excluded_reach = 0
WHERE (reach <> 0 OR excluded_reach <> 0 OR public_reach <> 0 OR public_excluded_reach <> 0)
  AND NOT EXISTS (
    SELECT 1 FROM detections_ruleindicator u JOIN detections_rule r ON r.id = u.rule_id
    WHERE u.indicator_id = detections_indicator.key AND u.counted AND r.live)
"""
_PURGE = """
DELETE FROM detections_indicator
WHERE NOT EXISTS (SELECT 1 FROM detections_ruleindicator u WHERE u.indicator_id = detections_indicator.key)
"""


@dataclass(frozen=True, slots=True)
class Recomputation:
    """`indicators` in the catalog, `mended` whose stored reach was wrong, `purged` that no rule uses any more."""

    indicators: int
    mended: int
    purged: int


@transaction.atomic
def recompute() -> Recomputation:
    """Mark copies, count every reach anew, drop indicators that nothing uses. In one transaction, alone."""
    lock_exclusive()
    Rule.objects.mark_copies()
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE)
        mended = cursor.rowcount
        cursor.execute(_ZERO)
        mended += cursor.rowcount
        cursor.execute(_PURGE)
        purged = cursor.rowcount
    Generation.objects.bump(counts_stale=False)
    return Recomputation(Indicator.objects.count(), mended, purged)
