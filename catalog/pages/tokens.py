"""A person's tokens for the API: made, told once, and revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from catalog.audit import ADDITION, CHANGE, recorded
from catalog.models import MOST_TOKENS, ApiToken
from catalog.pages.staff import StaffPage, refused
from catalog.roles import EDIT_RULES

LIFETIMES = ((30, "30 days"), (90, "90 days"), (365, "a year"), (0, "until it is revoked"))


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, error_messages={"required": "Say what the token is for."})
    days = forms.TypedChoiceField(
        choices=LIFETIMES, coerce=int, initial=90, error_messages={"invalid_choice": "Choose one of the lifetimes."}
    )
    writes = forms.BooleanField(required=False)


class TokenListView(StaffPage):
    """For everybody who has an account. What a token may do is what its person may, never more."""

    permission = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(TokenForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make one. Its secret is in this answer and nowhere else."""
        form = TokenForm(request.POST)
        if not form.is_valid():
            return refused(self.page(form))
        if ApiToken.objects.in_force().filter(user=request.user).count() >= MOST_TOKENS:
            form.add_error(None, f"You have {MOST_TOKENS} tokens in force. Revoke one that you do not need.")
            return refused(self.page(form))
        said, told = form.cleaned_data, []

        def make() -> ApiToken:
            writes = said["writes"] and request.user.has_perm(EDIT_RULES)
            token, secret = ApiToken.objects.make(request.user, said["name"], writes=writes, days=said["days"] or None)
            told[:] = [secret]
            return token

        token = recorded(make, request.user, lambda row: f"Made the API token {row}.", ADDITION)
        return self.page(TokenForm(), made=token, secret=told[0])

    def page(self, form: TokenForm, **context: Any) -> HttpResponse:
        context |= {
            "form": form,
            "tokens": ApiToken.objects.filter(user=self.request.user).for_list(),
            "may_write": self.request.user.has_perm(EDIT_RULES),
            "address": self.request.build_absolute_uri(reverse("api-rule-list")),
        }
        return render(self.request, "tokens/token_list.html", context)


class TokenRevokeView(StaffPage):
    http_method_names = ["post"]
    permission = ""

    def page_behind(self, **address: Any) -> str:
        return reverse("token-list")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = get_object_or_404(ApiToken.objects.filter(user=request.user), pk=pk)
        recorded(token.revoke, request.user, lambda row: f"Revoked the API token {row}.", CHANGE)
        self.tell(f"{token.name} is revoked. Nothing can be asked with it any more.")
        return redirect("token-list")
