"""What every address that changes something shares: who may, and a body that is read strictly."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from catalog.api.parsing import ObjectParser, TooLarge
from catalog.api.refusals import wrong_keys

READS_ONLY = "This token only reads. Make one that may change what you may at /account/tokens/."
NO_ROLE = "Your role does not allow this. An administrator of this site can give you another."


class Writing:
    """Beside `Endpoint`. Reading stays open to everybody; each method that changes something asks `allow` first."""

    parser_classes = (ObjectParser,)
    request: Request

    def allow(self, permission: str) -> None:
        """Raises 401 for nobody, 403 for a token that only reads and for a person whose role does not allow it."""
        user, token = self.request.user, self.request.auth
        if not user.is_authenticated:
            raise NotAuthenticated("Send a token that may change things: Authorization: Bearer fg_...")
        if token is not None and not token.writes:
            raise PermissionDenied(READS_ONLY)
        if not user.has_perm(permission):
            raise PermissionDenied(NO_ROLE)

    def body(self, serializer_class: type[serializers.Serializer], sent: Any = None) -> dict[str, Any]:
        """The body (or what was `sent` otherwise), read; keys that it may lack and does are absent.

        Raises 422 for what is wrong, by key.
        """
        if sent is None:
            try:
                sent = dict(self.request.data)
            except RequestDataTooBig as error:
                raise TooLarge from error
        serializer = serializer_class(data=sent)
        known = list(serializer.fields)
        unknown = [name for name in sent if name not in known]
        if unknown:
            raise wrong_keys({name: [f"Nothing has this key. There are: {', '.join(known)}."] for name in unknown})
        if not serializer.is_valid():
            raise wrong_keys({name: _flat(messages) for name, messages in serializer.errors.items()})
        found: dict[str, Any] = serializer.validated_data
        return found


def _flat(messages: Any) -> list[str]:
    """The messages of a key; those of a list's members stand one after the other."""
    if isinstance(messages, dict):
        return [text for inner in messages.values() for text in _flat(inner)]
    return [str(message) for message in messages]
