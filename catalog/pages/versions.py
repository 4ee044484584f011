"""The versions of a rule: what each changed, and going back to one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View

from catalog.audit import recorded
from catalog.forms.editing import LAID_OVER, written
from catalog.pages.comparison import Row, side_by_side
from catalog.pages.staff import NO_REASON, StaffPage, number, refused
from catalog.roles import EDIT_RULES
from detections.editing.errors import EditError
from detections.editing.rules import retire_rule, revive_rule
from detections.editing.versions import VersionView, history, restore
from detections.models import Rule, RuleVersion


@dataclass(frozen=True, slots=True)
class Shown:
    """A version beside the one before it. `fields` are what is laid over the text otherwise since then."""

    version: RuleVersion
    current: bool
    difference: tuple[Row, ...]
    fields: tuple[tuple[str, str], ...]


def versions_page(request: HttpRequest, rule: Rule, **more: Any) -> HttpResponse:
    """The list of a rule's versions, the newest first. Names and reasons are for people with an account."""
    context = {
        "rule": rule,
        "versions": list(_shown(history(rule))),
        "names": request.user.is_authenticated,
        "may_edit": request.user.has_perm(EDIT_RULES),
        **more,
    }
    return render(request, "editing/rule_versions.html", context)


def _shown(views: Sequence[VersionView]) -> Iterator[Shown]:
    for place, view in enumerate(views):
        version = view.version
        before = next((older.version for older in views[place + 1 :] if older.version.applied), None)
        was, is_ = written(before.overrides if before else {}), written(version.overrides)
        fields = tuple((name, is_[name]) for name in LAID_OVER if was[name] != is_[name])
        yield Shown(version, view.current, side_by_side(view.lines), fields)


class RuleVersionsView(View):
    """For everybody who sees the rule."""

    def get(self, request: HttpRequest, source: str, own_id: str) -> HttpResponse:
        rules = Rule.objects.visible_to(request.reader).select_related("source")
        return versions_page(request, get_object_or_404(rules, source__slug=source, own_id=own_id))


class RuleChangeView(StaffPage):
    """A change that a button on the page of versions makes: it takes a reason and the version that was looked at."""

    http_method_names = ["post"]

    def page_behind(self, *, source: str, own_id: str, **kwargs: Any) -> str:
        return reverse("rule-versions", args=[source, own_id])

    def change(self, rule: Rule, version: int, reason: str, **kwargs: Any) -> Rule:
        raise NotImplementedError

    def told(self, rule: Rule, **kwargs: Any) -> str:
        """What was done, for the log and for the top of the next page."""
        raise NotImplementedError

    def post(self, request: HttpRequest, source: str, own_id: str, **kwargs: Any) -> HttpResponse:
        rule = self.rule(source, own_id)
        reason = request.POST.get("reason", "").strip()[:500]
        if not reason:
            return refused(versions_page(request, rule, wrong=NO_REASON))
        version = number(request.POST.get("version", ""))
        try:
            rule = recorded(
                lambda: self.change(rule, version, reason, **kwargs),
                request.user, lambda row: f"{self.told(row, **kwargs)} {reason}",
            )  # fmt: skip
        except EditError as error:
            return refused(versions_page(request, self.rule(source, own_id), wrong=str(error)), 409)
        self.tell(self.told(rule, **kwargs))
        return redirect("rule-versions", source=source, own_id=own_id)


class RuleRestoreView(RuleChangeView):
    """Makes an older version the one in force; what was in force stays in the history."""

    def change(self, rule: Rule, version: int, reason: str, wanted: int) -> Rule:
        return restore(rule, wanted, version, reason, self.request.user)

    def told(self, rule: Rule, wanted: int) -> str:
        return f"Version {wanted} is in force again, as version {rule.version}."


class RuleRetireView(RuleChangeView):
    """Takes a rule out of every count. It stays, marked, and can be revived."""

    def change(self, rule: Rule, version: int, reason: str) -> Rule:
        return retire_rule(rule, version, reason, self.request.user)

    def told(self, rule: Rule) -> str:
        return "The rule is retired: it is kept, and counted nowhere."


class RuleReviveView(RuleChangeView):
    """Undoes retiring by hand."""

    def change(self, rule: Rule, version: int, reason: str) -> Rule:
        return revive_rule(rule, version, reason, self.request.user)

    def told(self, rule: Rule) -> str:
        return "The rule is no longer retired by hand."
