"""Gunicorn's settings: `gunicorn --config python:catalog.serving catalog.wsgi`. Its command line goes before them."""

from __future__ import annotations

import gc
import logging.config
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from catalog import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")

bind = "127.0.0.1:8000"
workers = environment.number("WEB_CONCURRENCY", 2)
threads = environment.number("WEB_THREADS", 4)
timeout = 120
limit_request_line = 8190  # bytes of an address with its filters, the most that gunicorn takes
control_socket_disable = True  # it would lie in the home folder, which may be read-only
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 gunicorn's sign of life, in memory

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class logger_class(Logger):  # noqa: N801 gunicorn's name for it
    """Gunicorn's own messages in the site's format. Requests have their line from `catalog.requests`."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logging.config.dictConfig(_settings().LOGGING)


def on_starting(server: Any) -> None:
    """A folder in which the workers' counts of requests are brought together, new with every start.

    The library looks at the variable when it is imported: in the workers, and here when the first of them is gone.
    """
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="fieldguide-metrics-")


def post_worker_init(worker: Any) -> None:
    """Load what the first request would, and keep the garbage collector off it: to look through the tables of names
    and every module again and again stops a request for a quarter of a second."""
    from django.urls import get_resolver

    from detections.normalization.catalogue import base_catalogue

    get_resolver().url_patterns  # noqa: B018 imports every page
    base_catalogue()
    gc.collect()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """A worker is gone; what it counted stays."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """The counts end with the processes that they are of."""
    shutil.rmtree(os.environ[_FOLDER], ignore_errors=True)


def _settings() -> Any:
    """The site's settings. What they refuse stops the start with a message instead of in every worker."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.INSTALLED_APPS  # noqa: B018 reads the settings
    except ImproperlyConfigured as error:
        sys.exit(f"Fieldguide cannot start. {error}")
    return settings
