"""Signing in and out, for everybody who has an account. Nothing that somebody typed is lost on the way.

A form that is sent after its session is over comes here with all that was typed in it (`sign_in_first`); once signed
in, its page finds it in the session (`typed_before`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

KEPT = "typed"  # in the session: {path, data}, data as a form sends it


@method_decorator(never_cache, name="dispatch")
class SignInView(LoginView):
    template_name = "signing_in/sign_in.html"
    redirect_authenticated_user = False

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(typed=self.request.POST.get(KEPT, ""), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        typed = self.request.POST.get(KEPT)
        if typed:
            self.request.session[KEPT] = {"path": self.get_redirect_url(), "data": typed}
        return response


def sign_in_first(request: HttpRequest, behind: str) -> HttpResponse:
    """The way over the sign-in page to the page `behind`; a form of that page brings along what it holds.

    A form is answered with 401, so that a script that asked for a fragment knows why it got none.
    """
    if request.method != "POST":
        return redirect_to_login(behind)
    typed = _typed(request) if behind == request.get_full_path() else ""
    context = {"form": SignInView.form_class(request), "next": behind, "typed": typed}
    return render(request, SignInView.template_name, context, status=401)


def typed_before(request: HttpRequest) -> QueryDict | None:
    """What was typed at this address before the session was over; told once."""
    kept = request.session.get(KEPT)
    if not kept or kept["path"] != request.get_full_path():
        return None
    del request.session[KEPT]
    return QueryDict(kept["data"])


def _typed(request: HttpRequest) -> str:
    data = request.POST.copy()
    data.pop("csrfmiddlewaretoken", None)
    return data.urlencode()
