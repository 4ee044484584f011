"""The FilterSets: one for each model, shared by pages and API, so that both answer the same question alike.

A parameter may repeat (any of its values), different ones combine (all of them). A value that nothing in the catalog
has and a parameter that nobody knows are errors, never an empty list or all rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

import django_filters
from django import forms
from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils.functional import SimpleLazyObject

from catalog.caching import KEPT_SECONDS, code_version
from catalog.facets import attack_platforms, rule_words
from catalog.filter_kinds import (
    LONGEST,
    AttackPlatformsFilter,
    StatedTacticsFilter,
    TacticsFilter,
    TagsFilter,
    TechniquesFilter,
    TextFilter,
    WordsField,
    WordsFilter,
)
from catalog.ordering import RULE_ORDERS, TECHNIQUE_ORDERS, Order, in_order, ordering_errors, parted
from catalog.words import unknown_parameter
from detections.guide.matrix import attack_words
from detections.models import Reader, Rule, RuleTechnique, Source, Tactic, Technique

# Known on every list and guide, whether or not a FilterSet reads them.
KNOWN_EVERYWHERE = frozenset({"page", "page_size", "ordering", "fields", "format", "limit"})
MOST_WORDS = 10


class StrictFilterSet(django_filters.FilterSet):
    """Reports unknown parameters and bad values; with errors it lets no row through.

    `own` are parameters that its page or endpoint reads itself, `orders` what `ordering` may name; without orders it
    is not looked at.
    """

    own: tuple[str, ...] = ()
    orders: Mapping[str, Order] = {}

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
        if self.orders and (messages := ordering_errors(self.ordering, self.orders)):
            found["ordering"] = messages
        return found

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def qs(self) -> QuerySet[Any]:
        if self.errors:
            return self.queryset.none()
        return super().qs

    @property
    def ordering(self) -> str:
        """What `ordering` asks for; "" for the list's own order."""
        return str((self.data or {}).get("ordering", ""))

    @property
    def in_order(self) -> QuerySet[Any]:
        """The rows by `ordering`, or by the first of the orders; those without an expression are the view's."""
        return self.qs if self.errors else in_order(self.qs, self.orders, self.ordering or next(iter(self.orders)))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.filtered(queryset)

    def filtered(self, rows: QuerySet[Any], without: Collection[str] = ()) -> QuerySet[Any]:
        """`rows` through all filters but those named in `without`."""
        for name, value in self.form.cleaned_data.items():
            if name not in without:
                rows = self.filters[name].filter(rows, value)
        return rows

    def without(self, *names: str) -> QuerySet[Any]:
        """The rows, in no order, that there would be were these filters taken off."""
        if self.errors:
            return self.queryset.none()
        return self.filtered(self.queryset.order_by(), names)

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

    orders = RULE_ORDERS

    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the title, or a rule's id")
    technique = TechniquesFilter(label="Id of a technique that the rule states")
    tactic = StatedTacticsFilter(label="Short name, id or name of a tactic of a technique that the rule states")

    def words(self) -> Mapping[str, Iterable[str]]:
        return {**self.rule_words, "tactic": SimpleLazyObject(tactic_words)}

    def filtered(self, rows: QuerySet[Rule], without: Collection[str] = ()) -> QuerySet[Rule]:
        rules = super().filtered(rows, without)
        asked = "live" in without or self.form.cleaned_data["live"]
        return rules if asked else rules.filter(live=True)

    def with_words(self, rules: QuerySet[Rule], name: str, value: str) -> QuerySet[Rule]:
        for word in value.split()[:MOST_WORDS]:
            rules = rules.filter(Q(title__icontains=word) | Q(own_id__iexact=word))
        return rules


class TechniqueFilterSet(StrictFilterSet):
    """Filters of techniques. Those of rules leave the techniques that a live rule states which answers all of them.

    `show` asks whether there is such a rule, a sub-technique's standing for its parent too.
    """

    orders = TECHNIQUE_ORDERS

    tactic = TacticsFilter(label="Short name, id or name of a tactic")
    vendor = WordsFilter(method="of_rules", label="Slug of a source")
    platform = WordsFilter(method="of_rules", label="Platform of the rules")
    domain = WordsFilter(method="of_rules", label="Domain of the rules")
    language = WordsFilter(method="of_rules", label="Query language of the rules")
    status = WordsFilter(method="of_rules", label="Status of the rules")
    level = WordsFilter(method="of_rules", label="Level or severity of the rules")
    parse = WordsFilter(method="of_rules", label="How far the rules are parsed")
    attack_platform = AttackPlatformsFilter(label="Platform in ATT&CK's words")
    show = django_filters.ChoiceFilter(
        method="of_coverage",
        choices=[("covered", "covered"), ("missing", "missing")],
        error_messages={"invalid_choice": "Write covered or missing."},
        label="covered: with a live rule that answers the filters; missing: without one, of the platforms asked for",
    )
    q = TextFilter(method="with_words", max_length=LONGEST, label="Words of the name, or an id")

    OF_RULES = ("vendor", "platform", "domain", "language", "status", "level", "parse")

    class Meta:
        model = Technique
        fields: list[str] = []

    def words(self) -> Mapping[str, Iterable[str]]:
        lazy = {"tactic": SimpleLazyObject(tactic_words), "attack_platform": SimpleLazyObject(attack_platforms)}
        return {**self.rule_words, **lazy}

    @property
    def rules(self) -> QuerySet[Rule]:
        """The live rules that the reader sees and that answer the filters of rules: what is counted."""
        return self.rules_without()

    def rules_without(self, *names: str) -> QuerySet[Rule]:
        """These rules, were some filters of rules taken off."""
        rules = Rule.objects.visible_to(self.reader).live()
        for name in self.OF_RULES if self.is_valid() else ():
            if name not in names:
                rules = RuleFilterSet.base_filters[name].filter(rules, self.form.cleaned_data[name])
        return rules

    def filtered(self, rows: QuerySet[Technique], without: Collection[str] = ()) -> QuerySet[Technique]:
        techniques = super().filtered(rows, without)
        show = "" if "show" in without else self.form.cleaned_data["show"]
        if show == "covered":
            return techniques.covered_by(self.rules_without(*without))
        if show == "missing":
            fitting = techniques if "platform" in without else self.fitting(techniques)
            return fitting.not_covered_by(self.rules_without(*without))
        if not any(self.form.cleaned_data[name] for name in self.OF_RULES if name not in without):
            return techniques
        rules = self.rules_without(*without)
        stated = RuleTechnique.objects.filter(rule__in=rules.values("pk"), structural=False)
        return techniques.filter(pk__in=stated.values("technique"))

    def fitting(self, techniques: QuerySet[Technique]) -> QuerySet[Technique]:
        """Those that ATT&CK knows on one of the rules' platforms asked for: others are not missing there."""
        platforms = self.form.cleaned_data["platform"]
        return techniques.listed_for(attack_words(platforms)) if platforms else techniques

    def ranked(self, counts: Mapping[int, int]) -> QuerySet[Technique] | list[Technique]:
        """The techniques by `ordering`; `counts` are the rules of each, by its key."""
        name, falls = parted(self.ordering)
        if name != "rules":
            return self.in_order
        rows = in_order(self.qs, self.orders, "attack_id")
        return sorted(rows, key=lambda row: -counts.get(row.pk, 0) if falls else counts.get(row.pk, 0))

    def of_coverage(self, techniques: QuerySet[Technique], name: str, value: str) -> QuerySet[Technique]:
        """Nothing yet: it is asked together with the filters of rules."""
        return techniques

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

    orders: Mapping[str, Order] = {}

    show = django_filters.ChoiceFilter(
        method="of_rules",
        choices=[("covered", "covered"), ("missing", "only missing")],
        error_messages={"invalid_choice": "Write covered or missing."},
        label="covered: techniques that such a rule states; missing: those that none does, of the platforms asked for",
    )

    def filtered(self, rows: QuerySet[Technique], without: Collection[str] = ()) -> QuerySet[Technique]:
        return super(TechniqueFilterSet, self).filtered(rows, without)

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


def tactic_words() -> tuple[str, ...]:
    """The short names of tactics in matrix order."""
    return tuple(Tactic.objects.order_by("position").values_list("shortname", flat=True))


def _lists(data: Any) -> Iterable[tuple[str, list[str]]]:
    """The parameters of an address with all of their values."""
    if data is None:
        return ()
    if hasattr(data, "lists"):
        return data.lists()
    return [(name, value if isinstance(value, list) else [value]) for name, value in data.items()]


def _repeats(of: django_filters.Filter) -> bool:
    return isinstance(of, django_filters.MultipleChoiceFilter)
