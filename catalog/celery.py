"""The Celery app. Without REDIS_URL nothing is queued: `catalog.runs.start` starts a process for a long job."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.app.log import Logging
from celery.contrib.django.task import DjangoTask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")


class WorkerLogging(Logging):
    """Workers log as the site does, by LOG_FORMAT and LOG_LEVEL alone."""

    def setup_logging_subsystem(self, *args: Any, **options: Any) -> list[object]:
        from django.conf import settings

        logging.config.dictConfig(settings.LOGGING)
        return [self]  # Celery asks whether somebody took care of it


class TracedTask(DjangoTask):
    """A task whose message carries the id of the request that queued it, through every task that it queues itself."""

    def apply_async(self, *args: Any, headers: dict[str, Any] | None = None, **options: Any) -> Any:
        from catalog.logs import current_request_id

        known = {"request_id": current_request_id()}
        return super().apply_async(*args, headers=known | (headers or {}), **options)


app = Celery("fieldguide", task_cls=TracedTask, log=WorkerLogging)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["detections"])
app.steps["worker"].add("catalog.heartbeat:Heartbeat")
