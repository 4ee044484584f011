"""Techniques: the list by tactic, and the authoring guide of one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.generic import View

from catalog.facets import technique_counts
from catalog.filters.rules import RuleFilterSet
from catalog.filters.techniques import TechniqueFilterSet
from catalog.ordering import TECHNIQUE_ORDERS, parted
from catalog.pages.charts import spread_charts
from catalog.pages.filtering import Asked, Choice, ask, number_asked
from catalog.pages.guide_tables import field_table, first_rows, rows_table
from catalog.pages.lists import cleared, columns, facets, in_force, with_rows_left, words_shown
from catalog.templatetags.wording import LANGUAGE_NAMES, PARSE_WORDS, query_with
from detections.guide.coverage import build_coverage
from detections.guide.guide import build_guide, rules_of_page
from detections.guide.naming import CANONICAL, NAMESPACES, ShownName, shown_names
from detections.guide.neighbours import neighbours_with_rules
from detections.guide.suggestions import suggest_techniques
from detections.importing.names import current_aliases
from detections.models import Rule, Technique

SHOWN = 50  # indicators
SHOWN_EXCLUDED = 25  # excluded indicators
SHOWN_FURTHER = 15  # log sources, false positives
SHOWN_RULES = 25  # of each vendor
SHOWN_OTHERS = 10  # of each vendor, retired and the like
NAMES = {"sigma": "Sigma", "ecs": "ECS", "cim": "CIM"}
WRITTEN_ID = re.compile(r"[Tt]\d{4}(\.\d{3})?")
OF_RULES = TechniqueFilterSet.OF_RULES
FACETS = {
    "tactic": "Tactic", "show": "Rules", "attack_platform": "Platform", "vendor": "Vendor of the rules",
    "domain": "Domain of the rules", "platform": "Platform of the rules", "level": "Level of the rules",
    "status": "Status of the rules", "language": "Language of the rules", "parse": "Parsed",
}  # fmt: skip
TITLES = {**FACETS, "q": "Words in the name", "parent": "Sub-techniques of", "show": "Shown"}
# With filters of rules the list itself holds the techniques that such a rule states.
SHOWS_OF_RULES = {
    "": "with rules of their own",
    "covered": "with sub-techniques’ rules too",
    "missing": "without rules",
}
COLUMNS = {"attack_id": "Id", "name": "Technique", "rules": "Rules"}
FOLDED = 150  # a list of more techniques folds sub-techniques under their parents
PAGE = 100  # techniques of a sorted list
RULE_TITLES = {"parse": "Parsed", "live": "Shown"}
FLAGS = {"": False, "0": False, "1": True}


class TechniquePage(View):
    """What the pages under a technique's address share: finding it, following its successor, its rules.

    A lower-case id leads to the upper-case address, a revoked one to its last successor; one that nobody knows is a
    404 with suggestions. `own` are the parameters that the page reads itself.
    """

    own: tuple[str, ...] = ("from", "subtechniques", "equivalent", "names")
    technique: Technique
    subtechniques: list[Technique]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        written = kwargs["attack_id"]
        sound = WRITTEN_ID.fullmatch(written) is not None
        family = list(Technique.objects.with_relatives().family(written.upper())) if sound else []
        known = family[0] if family else None
        if known is None:
            context = {"written": written[:60], "suggestions": suggest_techniques(written)}
            return render(request, "errors/technique_unknown.html", context, status=404)
        target = known.successor if known.revoked and known.successor else known
        if target.attack_id != written:
            query = request.GET.copy()
            if target is not known:
                query["from"] = known.attack_id
            address = reverse(request.resolver_match.view_name, kwargs={**kwargs, "attack_id": target.attack_id})
            return redirect(f"{address}?{query.urlencode()}" if query else address, permanent=True)
        self.technique, *self.subtechniques = family
        return super().dispatch(request, *args, **kwargs)

    def ask(self) -> Asked:
        """The rules under the technique that the address asks for, live or not."""
        rules = Rule.objects.visible_to(self.request.reader)
        asked = ask(self.request, RuleFilterSet, rules, self.own)
        if self.request.GET.get("subtechniques", "") not in FLAGS:
            asked.errors["subtechniques"] = ["Write 1 for the rules of sub-techniques too, 0 for none of them."]
        if self.request.GET.get("equivalent", "") not in FLAGS:
            asked.errors["equivalent"] = ["Write 1 to see the equivalent reach beside the exact one."]
        if self.request.GET.get("names", "") not in ("", *NAMESPACES):
            asked.errors["names"] = [f"Write one of: {', '.join(NAMESPACES)}."]
        if "from" in self.request.GET and self.came_from() is None:
            asked.errors["from"] = ["This is no technique that was revoked by this one."]
        return asked

    @property
    def rollup(self) -> bool:
        return FLAGS.get(self.request.GET.get("subtechniques", ""), False)

    @property
    def equivalent(self) -> bool:
        """Whether the equivalent reach stands beside the exact one."""
        return FLAGS.get(self.request.GET.get("equivalent", ""), False)

    @property
    def namespace(self) -> str:
        """Whose names of fields are shown; "" for canonical ones."""
        written = self.request.GET.get("names", "")
        return "" if written == CANONICAL else written

    def names(self, fields: Iterable[str]) -> dict[str, ShownName]:
        """The names of canonical fields as they are shown; empty for canonical names."""
        if not self.namespace:
            return {}
        reader = self.request.reader
        rules = rules_of_page(self.technique, reader, self.rollup)
        return shown_names(self.namespace, fields, rules, reader, current_aliases())

    def came_from(self) -> Technique | None:
        """The revoked technique that led here."""
        written = self.request.GET.get("from", "")
        if not WRITTEN_ID.fullmatch(written):
            return None
        return Technique.objects.filter(attack_id=written.upper(), successor=self.technique).first()

    @property
    def switches(self) -> list[tuple[str, str]]:
        """What the page shows in which way, whatever is filtered."""
        own = [("subtechniques", "1")] if self.rollup else []
        return [*own, ("names", self.namespace)] if self.namespace else own

    def filter_query(self, asked: Asked, without: tuple[str, ...] = ()) -> str:
        """The filters and switches in force as a query string, for the addresses of what opens in place."""
        return urlencode([*asked.besides(*without), *self.switches])


class TechniqueDetailView(TechniquePage):
    """The authoring guide."""

    def get(self, request: HttpRequest, attack_id: str) -> HttpResponse:
        asked = self.ask()
        context: dict[str, Any] = {
            "technique": self.technique,
            "came_from": self.came_from() if "from" in request.GET else None,
            "rollup": self.rollup,
            "errors": asked.errors,
            "filter_query": self.filter_query(asked),
            "filtered": bool(asked.query),
            "choices": [
                asked.choice("vendor", "Vendor", "all"),
                asked.choice("platform", "Platform", "all"),
                asked.choice("domain", "Domain", "all"),
                Choice("names", "Names", "canonical", tuple(NAMES.items()), self.namespace, ()),
            ],
            "kept": [
                *asked.besides("vendor", "platform", "domain"),
                *([("equivalent", "1")] if self.equivalent else []),
            ],
            "subtechniques": self.subtechniques,
        }
        if self.technique.in_force and not asked.errors:
            context |= self.guide(asked, context["filter_query"])
            shown = [*self.switches, *([("equivalent", "1")] if self.equivalent else [])]
            words = {"vendor": context["vendor_names"], "language": LANGUAGE_NAMES, "parse": PARSE_WORDS}
            context |= {"in_force": in_force(asked, words, RULE_TITLES, shown), "cleared": cleared(asked, shown)}
        return render(request, "techniques/technique_detail.html", context, status=400 if asked.errors else 200)

    def guide(self, asked: Asked, query: str) -> dict[str, Any]:
        reader = self.request.reader
        guide = build_guide(self.technique, reader, asked.rows, rollup=self.rollup, limit=SHOWN)
        attack_id = self.technique.attack_id
        fields = [row.field for tables in (guide.checks, guide.exclusions) for row in tables.fields]
        return {
            "guide": guide,
            "names": self.names(fields),
            "field_table": field_table(attack_id, guide.checks, query, excluded=False),
            "excluded_field_table": field_table(attack_id, guide.exclusions, query, excluded=True),
            "indicator_table": first_rows(guide, reader, query, excluded=False, equivalent=self.equivalent),
            "exclusion_table": first_rows(guide, reader, query, SHOWN_EXCLUDED, excluded=True, equivalent=False),
            "log_sources": rows_table("technique-log-sources", attack_id, guide.log_sources, query, most=SHOWN_FURTHER),
            "false_positives": rows_table(
                "technique-false-positives", attack_id, guide.false_positives, query, most=SHOWN_FURTHER
            ),
            "charts": spread_charts(guide.checks.spread),
            "vendor_names": {group.slug: group.name for group in guide.vendors},
            "other_equivalent": int(not self.equivalent),
            "shown_rules": SHOWN_RULES,
            "shown_others": SHOWN_OTHERS,
            "neighbours": () if guide.rules else neighbours_with_rules(self.technique, asked.rows.live()),
            "rule_query": self.filter_query(asked, without=("vendor", "live")),
        }


class TechniqueListView(View):
    """Techniques in force with the rules of each vendor that the filters let through.

    They stand by tactic, a technique with several under each, and a long list folds sub-techniques under their
    parents; with an `ordering` each stands once, page by page.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = ask(request, TechniqueFilterSet, Technique.objects.in_force())
        page = number_asked(request, asked, "page", 1)
        context: dict[str, Any] = {
            "errors": asked.errors,
            "words": request.GET.get("q", ""),
            "kept": asked.besides("q", "page", *FACETS),
        }
        if not asked.errors:
            context |= self.listed(asked, page)
        return render(request, "techniques/technique_list.html", context, status=400 if asked.errors else 200)

    def listed(self, asked: Asked, page: int) -> dict[str, Any]:
        reader, ordering = self.request.reader, asked.filterset.ordering
        of_rules = [(name, value) for name, value in asked.besides() if name in OF_RULES]
        of_any_vendor = [one for one in of_rules if one[0] != "vendor"]
        shown = words_shown(reader) | ({"show": SHOWS_OF_RULES} if of_rules else {})
        filters = in_force(asked, shown, TITLES)
        coverage = build_coverage(asked.rows, asked.filterset.rules)
        ranked = coverage.sorted_by(*parted(ordering)) if ordering else ()
        return {
            "coverage": coverage,
            "page_obj": Paginator(ranked, PAGE).get_page(page),
            "folded": coverage.techniques > FOLDED,
            "ordering": ordering,
            "vendors": shown["vendor"],
            "facets": facets(asked, technique_counts(asked.filterset), FACETS, shown),
            "in_force": filters if coverage.rows else with_rows_left(asked.filterset, filters),
            "cleared": cleared(asked),
            "columns": columns(ordering, TECHNIQUE_ORDERS, COLUMNS),
            "rule_query": query_with(urlencode(of_rules)),
            "fold_query": urlencode(asked.besides("parent", "page", "ordering")),
            "more_rules_query": "&" + urlencode(of_rules) if of_rules else "",
            "of_any_vendor_query": "&" + urlencode(of_any_vendor) if of_any_vendor else "",
        }
