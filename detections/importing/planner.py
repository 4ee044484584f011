"""What a database's planner knows of the tables after very many rows came at once."""

from __future__ import annotations

from django.apps import apps
from django.db import connection


def look_at_tables() -> None:
    """Have PostgreSQL look at the catalog's tables now. Until its autovacuum comes, a minute later, it plans for what
    they held before a first load: for nothing. SQLite keeps no such figures of its own."""
    if connection.vendor != "postgresql":
        return
    tables = (model._meta.db_table for model in apps.get_app_config("detections").get_models())
    names = ", ".join(map(connection.ops.quote_name, sorted(tables)))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
