"""Prometheus metrics: requests as this site answers them, and the catalog's state at the moment of the question.

Requests are counted in each process. Where several answer (gunicorn), `catalog.serving` names a folder in which their
counts are brought together; the catalog's state comes from the database and needs no such thing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from redis import RedisError

from catalog import broker, heartbeat
from detections.guide.operations import CatalogState, catalog_state

__all__ = ["CONTENT_TYPE", "exposition", "observe"]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

logger = logging.getLogger(__name__)

_requests = CollectorRegistry()
_ANSWERED = Counter("fieldguide_requests", "Requests answered.", ("view", "method", "status"), registry=_requests)
_SECONDS = Histogram(
    "fieldguide_request_duration_seconds", "Seconds until the answer was ready.", ("view", "method"),
    buckets=BUCKETS, registry=_requests,
)  # fmt: skip


def observe(view: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request. Anybody can invent methods, so those beyond HTTP's own are one."""
    method = method if method in METHODS else "other"
    _ANSWERED.labels(view, method, str(status)).inc()
    _SECONDS.labels(view, method).observe(seconds)


def exposition() -> bytes:
    """All metrics in Prometheus's text format."""
    state = CollectorRegistry()
    state.register(_State())
    if FOLDER in os.environ:
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)
        return generate_latest(together) + generate_latest(state)
    return generate_latest(_requests) + generate_latest(state)


class _State:
    """The catalog and the queue at the moment of the question. What does not answer is left out, and told."""

    def collect(self) -> Iterator[Metric]:
        try:
            state = catalog_state()
        except DatabaseError as error:
            logger.warning("Metrics: the database fails: %s: %s", type(error).__name__, error)
            yield _gauge("database_up", "Whether the database answers.", 0)
        else:
            yield _gauge("database_up", "Whether the database answers.", 1)
            yield from _of_catalog(state)
        if settings.REDIS_URL:
            yield from _of_queue()


def _of_catalog(state: CatalogState) -> Iterator[Metric]:
    yield _gauge("catalog_generation", "Number that grows with every change of the catalog.", state.generation)
    yield _gauge("catalog_counts_stale", "Whether a first load waits for its counts.", int(state.counts_stale))
    rules = _gauge("rules", "Live rules of public sources.", labels=("source", "parse"))
    synced = _gauge("source_synced_timestamp_seconds", "Last successful sync of a public source.", labels=("source",))
    for row in state.sources:
        for parse, number in row.parsed.items():
            rules.add_metric((row.source.slug, parse), number)
        if row.source.synced_at:
            synced.add_metric((row.source.slug,), row.source.synced_at.timestamp())
    runs = _gauge("runs", "Run records.", labels=("kind", "state"))
    for kind, name, number in state.runs:
        runs.add_metric((kind, name), number)
    yield from (rules, synced, runs)
    if state.drift is not None:
        yield _gauge("reach_drift", "Indicators whose reach the last recomputation had to mend.", state.drift)
    if state.recomputed_at is not None:
        yield _moment("reach_recomputed_timestamp_seconds", "Last full recomputation of reach.", state.recomputed_at)


def _of_queue() -> Iterator[Metric]:
    try:
        yield _gauge("queue_length", "Tasks that wait for a worker.", broker.queue_length())
        yield _gauge("broker_up", "Whether the broker answers.", 1)
    except RedisError as error:
        logger.warning("Metrics: the broker fails: %s: %s", type(error).__name__, error)
        yield _gauge("broker_up", "Whether the broker answers.", 0)
    yield _gauge("worker_up", "Whether a worker was heard of lately.", int(heartbeat.heard_at() is not None))


def _gauge(name: str, said: str, value: float | None = None, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"fieldguide_{name}", said, value=value, labels=labels or None)


def _moment(name: str, said: str, moment: datetime) -> GaugeMetricFamily:
    return _gauge(name, said, moment.timestamp())
