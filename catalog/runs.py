"""The one way to begin a long job: on the queue where there is one, in a process of its own elsewhere."""

from __future__ import annotations

import subprocess
import sys
from threading import Thread

from django.conf import settings
from django.db import transaction

from detections.models import Run
from detections.tasks import queue


def start(run: Run) -> None:
    """Begin a queued run once the current transaction is committed. Returns at once."""
    if settings.REDIS_URL:
        queue(run)
    else:
        transaction.on_commit(lambda: _start_process(run))


def _start_process(run: Run) -> None:
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "run", str(run.pk)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Somebody has to ask how it ended, or a killed one would stay in the table of processes and look alive.
    Thread(target=process.wait, daemon=True).start()
