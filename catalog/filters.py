"""The FilterSets: one for each model, shared by pages and API, so that both answer the same question alike.

A parameter may repeat (any of its values), different ones combine (all of them). A value that nothing in the catalog
has and a parameter that nobody knows are errors, never an empty list or all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import django_filters
from django import forms
from django.core.cache import cache
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from catalog.caching import KEPT_SECONDS, code_version
from catalog.words import unknown_parameter, unknown_word
from detections.guide.facets import rule_words
from detections.models import Reader, Rule, RuleTechnique, Source, Tactic, Technique

# Known on every list and guide, whether or not a FilterSet reads them.
KNOWN_EVERYWHERE = frozenset({"page", "page_size", "ordering", "fields", "format", "limit"})
LONGEST = 200
MOST_WORDS = 10
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


class TextField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise forms.ValidationError("The text holds half of a surrogate pair.") from error
        return text


class TextFilter(django_filters.CharFilter):
    field_class = TextField


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
    field_class = TacticsField

    def filter(self, qs: QuerySet[Technique], value: list[str]) -> QuerySet[Technique]:
        tactics = Technique.tactics.through.objects.filter(tactic__shortname__in=value)
        return qs.filter(pk__in=tactics.values("technique")) if value else qs


class StrictFilterSet(django_filters.FilterSet):
    """Reports unknown parameters and bad values; with errors it lets no row through.

    `own` are parameters that its page or endpoint reads itself.
    """

    own: tuple[str, ...] = ()

    @property
    def reader(self) -> Reader:
        return getattr(self.request, "reader", Reader.ANONYMOUS)

    @property
    def rule_words(self) -> Mapping[str, Iterable[str]]:
        """The words of the facets of rules, read once for a request and kept for the reader by generation."""
        if self.request is None:
            return rule_words(self.reader)
        if not hasattr(self.request, "rule_words"):
            key = f"words:{self.request.generation.number}:{code_version()}:{self.reader.name}"
            self.request.rule_words = cache.get_or_set(key, lambda: rule_words(self.reader), KEPT_SECONDS)
        found: Mapping[str, Iterable[str]] = self.request.rule_words
        return found

    @property
    def form(self) -> forms.Form:
        """The form, its choices the words that the reader may ask for; read when somebody looks at them."""
        if not hasattr(self, "_form"):
            form = super().form
            for name, field in form.fields.items():
                if isinstance(field, WordsField):
                    field.choices = partial(self._choices, name)
        return self._form

    def _choices(self, name: str) -> list[tuple[str, str]]:
        return [(word, word) for word in self.known_words[name]]

    @cached_property
    def known_words(self) -> Mapping[str, Iterable[str]]:
        return self.words()

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong, by parameter."""
        known = [*self.filters, *self.own, *KNOWN_EVERYWHERE]
        found = {name: [str(message) for message in messages] for name, messages in self.form.errors.items()}
        for name, values in _lists(self.data):
            if name not in known:
                found[name] = [unknown_parameter(name, known)]
            elif any("\x00" in value for value in values):
                found[name] = ["The value holds a NUL character."]
            elif name in self.filters and len(values) > 1 and not _repeats(self.filters[name]):
                found.setdefault(name, []).append(f"Give {name} once.")
        return found

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def qs(self) -> QuerySet[Any]:
        if self.errors:
            return self.queryset.none()
        return super().qs

    def words(self) -> Mapping[str, Iterable[str]]:
        """For each filter of words the values that a reader may ask for."""
        return {}


class RuleFilterSet(StrictFilterSet):
    """The facets of rules, any lifecycle unless `live` says otherwise: for a technique's guide."""

    vendor = WordsFilter(field_name="source__slug", label="Slug of a source")
    platform = TagsFilter(field_name="platforms", label="Platform")
    domain = TagsFilter(field_name="domains", label="Domain of telemetry")
    language = WordsFilter(field_name="language", label="Query language")
    status = WordsFilter(field_name="status", label="Status in the vendor's words")
    level = WordsFilter(field_name="level", label="Level or severity in the vendor's words")
    parse = WordsFilter(field_name="parse", label="How far the query is parsed: full, partial or none")
    live = django_filters.ChoiceFilter(
        method="of_life",
        choices=[("yes", "live"), ("no", "not live"), ("all", "all")],
        error_messages={"invalid_choice": "Write yes, no or all."},
        label="yes: rules that count; no: retired, deprecated, unsupported and copied ones; all",
    )

    class Meta:
        model = Rule
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        return self.rule_words

    def of_life(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        return rules if value == "all" else rules.filter(live=value == "yes")


class RuleListFilterSet(RuleFilterSet):
    """Filters of the list of rules: live ones unless `live` says otherwise."""

    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the title, or a rule's id")
    technique = TechniquesFilter(label="Id of a technique that the rule states")

    def filter_queryset(self, queryset: QuerySet[Rule]) -> QuerySet[Rule]:
        rules = super().filter_queryset(queryset)
        return rules if self.form.cleaned_data["live"] else rules.filter(live=True)

    def with_words(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        for word in value.split()[:MOST_WORDS]:
            rules = rules.filter(Q(title__icontains=word) | Q(own_id__iexact=word))
        return rules


class TechniqueFilterSet(StrictFilterSet):
    """Filters of techniques. Those of rules leave the techniques that a live rule states which answers all of them."""

    tactic = TacticsFilter(label="Short name, id or name of a tactic")
    vendor = WordsFilter(method="of_rules", label="Slug of a source")
    platform = WordsFilter(method="of_rules", label="Platform of the rules")
    domain = WordsFilter(method="of_rules", label="Domain of the rules")
    language = WordsFilter(method="of_rules", label="Query language of the rules")
    status = WordsFilter(method="of_rules", label="Status of the rules")
    level = WordsFilter(method="of_rules", label="Level or severity of the rules")
    parse = WordsFilter(method="of_rules", label="How far the rules are parsed")
    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the name, or an id")

    OF_RULES = ("vendor", "platform", "domain", "language", "status", "level", "parse")

    class Meta:
        model = Technique
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        rules = self.rule_words
        tactics = Tactic.objects.order_by("position").values_list("shortname", flat=True)
        return {"tactic": tuple(tactics)} | {name: rules[name] for name in self.OF_RULES}

    @property
    def rules(self) -> QuerySet[Rule]:
        """The live rules that the reader sees and that answer the filters of rules: what is counted."""
        rules = Rule.objects.visible_to(self.reader).live()
        for name in self.OF_RULES if self.is_valid() else ():
            rules = RuleFilterSet.base_filters[name].filter(rules, self.form.cleaned_data[name])
        return rules

    def filter_queryset(self, queryset: QuerySet[Technique]) -> QuerySet[Technique]:
        techniques = super().filter_queryset(queryset)
        if not any(self.form.cleaned_data[name] for name in self.OF_RULES):
            return techniques
        stated = RuleTechnique.objects.filter(rule__in=self.rules.values("pk"), structural=False)
        return techniques.filter(pk__in=stated.values("technique"))

    def of_rules(self, techniques: QuerySet[Technique], name: str, value: list[str]) -> QuerySet[Technique]:
        """Nothing yet: the filters of rules are asked of one and the same rule, all together."""
        return techniques

    def with_words(self, techniques: QuerySet[Technique], name: str, value: str) -> QuerySet[Technique]:
        for word in value.split()[:MOST_WORDS]:
            techniques = techniques.filter(
                Q(name__icontains=word) | Q(attack_id__istartswith=word) | Q(parent__name__icontains=word)
            )
        return techniques


class MatrixFilterSet(TechniqueFilterSet):
    """Filters of the matrix. Those of rules choose what is counted, and every technique keeps its place."""

    show = django_filters.ChoiceFilter(
        method="of_rules",
        choices=[("covered", "covered"), ("missing", "only missing")],
        error_messages={"invalid_choice": "Write covered or missing."},
        label="covered: techniques that such a rule states; missing: those that none does, of the platforms asked for",
    )

    def filter_queryset(self, queryset: QuerySet[Technique]) -> QuerySet[Technique]:
        return super(TechniqueFilterSet, self).filter_queryset(queryset)

    def chosen(self, name: str) -> Any:
        """The value of one filter, the values of one that repeats."""
        return self.form.cleaned_data[name] if self.is_valid() else ""


class CompareFilterSet(MatrixFilterSet):
    """Filters of the comparison. `vendor` names its two sources; those left out are the first ones by slug."""

    vendor = WordsFilter(method="of_rules", label="Slugs of the two sources that are compared, the first one first")
    show = django_filters.ChoiceFilter(
        method="of_rules",
        choices=[("both", "both"), ("first", "only the first"), ("second", "only the second"), ("neither", "neither")],
        error_messages={"invalid_choice": "Write both, first, second or neither."},
        label="Techniques that both sources have a rule for, only the first or the second, or neither",
    )

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        found = dict(super().errors)
        vendors = [value for name, values in _lists(self.data) if name == "vendor" for value in values if value]
        if len(vendors) > 2 or len(vendors) != len(set(vendors)):
            found.setdefault("vendor", []).append("Name two different sources.")
        return found

    @cached_property
    def pair(self) -> tuple[Source, ...]:
        """The two sources; fewer where the reader sees no more."""
        known = {source.slug: source for source in Source.objects.visible_to(self.reader).in_order()}
        named = [known[slug] for slug in self.chosen("vendor")]
        return tuple([*named, *(source for source in known.values() if source not in named)][:2])

    @property
    def rules(self) -> QuerySet[Rule]:
        return super().rules.filter(source__in=self.pair)


def _lists(data: Any) -> Iterable[tuple[str, list[str]]]:
    """The parameters of an address with all of their values."""
    if data is None:
        return ()
    if hasattr(data, "lists"):
        return data.lists()
    return [(name, value if isinstance(value, list) else [value]) for name, value in data.items()]


def _repeats(of: django_filters.Filter) -> bool:
    return isinstance(of, django_filters.MultipleChoiceFilter)
