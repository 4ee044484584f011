"""What the editor shows while somebody types: what the text says, what is wrong in it, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from catalog.pages.reading import ConditionRow, Part, Value
from catalog.templatetags.wording import PARSE_WORDS, counted
from detections.analysis.predicate import Predicate
from detections.documents.problem import Problem, UnreadableError
from detections.editing.preview import PredicateReach, Preview
from detections.importing.stored import document_of
from detections.models import Rule, Source
from detections.normalization.platforms import places
from detections.vendors.vendor import ReadWith

SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview as the page draws it. `says` is the text's own word for each field that can be laid over it."""

    savable: bool
    refused: str = ""
    parse: str = "none"
    language: str = "none"
    problems: Sequence[Problem] = ()
    checks: tuple[ConditionRow, ...] = ()
    exclusions: tuple[ConditionRow, ...] = ()
    beside: tuple[Part, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The preview in one sentence, for who does not see it change."""
        problems = counted(len(self.problems), "problem")
        if not self.savable:
            return f"This text can only be kept as a draft: {problems}."
        tests = f"{counted(len(self.checks), 'condition')}, {counted(len(self.exclusions), 'exclusion')}"
        return f"{PARSE_WORDS[self.parse].capitalize()}: {tests}, {problems}."


def shown(preview: Preview, source: Source, text: str, rule: Rule | None) -> Shown:
    """The preview of the service as the page draws it. No query."""
    problems = preview.problems[:SHOWN_PROBLEMS]
    analysis = preview.analysis
    if analysis is None:
        return Shown(False, preview.refused, problems=problems)
    own: list[ConditionRow] = []
    beside: dict[str, list[ConditionRow]] = {}
    pairs = zip(analysis.predicates, preview.predicates, strict=True)
    for (place, _), tests in groupby(pairs, key=lambda pair: (pair[0].place, id(pair[0].condition))):
        row = _row(list(tests))
        (beside.setdefault(place, []) if place else own).append(row)
    return Shown(
        preview.savable,
        preview.refused,
        analysis.parse,
        analysis.document.language,
        problems,
        tuple(row for row in own if not row.excluded),
        tuple(row for row in own if row.excluded),
        tuple(Part(place, tuple(rows)) for place, rows in beside.items()),
        dict(_says(source, text, rule)),
    )


def _row(tests: Sequence[tuple[Predicate, PredicateReach]]) -> ConditionRow:
    first, condition = tests[0][0], tests[0][0].condition
    return ConditionRow(
        number=0,
        field=condition.path or condition.field,
        canonical=first.canonical,
        role=first.role,
        derived=condition.derived,
        excluded=first.negated,
        operators=tuple(dict.fromkeys(predicate.operator for predicate, _ in tests)),
        values=tuple(_value(predicate, reach) for predicate, reach in tests if predicate.operator != "exists"),
    )


def _value(predicate: Predicate, reach: PredicateReach) -> Value:
    return Value(
        text=predicate.test.value,
        operator=predicate.operator,
        comparator=predicate.test.comparator,
        key=reach.key,
        reach=reach.excluded_reach if predicate.negated else reach.reach,
    )


def _says(source: Source, text: str, rule: Rule | None) -> Iterator[tuple[str, str]]:
    """What the text itself says in the fields that can be laid over it."""
    try:
        document = document_of(source, text, rule.path if rule else "", ReadWith(), rule.own_id if rule else "")
    except UnreadableError:
        return
    told = places(document.vendor, document.evidence)
    for name in ("title", "status", "level"):
        yield name, getattr(document, name)
    yield "techniques", ", ".join(document.technique_ids)
    yield "platforms", ", ".join(told.platforms)
    yield "domains", ", ".join(told.domains)
