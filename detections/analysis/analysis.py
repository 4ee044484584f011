"""A rule document to its analysis: languages, normalization and vendors together, the one door of the pure core."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from detections.analysis import context
from detections.analysis.overrides import NOTHING, Overrides
from detections.analysis.predicate import Predicate, Role
from detections.documents.document import RuleDocument
from detections.documents.problem import Problem
from detections.languages import READERS
from detections.languages.tree import Beside, Condition, Node, Parse, Reading, Test, depth, flat, walk
from detections.normalization.catalogue import Catalogue, base_catalogue
from detections.normalization.equivalence import equivalence, os_family
from detections.normalization.names import resolve
from detections.normalization.platforms import Places, places
from detections.normalization.values import folded, indicator_key

MAX_DRAWN_DEPTH = 100
Read = Callable[..., Reading]

# Languages that hold queries of others in their strings: languages do not import each other, so they are handed in.
EMBEDDING = {"esql": ("kql", "lucene"), "dsl": ("lucene",)}
UNDEFINED_MACRO = "_macro"  # a Splunk macro that the checkout does not define stands for no test that can be counted
# The languages in which a test of field against field is an ordinary filter; elsewhere it is derived.
_FIELDREF_FILTERS = frozenset({"sigma", "eql", "kql", "lucene"})


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a rule document says. `parse` is full, partial or none; `problems` have the file's line."""

    document: RuleDocument
    parse: Parse
    tree: Node | None
    beside: tuple[Beside, ...]
    predicates: tuple[Predicate, ...]
    problems: tuple[Problem, ...]
    places: Places
    join_fields: tuple[str, ...] = ()


@cache
def reader_of(language: str) -> Read | None:
    """The function that reads a language; None when the product does not read it."""
    module = READERS.get(language)
    return importlib.import_module(module).read if module else None


def analyse(document: RuleDocument, catalogue: Catalogue | None = None, overrides: Overrides = NOTHING) -> Analysis:
    """Read the document's query, name its fields, fold its values. Never raises for what a rule may hold."""
    catalogue = catalogue or base_catalogue()
    document = overrides.over(document)
    reading = _drawable(_read_rule(document))
    sides = _read_side_queries(document)
    beside = reading.beside + tuple(part for part, _ in sides if part is not None)
    where = overrides.places(places(document.vendor, document.evidence))
    normalizer = _Normalizer(document, catalogue, reading.tree, os_family(where.platforms))
    predicates = tuple(normalizer.predicates(reading.tree, ""))
    for part in beside:
        predicates += tuple(normalizer.predicates(part.tree, part.place))
    first_line = document.line if document.language == "sigma" else document.query_line
    problems = document.problems + tuple(problem.at(document.path, first_line) for problem in reading.problems)
    aside = tuple(problem for _, found in sides for problem in found)
    lost = reading.parse == "full" and any(problem.severity == "error" for problem in aside)
    parse: Parse = "partial" if lost else reading.parse
    problems += aside
    return Analysis(document, parse, reading.tree, beside, predicates, problems, where, reading.join_fields)


def read_query(language: str, text: str, loaded: Any = None) -> Reading:
    """One query in a named language. A language that the product does not read gives parse "none" with a problem.

    `loaded` is what the vendor hands the language beside the text: the YAML of a Sigma rule, the macros of a search.
    """
    read = reader_of(language)
    if read is None:
        message = f"Queries in {language} are not read yet: the rule is kept without conditions."
        return Reading(None, "none", (Problem(message, severity="note"),))
    if language in EMBEDDING:
        loaded = {name: reader for name in EMBEDDING[language] if (reader := reader_of(name))}
    return read(text) if loaded is None else read(text, loaded)


def _read_rule(document: RuleDocument) -> Reading:
    if document.language == "none":
        return Reading(None, "none", (Problem("The rule has no query: a machine-learning job.", severity="note"),))
    text = document.text if document.language == "sigma" else document.query
    if not text.strip():
        return Reading(None, "none", (Problem("The rule has no query."),))
    return read_query(document.language, text, document.loaded)


def _drawable(reading: Reading) -> Reading:
    """A tree nested deeper than any page or JSON reader follows becomes a flat list of its conditions."""
    if reading.tree is None or depth(reading.tree) <= MAX_DRAWN_DEPTH:
        return reading
    message = f"The query is nested more than {MAX_DRAWN_DEPTH} deep; its conditions are shown as a flat list."
    return replace(reading, tree=flat(reading.tree), problems=(*reading.problems, Problem(message, severity="note")))


def _read_side_queries(document: RuleDocument) -> list[tuple[Beside | None, tuple[Problem, ...]]]:
    """What stands beside the query, each part with its problems, which have the file's line."""
    found = []
    for side in document.side_queries:
        reading = _drawable(read_query(side.language, side.text))
        problems = tuple(
            replace(problem.at(document.path, side.line), line=problem.line and side.line, start=None, end=None)
            for problem in reading.problems
        )
        found.append((Beside(side.place, reading.tree) if reading.tree is not None else None, problems))
    return found


class _Normalizer:
    """Names and keys for the conditions of one rule."""

    def __init__(self, document: RuleDocument, catalogue: Catalogue, tree: Node | None, family: str) -> None:
        self.vendor = document.vendor
        self.language = document.language
        self.catalogue = catalogue
        self.family = family
        self.tokens = document.context | context.of_conditions(tree)

    def predicates(self, tree: Node | None, place: str) -> Iterator[Predicate]:
        for condition, negated in walk(tree):
            tokens = context.of_condition(condition, self.tokens)
            for test in condition.tests:
                yield self.predicate(condition, test, negated, place, tokens)

    def predicate(
        self, condition: Condition, test: Test, negated: bool, place: str, tokens: frozenset[str]
    ) -> Predicate:
        name = resolve(self.catalogue, self.vendor, condition.field, tokens, path=condition.path, value=test.value)
        field = self.catalogue.field(name.canonical)
        role = self.role(condition, test, field.role)
        if test.operator == "exists" or role == "derived":
            return Predicate(condition, test, negated, place, name.canonical, role, known=name.known)
        other = ""
        if test.operator == "fieldref":
            other = resolve(self.catalogue, self.vendor, test.value, tokens).canonical
        value = folded(field, test.operator, other or test.value, test.wild, keep_case=test.keep_case)
        return Predicate(
            condition, test, negated, place, name.canonical, role, value,
            indicator_key(name.canonical, test.operator, value, test.wild),
            equivalence(
                field, name.form, test.operator, other or test.value, test.wild, self.family, role,
                keep_case=test.keep_case,
            ),
            name.known,
            other,
        )  # fmt: skip

    def role(self, condition: Condition, test: Test, field_role: str) -> Role:
        if test.operator == "fieldref" and self.language not in _FIELDREF_FILTERS:
            return "derived"
        if condition.derived or condition.field == UNDEFINED_MACRO:
            return "derived"
        return "scope" if condition.scope or field_role == "scope" else "filter"
