"""Rules: their metadata, and beside each its text with the analysed tree."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from itertools import product

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from detections.models.collation import code_point
from detections.models.reader import Reader
from detections.models.source import Source
from detections.models.technique import Technique


class Platform(models.Model):
    """A platform in the words of `normalization/tables/platforms.csv`."""

    name = models.CharField(max_length=40, primary_key=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A domain of telemetry: endpoint, cloud, identity and so on."""

    name = models.CharField(max_length=40, primary_key=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


# As attributes: Django makes a queryset for each rule and relation that it prefetches otherwise, which takes longer
# than the queries.
PLACES = (Prefetch("platforms", to_attr="listed_platforms"), Prefetch("domains", to_attr="listed_domains"))


class RuleQuerySet(models.QuerySet["Rule"]):
    def live(self) -> RuleQuerySet:
        """The rules that count: live by folder and status, and no copy of a public rule."""
        return self.filter(live=True)

    def visible_to(self, reader: Reader) -> RuleQuerySet:
        return self.filter(reader.sources("source"))

    def diverged(self) -> RuleQuerySet:
        """Edited rules whose repository has a newer text."""
        return self.filter(held__isnull=False)

    def not_parsed_in_full(self) -> RuleQuerySet:
        """Those of which a part, or all, could not be read; the partly read ones first."""
        return self.exclude(parse="full").order_by(
            Case(When(parse="partial", then=Value(0)), default=Value(1)), code_point("title"), "pk"
        )

    def under_technique(self, technique: Technique, rollup: bool = False) -> RuleQuerySet:
        """Rules that state the technique; a parent that a vendor writes as a matter of form is no statement.

        With `rollup` the rules of its sub-techniques too, each once.
        """
        mine = Q(technique=technique)
        if rollup:
            mine |= Q(technique__parent=technique)
        # Not a correlated EXISTS: on SQLite that reads all tags of the technique again for every rule.
        return self.filter(pk__in=RuleTechnique.objects.filter(mine, structural=False).values("rule"))

    def checking(self, indicator: str, excluded: bool = False) -> RuleQuerySet:
        """Rules that check the indicator of a key, or exclude it; each once."""
        uses = {"indicators__indicator": indicator, "indicators__excluded": excluded, "indicators__counted": True}
        return self.filter(**uses)

    def named(self, names: Collection[str]) -> RuleQuerySet:
        """Rules by what others of their source call them: their id, or the `name` that a Sigma rule gives itself."""
        return self.filter(Q(own_id__in=names) | Q(text__extra__name__in=names))

    def referring_to(self, rule: Rule) -> RuleQuerySet:
        """Sigma's correlations and filters of the same source that list the rule, by its id or its name."""
        listed = Q()
        for name, kind in product((rule.own_id, rule.text.extra.get("name")), ("correlation", "filter")):
            if isinstance(name, str):
                path = f"text__extra__{kind}__rules"
                member = re.escape(json.dumps(name, ensure_ascii=False))
                listed |= Q(**{path: name}) | Q(**{f"{path}__regex": member})
        return self.filter(listed, source=rule.source_id, type__in=("correlation", "filter"))

    def mark_copies(self) -> set[int]:
        """Find among these rules the copies of public ones, set `copy` and `live`; the ids that changed."""
        changed = self.wrongly_marked()
        for is_copy, ids in changed.items():
            for first in range(0, len(ids), 500):
                Rule.objects.filter(pk__in=ids[first : first + 500]).update(
                    copy=is_copy, live=Case(When(lifecycle="live", then=Value(not is_copy)), default=Value(False))
                )
        return {pk for ids in changed.values() for pk in ids}

    def wrongly_marked(self) -> dict[bool, list[int]]:
        """The ids of those that are copies, and of those that are none, but whose `copy` or `live` says otherwise.

        A copy is a rule of a source that is not public with the id of a live rule of a public source in the same
        format (a team's fork of a public repository): counted, it would double every reach.
        """
        originals = Rule.objects.filter(
            own_id=OuterRef("own_id"), source__vendor=OuterRef("source__vendor"), source__public=True, lifecycle="live"
        )
        candidates = self.filter(Q(source__public=False) | Q(copy=True))
        rows = candidates.annotate(is_copy=Q(source__public=False) & Exists(originals)).values_list(
            "pk", "copy", "live", "lifecycle", "is_copy"
        )
        changed: dict[bool, list[int]] = {True: [], False: []}
        for pk, copy, live, lifecycle, is_copy in rows.iterator():
            if bool(is_copy) != copy or live != (lifecycle == "live" and not is_copy):
                changed[bool(is_copy)].append(pk)
        return changed

    def in_order(self) -> RuleQuerySet:
        """By title in code-point order, then by address: a total order."""
        return self.order_by(code_point("title"), code_point("source__slug"), code_point("own_id"))

    def for_list(self) -> RuleQuerySet:
        """With all that a row of a list shows, in a fixed number of queries."""
        return self.select_related("source").prefetch_related(*PLACES)

    def for_page(self) -> RuleQuerySet:
        """With all that a rule's page shows."""
        return self.for_list().select_related("text").prefetch_related("techniques__technique", "log_sources")


class Rule(models.Model):
    """One rule. Its address is its source's slug and its own id; it is never deleted, only retired.

    `live` is what counts: lifecycle "live" and no copy. `parse` is full, partial or none. `created` and `modified`
    are the vendor's own ISO dates, "" when it tells none.

    `version` is the number of its current version; who saves says which one they began from. An `edited` rule keeps
    its edit when the repository changes: `base` is the repository's version that the edit began from, `held` the
    newer one that is held back (the rule is *diverged*). `overrides` are the staff's title, status, level,
    techniques, platforms and domains, each where it differs from what the text says.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="rules")
    own_id = models.CharField(max_length=100)
    title = models.CharField(max_length=400)
    description = models.TextField(blank=True)
    authors = models.JSONField(default=list, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=40, blank=True)
    level = models.CharField(max_length=40, blank=True)
    type = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=10)
    parse = models.CharField(max_length=10)
    lifecycle = models.CharField(max_length=20)
    copy = models.BooleanField(default=False, help_text="A copy of a public rule: stored, counted nowhere.")
    live = models.BooleanField(default=False)
    references = models.JSONField(default=list, blank=True)
    false_positives = models.JSONField(default=list, blank=True)
    created = models.CharField(max_length=10, blank=True)
    modified = models.CharField(max_length=10, blank=True)
    tags = models.JSONField(default=list, blank=True)
    path = models.CharField(max_length=400)
    file_path = models.CharField(max_length=400)
    link = models.CharField(max_length=500, blank=True)
    platforms = models.ManyToManyField(Platform, related_name="rules", blank=True)
    domains = models.ManyToManyField(Domain, related_name="rules", blank=True)
    predicate_count = models.PositiveIntegerField(default=0)
    exclusion_count = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    edited = models.BooleanField(default=False, help_text="Its text or metadata is the site's, not the repository's.")
    overrides = models.JSONField(default=dict, blank=True)
    held = models.ForeignKey("RuleVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    base = models.ForeignKey("RuleVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = RuleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "own_id"], name="one_rule_per_address")]
        indexes = [
            models.Index(fields=["live", "source"]),
            models.Index(fields=["source", "file_path"]),
            models.Index(fields=["own_id"]),
            models.Index(fields=["source"], condition=Q(edited=True), name="edited_rules"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def effective_licence(self) -> str:
        """Its own licence, else its source's; "" where neither names one."""
        return self.licence or self.source.licence

    @property
    def platform_names(self) -> list[str]:
        """By name. No query for a rule of `for_list`."""
        rows = self.listed_platforms if hasattr(self, "listed_platforms") else self.platforms.all()
        return [platform.pk for platform in rows]

    @property
    def domain_names(self) -> list[str]:
        """By name. No query for a rule of `for_list`."""
        rows = self.listed_domains if hasattr(self, "listed_domains") else self.domains.all()
        return [domain.pk for domain in rows]


class RuleText(models.Model):
    """A rule's own text and what the engine read in it, one to one beside the rule.

    `tree` is the tree of conditions (see `detections.analysis.serialization`), `beside` the list of trees that
    stand beside the query, `problems` a list of {message, line, column, snippet, start, end, severity}, `extra` what
    only this vendor has. Offsets index `query`, or `text` for Sigma.
    """

    rule = models.OneToOneField(Rule, on_delete=models.CASCADE, primary_key=True, related_name="text")
    text = models.TextField()
    query = models.TextField(blank=True)
    line = models.PositiveIntegerField(default=1)
    query_line = models.PositiveIntegerField(default=1)
    tree = models.JSONField(null=True, blank=True)
    beside = models.JSONField(default=list, blank=True)
    problems = models.JSONField(default=list, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    platform_rule = models.CharField(max_length=60, blank=True)
    domain_rule = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"text of {self.rule_id}"

    @property
    def marked_text(self) -> str:
        """The text that the tree's offsets index."""
        return self.query or self.text


class RuleTechniqueQuerySet(models.QuerySet["RuleTechnique"]):
    def resolve(self) -> int:
        """Point every tag at the technique in force that it counts for, by the ids as written; how many changed."""
        found = Technique.objects.filter(attack_id=OuterRef("written"))
        target = Subquery(found.annotate(end=Coalesce("successor_id", "id")).values("end"))
        stale = self.annotate(target=target).exclude(Q(technique_id=F("target")) & Q(target__isnull=False))
        return stale.exclude(technique__isnull=True, target__isnull=True).update(technique_id=target)

    def unknown(self) -> RuleTechniqueQuerySet:
        """Tags with ids that the ATT&CK version in force does not know."""
        return self.filter(technique__isnull=True)


class RuleTechnique(models.Model):
    """A technique id as a rule writes it, and the technique in force that it counts for.

    `technique` follows successors to the end; null while ATT&CK does not know the id. `structural` marks a parent
    that the vendor writes beside its sub-technique as a matter of form: shown, never counted. It is judged on the
    ids as written, before succession.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="techniques")
    written = models.CharField(max_length=20)
    technique = models.ForeignKey(Technique, null=True, on_delete=models.SET_NULL, related_name="rule_tags")
    structural = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    objects = RuleTechniqueQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=["rule", "written"], name="one_tag_per_rule_and_id")]
        indexes = [
            models.Index(fields=["technique", "structural", "rule"]),
            models.Index(fields=["written"]),
        ]

    def __str__(self) -> str:
        return self.written


class RuleLogSource(models.Model):
    """One telemetry that a rule needs, in its vendor's words."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="log_sources")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["kind", "name", "rule"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
