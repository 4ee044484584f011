"""Run records: what the long jobs did."""

from django.contrib import admin

from catalog.admin.readonly import ReadOnlyAdmin
from detections.models import Run, RunChunk


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "state", "source", "done", "total", "created_at", "duration", "requested_by"]
    list_filter = ["kind", "state", "source"]
    list_select_related = ["source", "requested_by"]
    search_fields = ["message", "host"]
    date_hierarchy = "created_at"


@admin.register(RunChunk)
class RunChunkAdmin(ReadOnlyAdmin):
    list_display = ["run", "number", "state", "attempts", "heartbeat"]
    list_filter = ["state", "run__source"]
    list_select_related = ["run"]
    search_fields = ["message"]
