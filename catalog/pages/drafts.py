"""Drafts: texts that are kept and count nowhere."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from catalog.audit import DELETION, recorded
from catalog.pages.staff import StaffPage
from detections.editing.drafts import drop_draft
from detections.models import RuleDraft

PAGE = 50


class DraftListView(StaffPage):
    """Everybody's drafts, the latest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(RuleDraft.objects.for_list(), PAGE).get_page(request.GET.get("page"))
        return render(request, "editing/draft_list.html", {"page_obj": page})


class DraftDropView(StaffPage):
    """Forgets a draft. The rule that it would have changed stays as it is."""

    http_method_names = ["post"]

    def page_behind(self, **address: Any) -> str:
        return reverse("draft-list")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        draft = get_object_or_404(RuleDraft.objects.for_list(), pk=pk)
        recorded(lambda: self.drop(draft), request.user, lambda row: "Dropped a draft.", DELETION)
        self.tell("The draft is dropped.")
        return redirect("draft-list")

    @staticmethod
    def drop(draft: RuleDraft) -> RuleDraft:
        """The draft as it was: a row that is gone has no key any more, and the log needs it."""
        drop_draft(copy(draft))
        return draft
