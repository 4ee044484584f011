"""What the site says about field names: rows laid over the product's tables, so that an upgrade keeps them."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords


class FieldOverride(models.Model):
    """A canonical field that the site adds or describes otherwise; `detections.normalization.catalogue.Field`."""

    canonical = models.CharField(max_length=200, unique=True)
    type = models.CharField(max_length=20, default="keyword")
    group = models.CharField(max_length=40, default="other")
    description = models.CharField(max_length=500, blank=True)
    role = models.CharField(max_length=10, default="filter")

    history = HistoricalRecords()

    class Meta:
        ordering = ("canonical",)

    def __str__(self) -> str:
        return self.canonical


class AliasOverride(models.Model):
    """A vendor's name for a canonical field, as the site has it; `detections.normalization.catalogue.Alias`."""

    vendor = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=40, blank=True)
    canonical = models.CharField(max_length=200)
    case_sensitive = models.BooleanField(default=False)
    form = models.CharField(max_length=10, blank=True)
    source = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=300, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ("vendor", "name", "category")
        constraints = [
            models.UniqueConstraint(fields=["vendor", "name", "category"], name="one_override_per_alias"),
        ]

    def __str__(self) -> str:
        where = f" in {self.category}" if self.category else ""
        return f"{self.vendor} {self.name}{where} is {self.canonical}"
