"""Tokens with which a script reads and writes through the API in a person's name."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

PREFIX = "fg_"  # so that a token is known for one wherever it leaks to
HINT = len(PREFIX) + 5  # characters that are shown
MOST_TOKENS = 50  # in force, of one person
NOTED_EVERY = timedelta(minutes=10)  # the last use is written no more often


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def in_force(self) -> ApiTokenQuerySet:
        """Neither revoked nor expired, of an account that is not closed."""
        alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(alive, revoked_at=None, user__is_active=True)

    def for_list(self) -> ApiTokenQuerySet:
        return self.order_by("-created_at", "-pk")

    def make(self, user: Any, name: str, *, writes: bool = False, days: int | None = None) -> tuple[ApiToken, str]:
        """A new token, and its secret, which is kept nowhere: who loses it makes another one."""
        secret = PREFIX + secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(days=days) if days else None
        token = self.create(
            user=user, name=name, hint=secret[:HINT], digest=digest(secret), writes=writes, expires_at=expires_at
        )
        return token, secret

    def presented(self, secret: str) -> ApiToken | None:
        """The token of a secret, with its user; None for one that is unknown, expired or revoked. Notes the use."""
        token = self.in_force().select_related("user").filter(digest=digest(secret)).first()
        now = timezone.now()
        if token is not None and (token.last_used_at is None or now - token.last_used_at > NOTED_EVERY):
            self.filter(pk=token.pk).update(last_used_at=now)
        return token


class ApiToken(models.Model):
    """A secret that stands for a person. Only its SHA-256 is stored: 256 random bits need no slower hash.

    `hint` are the first characters, by which people know it again. `writes` lets it change what its person may change;
    without, it reads. `rate` are the requests that it has in a minute, where these are not the site's own figure.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for.")
    hint = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    writes = models.BooleanField(default=False)
    rate = models.PositiveIntegerField(
        null=True, blank=True, help_text="Requests in a minute; empty for the site's own figure, 0 for no limit."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def state(self) -> str:
        """In words: in force, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= timezone.now() else "in force"

    def revoke(self) -> ApiToken:
        """End it at once and for good. Revoked once more it stays as it is."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
        return self


def digest(secret: str) -> str:
    """The hexadecimal SHA-256 under which a secret is found."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
