"""The forms in which a whole table can be asked for, beside JSON by pages."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer


class TableRenderer(BaseRenderer):
    """A form of a whole table: its view streams it (`catalog.exports.tables`)."""

    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, context: Any = None) -> bytes:
        raise NotImplementedError("A table is streamed by its view.")


class CsvRenderer(TableRenderer):
    media_type = "text/csv"
    format = "csv"


class NdjsonRenderer(TableRenderer):
    media_type = "application/x-ndjson"
    format = "ndjson"
