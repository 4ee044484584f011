"""The Celery app. Without REDIS_URL nothing is queued: `catalog.runs.start` starts a process for a long job."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")

app = Celery("fieldguide")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["detections"])
