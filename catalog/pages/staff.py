"""Pages for people with a role: whoever has none is sent to sign in, or told what is missing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from catalog.pages.signing_in import sign_in_first
from catalog.roles import EDIT_RULES
from detections.models import Rule

NO_REASON = "Say why: the reason stands in the rule's history."


@method_decorator(never_cache, name="dispatch")
class StaffPage(View):
    """A page that asks for a permission, or with "" for an account alone. What was typed into its form survives
    signing in again."""

    permission = EDIT_RULES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return sign_in_first(request, self.page_behind(**kwargs))
        if self.permission and not request.user.has_perm(self.permission):
            raise PermissionDenied("Your role does not allow this. An administrator of this site can give you another.")
        return super().dispatch(request, *args, **kwargs)

    def page_behind(self, **address: Any) -> str:
        """Where signing in leads: here; what only a button does names the page that has the button."""
        return self.request.get_full_path() if hasattr(self, "get") else reverse("home")

    def rule(self, source: str, own_id: str) -> Rule:
        """The rule of an address, with its texts."""
        rules = Rule.objects.visible_to(self.request.reader).select_related("source", "text", "held", "base")
        return get_object_or_404(rules, source__slug=source, own_id=own_id)

    def tell(self, message: str) -> None:
        """A sentence for the top of the next page."""
        messages.success(self.request, message)


def refused(response: HttpResponse, status: int = 422) -> HttpResponse:
    """The same page as the answer to something that could not be done."""
    response.status_code = status
    return response


def number(written: str) -> int:
    """A whole number out of a form; 0 for anything else."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0
