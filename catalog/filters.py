"""The FilterSets: one for each model, shared by pages and API, so that both answer the same question alike.

A value that nothing in the catalog has and a parameter that nobody knows are errors, never an empty list or all rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from detections.models import Domain, Platform, Reader, Rule, Source, Tactic, Technique
from detections.models.collation import code_point

# Known on every list and guide, whether or not a FilterSet reads them.
KNOWN_EVERYWHERE = frozenset({"page", "page_size", "ordering", "fields", "format", "limit"})
LONGEST = 200


class WordsField(forms.TypedMultipleChoiceField):
    """Words out of the catalog; an unknown one is answered with those that are close, or all."""

    def validate(self, value: list[str]) -> None:
        known = [str(choice) for choice, _ in self.choices]
        for word in value:
            if word not in known:
                raise forms.ValidationError(unknown_word(word, known))


class WordsFilter(django_filters.MultipleChoiceFilter):
    """Repeats for OR. `words` gives the values for a reader, most of them from the database."""

    field_class = WordsField


class TextField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if "\x00" in text:
            raise forms.ValidationError("The text holds a NUL character.")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise forms.ValidationError("The text holds half of a surrogate pair.") from error
        return str(text)


class TextFilter(django_filters.CharFilter):
    field_class = TextField


class StrictFilterSet(django_filters.FilterSet):
    """Reports unknown parameters and bad values; with errors it lets no row through."""

    own: tuple[str, ...] = ()

    @property
    def reader(self) -> Reader:
        return getattr(self.request, "reader", Reader.ANONYMOUS)

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> dict[str, list[str]]:
        found = {name: [str(message) for message in messages] for name, messages in self.form.errors.items()}
        known = [*self.filters, *self.own, *KNOWN_EVERYWHERE]
        for name in self.data or ():
            if name not in known:
                found[name] = [unknown_parameter(name, known)]
        return found

    @property
    def qs(self) -> QuerySet[Any]:
        if not self.is_valid():
            return self.queryset.none()
        return super().qs

    def words(self) -> dict[str, Iterable[str]]:
        """For each filter of words the values that a reader may ask for."""
        return {}

    def get_form_class(self) -> type[forms.Form]:
        form = super().get_form_class()
        for name, words in self.words().items():
            form.base_fields[name].choices = [(word, word) for word in words]
        return form


class RuleFilterSet(StrictFilterSet):
    """Filters of rules, on `/rules/`, in the API and on a technique's guide."""

    vendor = WordsFilter(field_name="source__slug")
    platform = WordsFilter(field_name="platforms__name")
    domain = WordsFilter(field_name="domains__name")
    language = WordsFilter(field_name="language")
    status = WordsFilter(field_name="status")
    level = WordsFilter(field_name="level")
    parse = WordsFilter(field_name="parse")
    technique = TextFilter(method="of_technique", max_length=12)
    q = TextFilter(method="with_words", max_length=LONGEST)
    live = django_filters.ChoiceFilter(
        method="of_life", choices=[("yes", "live"), ("no", "not live"), ("all", "all")], empty_label=None
    )

    class Meta:
        model = Rule
        fields: list[str] = []

    def words(self) -> dict[str, Iterable[str]]:
        rules = Rule.objects.visible_to(self.reader)
        return {
            "vendor": Source.objects.visible_to(self.reader).in_order().values_list("slug", flat=True),
            "platform": _used(Platform, rules),
            "domain": _used(Domain, rules),
            "language": _values(rules, "language"),
            "status": _values(rules, "status"),
            "level": _values(rules, "level"),
            "parse": ("full", "partial", "none"),
        }

    def of_technique(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        return rules.filter(techniques__technique__attack_id=value.upper(), techniques__structural=False).distinct()

    def with_words(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        for word in value.split()[:10]:
            rules = rules.filter(
                Q(title__icontains=word) | Q(own_id__iexact=word) | Q(techniques__written=word.upper())
            )
        return rules.distinct()

    def of_life(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        return rules if value == "all" else rules.filter(live=value == "yes")


class TechniqueFilterSet(StrictFilterSet):
    """Filters of techniques; those of rules (vendor, platform, domain ...) are RuleFilterSet's."""

    tactic = WordsFilter(field_name="tactics__shortname")
    q = TextFilter(method="with_words", max_length=LONGEST)

    class Meta:
        model = Technique
        fields: list[str] = []

    def words(self) -> dict[str, Iterable[str]]:
        return {"tactic": Tactic.objects.order_by("position").values_list("shortname", flat=True)}

    def with_words(self, techniques: QuerySet[Technique], name: str, value: str) -> QuerySet[Technique]:
        for word in value.split()[:10]:
            techniques = techniques.filter(
                Q(name__icontains=word) | Q(attack_id__istartswith=word) | Q(parent__name__icontains=word)
            )
        return techniques


def unknown_word(word: str, known: Iterable[str]) -> str:
    """What to say about a value that nothing in the catalog has."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5) or [
        name for name in names if name.lower() == word.lower()
    ]
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(names) or 'none'}."
    return f"{word[:60]!r} is no value that the catalog has. {hint}"


def unknown_parameter(name: str, known: Iterable[str]) -> str:
    """What to say about a parameter that nobody knows."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known: {', '.join(names)}."
    return f"There is no parameter {name[:60]!r}. {hint}"


def _used(model: type[Platform] | type[Domain], rules: QuerySet[Rule]) -> QuerySet[Any]:
    used = model.objects.filter(rules__in=rules).order_by(code_point("name")).distinct()
    return used.values_list("name", flat=True)


def _values(rules: QuerySet[Rule], field: str) -> QuerySet[Any]:
    values = rules.exclude(**{field: ""}).order_by(code_point(field)).values_list(field, flat=True)
    return values.distinct()
