"""The one way to begin a long job: on the queue where there is one, in a process of its own elsewhere."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings
from django.db import transaction

from detections.models import Run
from detections.tasks import TASKS


def start(run: Run) -> None:
    """Begin a queued run once the current transaction is committed. Returns at once."""
    transaction.on_commit(lambda: _start(run))


def _start(run: Run) -> None:
    if settings.REDIS_URL:
        TASKS[Run.Kind(run.kind)].delay(run.pk)
        return
    subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "run", str(run.pk)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
