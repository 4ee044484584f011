"""Runs: what the long jobs do and did, and the buttons that ask for one, cancel it, and ask for it again."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.pages.staff import StaffPage, number
from catalog.roles import ADD_RUNS, CHANGE_RUNS
from catalog.runs import start
from detections.importing import runs
from detections.models import Run, Source

PAGE = 50
SHOWN_CHUNKS = 50


class RunListView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        found = Run.objects.visible_to(request.reader).for_list()
        page = Paginator(found, PAGE).get_page(number(request.GET.get("page", "")) or 1)
        sources = Source.objects.syncable().in_order() if request.user.has_perm(ADD_RUNS) else []
        context = {
            "page_obj": page,
            "alive": any(not run.is_over for run in page),
            "sources": sources,
        }
        return render(request, "runs/run_list.html", context)


class RunDetailView(View):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(_seen(request), pk=pk)
        context: dict[str, Any] = {
            "run": run,
            "figures": [(name.replace("_", " "), value) for name, value in run.figures.items()],
            "parts": run.chunks.by_state(),
        }
        if request.reader.sees_everything:
            context["told"] = run.chunks.told()[:SHOWN_CHUNKS]
            context["problems"] = [line for line in run.counts.get("problems", ()) if isinstance(line, str)]
        return render(request, "runs/run_detail.html", context)


class AskingPage(StaffPage):
    """A button that asks for a run; its answer is the run's page."""

    http_method_names = ["post"]
    permission = ADD_RUNS

    def begin(self, asked: Run) -> HttpResponse:
        start(asked)
        return redirect("run-detail", asked.pk)

    def refuse(self, error: runs.RunError, kind: str, source: Source | None) -> HttpResponse:
        """It cannot be asked for now: most often since the same is under way, whose page says more."""
        self.tell(str(error))
        other = Run.objects.active().filter(kind=kind, source=source).first()
        return redirect("run-detail", other.pk) if other else redirect("run-list")


class SourceSyncView(AskingPage):
    """Sync a source now. The source is in the address, or chosen in the form."""

    def post(self, request: HttpRequest, slug: str = "") -> HttpResponse:
        source = get_object_or_404(Source.objects.visible_to(request.reader), slug=slug or request.POST.get("source"))
        try:
            return self.begin(runs.request_source(source, by=request.user))
        except runs.RunError as error:
            return self.refuse(error, Run.Kind.SYNC_SOURCE, source)


class RecomputeView(AskingPage):
    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.begin(runs.request_recomputation(by=request.user))
        except runs.RunError as error:
            return self.refuse(error, Run.Kind.RECOMPUTE, None)


class SearchRefreshView(AskingPage):
    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.begin(runs.request_search_refresh(by=request.user))
        except runs.RunError as error:
            return self.refuse(error, Run.Kind.REFRESH_SEARCH, None)


class RunAgainView(AskingPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(_seen(request), pk=pk)
        try:
            return self.begin(runs.request_again(run, by=request.user))
        except runs.RunError as error:
            return self.refuse(error, run.kind, run.source)


class RunCancelView(StaffPage):
    http_method_names = ["post"]
    permission = CHANGE_RUNS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(_seen(request), pk=pk)
        if not runs.cancel(run, request.user.get_username()):
            self.tell("The run is over already.")
        return redirect("run-detail", pk)


def _seen(request: HttpRequest) -> QuerySet[Run]:
    return Run.objects.visible_to(request.reader).for_list()
