"""The one history of rules: every text that a rule had, by sync or by hand; and drafts, which count nowhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from detections.models.reader import Reader
from detections.models.rule import Rule
from detections.models.source import Source


class RuleVersionQuerySet(models.QuerySet["RuleVersion"]):
    def newest_first(self) -> RuleVersionQuerySet:
        return self.select_related("author").order_by("-number")

    def changes(self, reader: Reader) -> RuleVersionQuerySet:
        """What rules that the reader sees came to say, the latest first; not what the first version only remembers."""
        first = Q(number=1, origin=RuleVersion.Origin.SYNC)
        seen = self.filter(reader.sources("rule__source"), applied=True).exclude(first)
        return seen.select_related("rule__source").order_by("-created_at", "-pk")

    def of_repository(self) -> RuleVersionQuerySet:
        return self.filter(origin=RuleVersion.Origin.SYNC)


class RuleVersion(models.Model):
    """What a rule said from a moment on. The first one is written when the rule changes for the first time.

    `overrides` are the staff's words for what the text says otherwise (see `Rule.overrides`). `came` and `went` are
    the predicates that the version before had not, or had: lists of [field, operator, value, excluded]. A version
    that is not `applied` is the repository's text, held back because the rule was edited.
    """

    class Origin(models.TextChoices):
        SYNC = "sync", "repository"
        EDIT = "edit", "edit"
        RESTORE = "restore", "restored"
        UPLOAD = "upload", "upload"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=10, choices=Origin.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True, help_text="Kept when the account is deleted.")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    commit = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=400, blank=True)
    text = models.TextField()
    overrides = models.JSONField(default=dict, blank=True)
    lifecycle = models.CharField(max_length=20)
    applied = models.BooleanField(default=True)
    came = models.JSONField(default=list, blank=True)
    went = models.JSONField(default=list, blank=True)

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        ordering = ("rule", "number")
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="one_version_per_number")]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"version {self.number} of {self.rule_id}"


class RuleDraftQuerySet(models.QuerySet["RuleDraft"]):
    def for_list(self) -> RuleDraftQuerySet:
        return self.select_related("source", "rule", "author").order_by("-updated_at")


class RuleDraft(models.Model):
    """A text that is not a rule yet, or no longer parses: kept for its author, counted nowhere.

    `rule` is the rule that it would change, null for a new one; `based_on` the number of the version that its author
    began from. `problems` are those of the last check: {message, line, column, snippet, severity}.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="drafts")
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField()
    overrides = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    based_on = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RuleDraftQuerySet.as_manager()

    class Meta:
        ordering = ("-updated_at",)

    def __str__(self) -> str:
        return f"draft of {self.rule or 'a new rule'}"


class RuleUpload(models.Model):
    """A file that somebody uploaded and has not confirmed yet: kept from the dry run to the confirmation."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="uploads")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name
