"""The WSGI entry point."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog.settings")


def pooled(database: dict[str, Any], size: int) -> None:
    """Let the threads of this process share a pool of at most `size` connections to PostgreSQL.

    Only here, in a web process: commands and the children of a worker hold one connection each, and a pool that was
    open before a fork would serve several processes with the same connections.
    """
    if size and database["ENGINE"] == "django.db.backends.postgresql":
        database["CONN_MAX_AGE"] = 0  # a connection goes back to the pool after each request
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": size, "timeout": 10}


def demand_static_files(root: Path) -> None:
    """In production static files are collected once. Raises `ImproperlyConfigured` where they are not."""
    if settings.PRODUCTION and not (root / "staticfiles.json").exists():
        raise ImproperlyConfigured(f"There are no static files in {root}. Run manage.py collectstatic first.")


demand_static_files(settings.STATIC_ROOT)
pooled(settings.DATABASES["default"], settings.DATABASE_POOL)
application = get_wsgi_application()
