"""Long jobs in the API: the list, one to poll, asking for a new one, and stopping one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint
from catalog.api.refusals import Conflict, under_way, wrong_keys
from catalog.api.writing import Writing
from catalog.filters.runs import RunFilterSet
from catalog.roles import ADD_RUNS, CHANGE_RUNS
from catalog.runs import start
from detections.importing import runs
from detections.models import Run, Source

OF_EVERYTHING = {"recompute": runs.request_recomputation, "refresh_search": runs.request_search_refresh}


class RunSerializer(serializers.ModelSerializer):
    """One job. `done` of `total` are files; `counts` says what was done, by name. Who asked for it and what it says of
    its problems is told to people with an account."""

    source = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    message = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    requested_by = serializers.SerializerMethodField(help_text="An account's name; empty for the site itself.")
    url = serializers.SerializerMethodField(help_text="Its page.")

    class Meta:
        model = Run
        fields = (
            "id", "kind", "state", "source", "done", "total", "message", "counts", "created_at", "started_at",
            "finished_at", "requested_by", "url",
        )  # fmt: skip

    @property
    def told_everything(self) -> bool:
        return bool(self.context["view"].reader.sees_everything)

    def get_message(self, run: Run) -> str:
        return run.message if self.told_everything else ""

    def get_counts(self, run: Run) -> dict[str, Any]:
        return run.counts if self.told_everything else run.figures

    def get_requested_by(self, run: Run) -> str:
        return run.requested_by.get_username() if run.requested_by and self.told_everything else ""

    def get_url(self, run: Run) -> str:
        return reverse("run-detail", args=[run.pk])


class RunRequestSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(
        choices=[*OF_EVERYTHING, Run.Kind.SYNC_SOURCE.value],
        help_text="sync_source: read a source again from where it comes; recompute: count every reach anew; "
        "refresh_search: index the words of every rule anew.",
    )
    source = serializers.SlugField(
        max_length=50, required=False, allow_null=True, help_text="Slug of the source to sync."
    )


class RunListView(Writing, ListEndpoint):
    """Runs, the newest first. Without an account only syncs of public sources."""

    http_method_names = (*ListEndpoint.http_method_names, "post")
    operation = "runs"
    serializer_class = RunSerializer
    filterset_class = RunFilterSet

    def rows(self) -> QuerySet[Run]:
        return self.asked(Run.objects.visible_to(self.reader).for_list()).qs

    @extend_schema(operation_id="start_run", request=RunRequestSerializer, responses={202: RunSerializer})
    def post(self, request: Request) -> Response:
        """Begin a long job. Ask for the run at `Location` until its `state` is an end."""
        self.allow(ADD_RUNS)
        said = self.body(RunRequestSerializer)
        source = self._source(said["kind"], said.get("source"))
        by = request.user
        try:
            run = runs.request_source(source, by=by) if source else OF_EVERYTHING[said["kind"]](by=by)
        except runs.RunError as error:
            raise under_way(
                str(error), Run.objects.active().filter(kind=said["kind"], source=source).first()
            ) from error
        start(run)
        data = self.get_serializer(Run.objects.for_list().get(pk=run.pk)).data
        return Response(data, status.HTTP_202_ACCEPTED, headers={"Location": reverse("api-run", args=[run.pk])})

    @staticmethod
    def _source(kind: str, slug: str | None) -> Source | None:
        """The source of a sync, None for what is done to all of them. Raises 422."""
        if kind in OF_EVERYTHING:
            if slug:
                raise wrong_keys({"source": ["This is done to all sources together. Leave it out."]})
            return None
        source = Source.objects.filter(slug=slug).first() if slug else None
        if source is None:
            known = ", ".join(Source.objects.syncable().in_order().values_list("slug", flat=True)) or "none"
            raise wrong_keys({"source": [f"Name a source that can be synced: {known}."]})
        return source


class RunAddress(Endpoint):
    """What stands at and below a run's address: its number."""

    serializer_class = RunSerializer

    def run(self, pk: int) -> Run:
        """The run, when the reader may see it. Raises `Http404`."""
        run = Run.objects.visible_to(self.reader).for_list().filter(pk=pk).first() if pk < 2**31 else None
        if run is None:
            raise Http404(f"There is no run {pk}.")
        return run


class RunView(RunAddress):
    """One run, to be asked for again until its `state` is succeeded, failed or cancelled."""

    operation = "run"

    def get(self, request: Request, pk: int) -> Response:
        self.asked()
        return Response(self.get_serializer(self.run(pk)).data)


class RunCancelView(Writing, RunAddress):
    """`POST` alone."""

    http_method_names = ("post", "options")

    @extend_schema(operation_id="cancel_run", request=None, responses={202: RunSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Stop a run. One that waits is cancelled at once, another at its job's next sign of life: ask for it until its
        `state` is an end. What it has stored by then stays."""
        self.allow(CHANGE_RUNS)
        if not runs.cancel(self.run(pk), request.user.get_username()):
            raise Conflict("The run is over already.", run=pk, url=reverse("api-run", args=[pk]))
        return Response(
            self.get_serializer(self.run(pk)).data, status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("api-run", args=[pk])},
        )  # fmt: skip
