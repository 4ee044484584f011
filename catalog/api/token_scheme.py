"""How the OpenAPI document tells of tokens."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from catalog.api.authentication import SCHEME, TokenAuthentication


class TokenScheme(OpenApiAuthenticationExtension):
    """Found by drf-spectacular once it is imported."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": SCHEME.lower(),
            "description": "A token of yours, made at /account/tokens/. It reads what you see, and changes what you "
            "may change where it was made to write.",
        }
