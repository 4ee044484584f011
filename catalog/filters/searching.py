"""A search as a reader may ask it: what was typed, its names found in the catalog, over the rules that answer it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from django import forms
from django.db.models import F, QuerySet

from detections.documents.problem import Problem
from detections.guide.field_names import find_field, suggest_fields
from detections.importing.names import current_catalogue
from detections.models import Rule, SearchedText
from detections.models.collation import code_point
from detections.models.lookups import Among
from detections.models.search import Distance
from detections.searching.grammar import Term, parse, problem
from detections.searching.predicates import making

if TYPE_CHECKING:
    from catalog.filters.rules import RuleListFilterSet

SHOWN = 3  # suggestions in a message


class RuleSearch:
    """`asked` is what was typed; with `problems` it is not to be answered. `facets` are the words of its `key:value`
    terms by key and whether they are negated, `fields` the canonical fields by name as typed."""

    def __init__(self, text: str, filterset: RuleListFilterSet) -> None:
        self.asked = parse(text)
        self.filterset = filterset
        self.facets: dict[tuple[str, bool], list[str]] = {}
        self.fields: dict[str, str] = {}
        self.problems: tuple[Problem, ...] = self.asked.problems or (*self._facets(), *self._fields())

    @property
    def is_ranked(self) -> bool:
        """Whether it looks for words, so that some rules are closer than others."""
        return bool(self.asked.phrases)

    def filter(self, rules: QuerySet[Rule]) -> QuerySet[Rule]:
        """Those of `rules` that answer the search."""
        for (key, negated), words in self.facets.items():
            found = self.filterset.filters[key].filter(Rule.objects.all() if negated else rules, words)
            rules = rules.exclude(pk__in=found.values("pk")) if negated else found
        return rules if self._found is None else rules.filter(Among(F("pk"), self._found))

    @cached_property
    def _found(self) -> list[int] | None:
        """The keys of the rules with the words and the tests, looked for once: a list's facets are each counted over
        them. None where neither is asked for."""
        asked = self.asked
        if not (asked.words or asked.predicates):
            return None
        rules = Rule.objects.visible_to(self.filterset.reader)
        if asked.phrases:
            rules = rules.filter(pk__in=SearchedText.objects.matching(asked.phrases).values("pk"))
        elif asked.sought:
            return []  # a text without a letter or a digit
        for phrase in asked.unwanted:
            rules = rules.exclude(pk__in=SearchedText.objects.matching([phrase]).values("pk"))
        for predicate in asked.predicates:
            rules = making(rules, predicate, self.fields[predicate.field.text] if predicate.field else "")
        return list(rules.order_by().values_list("pk", flat=True))

    def closest_first(self, rules: QuerySet[Rule]) -> QuerySet[Rule]:
        """Rules that answer the search, those first whose texts are closest to its words; ties by title."""
        ranked = rules.filter(searched__index__matches=self.asked.phrases)
        return ranked.order_by(Distance(self.asked.phrases), code_point("title"), "pk")

    def _facets(self) -> Iterator[Problem]:
        """Find the words of the terms; a word that the filter of the same name does not know is a problem."""
        for term in self.asked.facets:
            field = self.filterset.form.fields[term.key]
            same = {str(word).casefold(): str(word) for word, _ in getattr(field, "choices", ())}
            try:
                words = field.clean([same.get(term.text.casefold(), term.text)])
            except forms.ValidationError as error:
                yield problem(self.asked.text, term, " ".join(error.messages))
            else:
                self.facets.setdefault((term.key, term.negated), []).extend(words)

    def _fields(self) -> Iterator[Problem]:
        """Find the fields of the tests, whatever namespace their names are of."""
        terms = [predicate.field for predicate in self.asked.predicates if predicate.field]
        catalogue = current_catalogue() if terms else None
        for term in terms:
            if catalogue is not None and term.text not in self.fields:
                self.fields[term.text] = find_field(term.text, self.filterset.reader, catalogue)
                if not self.fields[term.text]:
                    yield problem(self.asked.text, term, self._unknown(term))

    def _unknown(self, term: Term) -> str:
        close = suggest_fields(term.text, self.filterset.reader, current_catalogue())[:SHOWN]
        hint = f"Did you mean {' or '.join(close)}?" if close else "The fields are listed at /fields/."
        return f"no rule tests a field {term.text[:60]!r}, and no vendor has such a name. {hint}"
