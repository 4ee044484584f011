"""What staff say of a rule otherwise than its text does: laid over the document before it is analysed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast, get_args

from detections.documents.document import Lifecycle, RuleDocument
from detections.normalization.platforms import Places

BY_STAFF = "edited"


@dataclass(frozen=True, slots=True)
class Overrides:
    """Each is None where the text's own word stands. An empty tuple says that there are none."""

    title: str | None = None
    status: str | None = None
    level: str | None = None
    lifecycle: str | None = None
    techniques: tuple[str, ...] | None = None
    platforms: tuple[str, ...] | None = None
    domains: tuple[str, ...] | None = None

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Overrides:
        """From the JSON that the database keeps; keys that are not known are left out."""
        said: dict[str, Any] = {}
        for name in (row.name for row in fields(cls)):
            value = stored.get(name)
            said[name] = tuple(value) if isinstance(value, list) else value
        return cls(**said)

    def json(self) -> dict[str, Any]:
        """What is said, as JSON: an absent key says nothing."""
        said = {row.name: getattr(self, row.name) for row in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if value is not None
        }

    def over(self, document: RuleDocument) -> RuleDocument:
        """The document with these words in place of its own."""
        changes: dict[str, Any] = {
            "title": self.title,
            "status": self.status,
            "level": self.level,
            "lifecycle": cast("Lifecycle", self.lifecycle) if self.lifecycle in get_args(Lifecycle) else None,
            "technique_ids": self.techniques,
        }
        return replace(document, **{name: value for name, value in changes.items() if value is not None})

    def places(self, told: Places) -> Places:
        """Platforms and domains with these in place of those that the evidence tells."""
        if self.platforms is not None:
            told = replace(told, platforms=tuple(sorted(self.platforms)), platform_rule=BY_STAFF)
        if self.domains is not None:
            told = replace(told, domains=tuple(sorted(self.domains)), domain_rule=BY_STAFF)
        return told


NOTHING = Overrides()
