"""Who asks the API: a browser's session, or a token in the header `Authorization: Bearer fg_...`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from catalog.models import ApiToken

SCHEME = "Bearer"
ADDRESSES = "/api/"  # tokens are for the API alone


def identify(request: HttpRequest) -> None:
    """Find the token that a request bears, before anything asks who reads: `request.api_token`, None for a bad one.

    A request without one has no such attribute. Other schemes are the business of a proxy before the site.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != SCHEME.lower() or not request.path.startswith(ADDRESSES):
        return
    request.api_token = ApiToken.objects.presented(secret.strip())
    if request.api_token is not None:
        request.user = request.api_token.user


class TokenAuthentication(BaseAuthentication):
    """What `identify` found, for the API's views. A token that is not in force is refused, never taken for nobody."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        if not hasattr(request._request, "api_token"):
            return None
        token = request._request.api_token
        if token is None:
            raise AuthenticationFailed(
                "The token is unknown, expired or revoked. Make another one at /account/tokens/, or ask without one."
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME
