"""Who is reading. Every query that counts or lists takes a `Reader`, so that nothing private can slip out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Reader:
    """An anonymous reader sees public sources, a member and staff see all.

    `name` is part of every cache key, since two readers see different pages.
    """

    name: str

    ANONYMOUS: ClassVar[Reader]
    MEMBER: ClassVar[Reader]
    STAFF: ClassVar[Reader]

    @property
    def sees_everything(self) -> bool:
        return self.name != "anonymous"

    def sources(self, path: str = "") -> Q:
        """The condition on `Source` at the end of a lookup path (`""`, `"source"`, `"rule__source"`)."""
        if self.sees_everything:
            return Q()
        return Q(**{f"{path}__public" if path else "public": True})

    def reach_column(self, excluded: bool = False) -> str:
        """The stored column that holds this reader's reach."""
        column = "excluded_reach" if excluded else "reach"
        return column if self.sees_everything else f"public_{column}"


Reader.ANONYMOUS = Reader("anonymous")
Reader.MEMBER = Reader("member")
Reader.STAFF = Reader("staff")
