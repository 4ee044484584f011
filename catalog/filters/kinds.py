"""What the FilterSets are made of: filters by words of the catalog, by texts, techniques, tactics and platforms."""

from __future__ import annotations

from typing import Any, get_args

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from catalog.words import unknown_word
from detections.languages.tree import Operator
from detections.models import Rule, RuleTechnique, Tactic, Technique

LONGEST = 200
OPERATORS: tuple[str, ...] = get_args(Operator)
MOST_WORDS = 10  # of a text that are looked for
WORDS = {"type": "array", "items": {"type": "string"}}  # the schema of a filter that has no list of its words


class WordsField(forms.MultipleChoiceField):
    """Words out of the catalog; an unknown one is answered with those that are close, or all."""

    def to_python(self, value: Any) -> list[str]:
        """The words without blanks: a form's "all" sends an empty one."""
        return [word for word in dict.fromkeys(super().to_python(value)) if word]

    def validate(self, value: list[str]) -> None:
        known = [str(choice) for choice, _ in self.choices] if value else []
        wrong = [word for word in value if word not in known]
        if wrong:
            raise forms.ValidationError([unknown_word(word, known) for word in wrong])


class WordsFilter(django_filters.MultipleChoiceFilter):
    """Any of several words; which ones there are depends on the reader (`StrictFilterSet.words`)."""

    field_class = WordsField

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class TagsFilter(WordsFilter):
    """Any of several words of a many-to-many relation whose rows are named by their keys; no row comes twice."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        if not value:
            return qs
        relation = qs.model._meta.get_field(self.field_name)
        links = relation.remote_field.through.objects.filter(**{f"{relation.m2m_reverse_field_name()}__in": value})
        return qs.filter(pk__in=links.values(relation.m2m_field_name()))


class WrittenField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise forms.ValidationError("The text holds half of a surrogate pair.") from error
        return text


class TextFilter(django_filters.CharFilter):
    field_class = WrittenField


class TechniquesField(forms.MultipleChoiceField):
    """Technique ids in upper or lower case; a revoked one stands for its successor."""

    def to_python(self, value: Any) -> list[str]:
        return [word.upper() for word in dict.fromkeys(super().to_python(value)) if word]

    def validate(self, value: list[str]) -> None:
        if len(value) > LONGEST:
            raise forms.ValidationError(f"At most {LONGEST} ids at once.")
        written = [word for word in value if word.isascii() and word.isprintable()]
        known = set(Technique.objects.filter(attack_id__in=written).values_list("attack_id", flat=True))
        wrong = [word for word in value if word not in known]
        if wrong:
            raise forms.ValidationError([f"ATT&CK knows no technique {word[:60]!r}." for word in wrong])


@extend_schema_field(WORDS)
class TechniquesFilter(django_filters.MultipleChoiceFilter):
    """Rules that state one of several techniques themselves, not by a sub-technique."""

    field_class = TechniquesField

    def filter(self, qs: QuerySet[Rule], value: list[str]) -> QuerySet[Rule]:
        if not value:
            return qs
        stated = Technique.objects.filter(Q(attack_id__in=value) | Q(predecessors__attack_id__in=value))
        tags = RuleTechnique.objects.filter(technique__in=stated.values("pk"), structural=False)
        return qs.filter(pk__in=tags.values("rule"))


@extend_schema_field(WORDS)
class ParentsFilter(django_filters.MultipleChoiceFilter):
    """The sub-techniques of several techniques."""

    field_class = TechniquesField

    def filter(self, qs: QuerySet[Technique], value: list[str]) -> QuerySet[Technique]:
        parents = Technique.objects.filter(Q(attack_id__in=value) | Q(predecessors__attack_id__in=value))
        return qs.filter(parent__in=parents.values("pk")) if value else qs


class TacticsField(WordsField):
    """Short names of tactics; their ids and names mean the same."""

    def to_python(self, value: Any) -> list[str]:
        words = super().to_python(value)
        if not words:
            return []
        meant = {}
        for attack_id, shortname, name in Tactic.objects.values_list("attack_id", "shortname", "name"):
            meant |= {attack_id.casefold(): shortname, name.casefold(): shortname, shortname: shortname}
        return [meant.get(word.casefold(), word) for word in words]


@extend_schema_field(WORDS)
class TacticsFilter(WordsFilter):
    """Techniques of one of several tactics."""

    field_class = TacticsField

    def filter(self, qs: QuerySet[Technique], value: list[str]) -> QuerySet[Technique]:
        tactics = Technique.tactics.through.objects.filter(tactic__shortname__in=value)
        return qs.filter(pk__in=tactics.values("technique")) if value else qs


@extend_schema_field(WORDS)
class StatedTacticsFilter(TacticsFilter):
    """Rules that state a technique in force of one of several tactics."""

    def filter(self, qs: QuerySet[Rule], value: list[str]) -> QuerySet[Rule]:
        if not value:
            return qs
        techniques = super().filter(Technique.objects.in_force(), value)
        tags = RuleTechnique.objects.filter(technique__in=techniques.values("pk"), structural=False)
        return qs.filter(pk__in=tags.values("rule"))


@extend_schema_field(WORDS)
class AttackPlatformsFilter(WordsFilter):
    """Techniques that ATT&CK lists for one of several platforms."""

    def filter(self, qs: QuerySet[Technique], value: list[str]) -> QuerySet[Technique]:
        return qs.listed_for(value) if value else qs


def tactic_words() -> tuple[str, ...]:
    """The short names of tactics in matrix order."""
    return tuple(Tactic.objects.order_by("position").values_list("shortname", flat=True))
