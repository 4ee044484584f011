"""Rows of long tables, read without asking each field to convert what is JSON's own already.

DRF's own loop is most of the time that a table of some hundred rows takes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.fields import Field

AS_THEY_ARE = (serializers.CharField, serializers.IntegerField, serializers.BooleanField)


class PlainSerializer(serializers.Serializer):
    """For rows of our own: their texts, numbers and truth values have the types that the fields tell."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in self._readers}

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(name, self._reader(field)) for name, field in self.fields.items()]

    def _reader(self, field: Field) -> Callable[[Any], Any]:
        if isinstance(field, serializers.SerializerMethodField):
            read: Callable[[Any], Any] = getattr(self, field.method_name)
            return read
        if isinstance(field, AS_THEY_ARE):
            return attrgetter(".".join(field.source_attrs))
        return lambda row: None if (value := field.get_attribute(row)) is None else field.to_representation(value)
