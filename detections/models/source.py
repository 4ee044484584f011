"""Sources: a repository, or a team's own collection of rules."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords

from detections.models.collation import code_point
from detections.models.reader import Reader


class SourceQuerySet(models.QuerySet["Source"]):
    def visible_to(self, reader: Reader) -> SourceQuerySet:
        return self.filter(reader.sources())

    def written_here(self) -> SourceQuerySet:
        """A team's own collections: their rules come from no repository, and none takes their place."""
        return self.filter(repository="", clone_url="").exclude(slug=models.F("vendor"))

    def syncable(self) -> SourceQuerySet:
        """Those that say where they come from: a repository, or the folder of the last sync."""
        return self.exclude(clone_url="", location="")

    def in_order(self) -> SourceQuerySet:
        return self.order_by(code_point("slug"))


class Source(models.Model):
    """Where rules come from. `slug` is the first part of a rule's address; `public` ones are for everybody."""

    slug = models.SlugField(max_length=50, unique=True)
    vendor = models.CharField(max_length=20, help_text="The format of its rules: sigma, elastic or splunk.")
    name = models.CharField(max_length=100)
    public = models.BooleanField(default=True)
    licence = models.CharField(max_length=100, blank=True)
    repository = models.CharField(max_length=400, blank=True)
    location = models.CharField(max_length=400, blank=True, help_text="The folder of the last sync.")
    clone_url = models.CharField(max_length=400, blank=True, help_text="Where git fetches it from; empty: by hand.")
    branch = models.CharField(max_length=200, blank=True, help_text="Empty: the repository's own default.")
    commit = models.CharField(max_length=64, blank=True)
    read_with_digest = models.CharField(max_length=64, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = SourceQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["commit", "location", "read_with_digest", "synced_at"])

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class SourceFileQuerySet(models.QuerySet["SourceFile"]):
    def visible_to(self, reader: Reader) -> SourceFileQuerySet:
        return self.filter(reader.sources("source"))

    def with_problems(self) -> SourceFileQuerySet:
        """Files of which something could not be read, or looks wrong."""
        return self.exclude(problems=[])

    def in_order(self) -> SourceFileQuerySet:
        return self.order_by(code_point("source__slug"), code_point("path"))


class SourceFile(models.Model):
    """One file of a source as it was last read.

    `fingerprint` is over the file, what it was read with, the engine and the tables: equal means nothing to do.
    `problems` is the list of what is wrong with it: {message, line, column, snippet, severity}.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=400)
    fingerprint = models.CharField(max_length=64)
    problems = models.JSONField(default=list, blank=True)

    objects = SourceFileQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "path"], name="one_row_per_file")]

    def __str__(self) -> str:
        return self.path


class SourceText(models.Model):
    """A text that the rules of a source are read with, such as a Splunk macro: kept so that an edit needs no checkout.

    What `detections.vendors.vendor.ReadWith.texts` holds, by name.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="texts")
    name = models.CharField(max_length=300)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="one_text_per_name")]

    def __str__(self) -> str:
        return self.name
