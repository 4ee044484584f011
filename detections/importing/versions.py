"""The history of rules, written as they change: what they said before, what came and what went."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from detections.models import Rule, RuleField, RuleIndicator, RuleText, RuleVersion, Source
from detections.models.bulk import insert_rows

# (field, operator, value as spelled, excluded)
PredicateSet = frozenset[tuple[str, str, str, bool]]


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says, as a version keeps it."""

    text: str
    lifecycle: str
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Before:
    """A rule before its change."""

    said: Said
    path: str
    predicates: PredicateSet


@dataclass(frozen=True, slots=True)
class Cause:
    """Why rules change: by a sync or by hand, by whom, and what they say of it."""

    origin: str
    author: AbstractBaseUser | None = None
    reason: str = ""
    commit: str = ""

    @property
    def author_name(self) -> str:
        return self.author.get_username() if self.author else ""


class History:
    """Ask `begin` before rules are written, and `record` after it, both inside the change's transaction."""

    def __init__(self, source: Source, cause: Cause) -> None:
        self.source = source
        self.cause = cause
        self.before: dict[int, Before] = {}

    def begin(self, coming: Mapping[int, Said]) -> None:
        """Note the rules, by key, that will say something else than they do."""
        changing: dict[int, tuple[Said, str]] = {}
        texts = RuleText.objects.filter(rule__in=list(coming)).values_list(
            "rule_id", "text", "rule__lifecycle", "rule__overrides", "rule__path"
        )
        for pk, text, lifecycle, overrides, path in texts:
            said = Said(text, lifecycle, overrides)
            if said != coming[pk]:
                changing[pk] = said, path
        predicates = predicates_of(changing)
        self.before.update({pk: Before(said, path, predicates[pk]) for pk, (said, path) in changing.items()})

    def record(self) -> None:
        """Write a version of each rule that `begin` noted, and its first one where it has none yet."""
        if not self.before:
            return
        after = predicates_of(self.before)
        texts = RuleText.objects.filter(rule__in=list(self.before)).values_list(
            "rule_id", "text", "rule__lifecycle", "rule__overrides", "rule__path"
        )
        numbers = self._numbers()
        began = self._began()
        now = timezone.now()
        rows: list[tuple[Any, ...]] = []
        for pk, text, lifecycle, overrides, path in texts:
            before = self.before[pk]
            if pk not in numbers:
                rows.append(_row(pk, 1, Cause("sync", commit=began[1]), began[0] or now, before.path, before.said))
            number = numbers.get(pk, 1) + 1
            said = Said(text, lifecycle, overrides)
            rows.append(_row(pk, number, self.cause, now, path, said, before.predicates, after[pk]))
            numbers[pk] = number
        insert_rows(RuleVersion, _COLUMNS, rows)
        Rule.objects.bulk_update([Rule(pk=pk, version=numbers[pk]) for pk in self.before], ["version"], batch_size=200)

    def hold(self, held: Mapping[int, tuple[str, Said]]) -> None:
        """Keep the repository's texts (with their paths) of edited rules beside the edits, and say so on the rules."""
        if not held:
            return
        latest = RuleVersion.objects.filter(rule__in=list(held)).values("rule").annotate(last=Max("number"))
        numbers = dict(latest.values_list("rule", "last"))
        now = timezone.now()
        cause = Cause("sync", commit=self.source.commit)
        rows = [
            _row(pk, numbers.get(pk, 1) + 1, cause, now, path, said, applied=False) for pk, (path, said) in held.items()
        ]
        insert_rows(RuleVersion, _COLUMNS, rows)
        for pk in held:
            version = RuleVersion.objects.get(rule=pk, number=numbers.get(pk, 1) + 1)
            Rule.objects.filter(pk=pk).update(held=version)

    def _numbers(self) -> dict[int, int]:
        """The highest number of each rule that has versions."""
        latest = RuleVersion.objects.filter(rule__in=list(self.before)).values("rule").annotate(last=Max("number"))
        return dict(latest.values_list("rule", "last"))

    def _began(self) -> tuple[datetime | None, str]:
        """When and at which commit the rules came that change for the first time: the last sync."""
        told = Source.objects.filter(pk=self.source.pk).values_list("synced_at", "commit").first()
        return told or (None, "")


def first_versions(rules: Iterable[int], cause: Cause) -> None:
    """Write the version that new rules begin with: what they say now."""
    predicates = predicates_of(rules)
    now = timezone.now()
    texts = RuleText.objects.filter(rule__in=list(predicates)).values_list(
        "rule_id", "text", "rule__lifecycle", "rule__overrides", "rule__path"
    )
    rows = [
        _row(pk, 1, cause, now, path, Said(text, lifecycle, overrides), after=predicates[pk])
        for pk, text, lifecycle, overrides, path in texts
    ]
    insert_rows(RuleVersion, _COLUMNS, rows)


def predicates_of(rules: Iterable[int]) -> dict[int, PredicateSet]:
    """The counted predicates that rules have in the database, tests for existence too."""
    found: dict[int, set[tuple[str, str, str, bool]]] = {pk: set() for pk in rules}
    uses = RuleIndicator.objects.filter(rule__in=list(found), counted=True)
    for pk, field, operator, value, excluded in uses.values_list(
        "rule_id", "indicator__field", "indicator__operator", "value", "excluded"
    ):
        found[pk].add((field, operator, value, excluded))
    tests = RuleField.objects.filter(rule__in=list(found), operator="exists")
    for pk, field, excluded in tests.values_list("rule_id", "field", "excluded"):
        found[pk].add((field, "exists", "", excluded))
    return {pk: frozenset(rows) for pk, rows in found.items()}


_COLUMNS = [
    "rule", "number", "origin", "author", "author_name", "reason", "created_at", "commit", "path", "text", "overrides",
    "lifecycle", "applied", "came", "went",
]  # fmt: skip


def _row(
    pk: int,
    number: int,
    cause: Cause,
    at: datetime,
    path: str,
    said: Said,
    before: PredicateSet = frozenset(),
    after: PredicateSet = frozenset(),
    applied: bool = True,
) -> tuple[Any, ...]:
    moment = connection.ops.adapt_datetimefield_value(at)
    return (
        pk, number, cause.origin, cause.author.pk if cause.author else None, cause.author_name, cause.reason[:500],
        moment, cause.commit, path, said.text, json.dumps(said.overrides), said.lifecycle, applied,
        json.dumps(_listed(after - before)), json.dumps(_listed(before - after)),
    )  # fmt: skip


def _listed(predicates: PredicateSet) -> list[list[Any]]:
    return [list(row) for row in sorted(predicates)]
