"""Rules that were edited here while their repository changed them: three texts, and what to do about them."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from catalog.audit import recorded
from catalog.pages.comparison import side_by_side, three_columns
from catalog.pages.staff import NO_REASON, StaffPage, number, refused
from detections.editing.errors import EditError
from detections.editing.versions import differences, keep, take, three_way
from detections.models import Rule

PAGE = 50
# The button's value, the heading, what it means, the words on the button, and what the log says afterwards.
CHOICES = (
    ("keep", "Keep ours", "The edit stays as it is. The repository's text counts as seen: only its next change is "
     "held back again.", "Keep ours", "Kept the edit over the repository's text"),
    ("take", "Take theirs", "The repository's text comes into force, and the rule follows its repository again. The "
     "edit stays in the history.", "Take theirs", "Took the repository's text over the edit"),
)  # fmt: skip


class DivergedListView(StaffPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        rules = Rule.objects.visible_to(request.reader).diverged().in_order().select_related("source", "held")
        page = Paginator(rules, PAGE).get_page(request.GET.get("page"))
        return render(request, "editing/diverged_list.html", {"page_obj": page})


class RuleDivergedView(StaffPage):
    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(source, own_id)
        if rule.held_id is None:
            return redirect("rule-versions", source=source, own_id=own_id)
        return self.page(rule)

    def post(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rule = self.rule(source, own_id)
        chosen = next((row for row in CHOICES if row[0] == request.POST.get("do")), None)
        reason = request.POST.get("reason", "").strip()[:500]
        if rule.held_id is None:
            return redirect("rule-versions", source=source, own_id=own_id)
        if chosen is None or not reason:
            wrong = NO_REASON if chosen else "Choose what to do."
            return refused(self.page(rule, wrong=wrong, chosen=chosen and chosen[0], reason=reason))
        try:
            version = number(request.POST.get("version", ""))
            recorded(
                lambda: self.decide(chosen[0], rule, version, reason),
                request.user,
                lambda row: f"{chosen[4]}: {reason}",
            )
        except EditError as error:
            return refused(self.page(self.rule(source, own_id), wrong=str(error), chosen=chosen[0], reason=reason), 409)
        self.tell(f"{chosen[4]}.")
        return redirect("rule-detail", source=source, own_id=own_id)

    def decide(self, choice: str, rule: Rule, version: int, reason: str) -> Rule:
        return keep(rule, version) if choice == "keep" else take(rule, version, reason, self.request.user)

    def page(self, rule: Rule, **more: Any) -> HttpResponse:
        found = three_way(rule)
        context = {
            "rule": rule,
            "rows": three_columns(found.base, found.ours, found.theirs),
            "merge_difference": side_by_side(differences(found.ours, found.merged or "")),
            "found": found,
            "choices": [row[:4] for row in CHOICES],
            **more,
        }
        return render(self.request, "editing/rule_diverged.html", context)
