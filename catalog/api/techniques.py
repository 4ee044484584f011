"""Techniques in the API: the list, one, and its authoring guide."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint, Rows
from catalog.api.errors import BadParameters, UnknownTechnique
from catalog.api.pagination import whole_number
from catalog.api.parameters import FROM, NAMES, ROLLUP, flag, namespace, whole
from catalog.api.serializers import GuideSerializer, TechniqueDetailSerializer, TechniqueSerializer
from catalog.filters.rules import RuleFilterSet
from catalog.filters.techniques import TechniqueFilterSet
from detections.guide.counts import rules_by_technique
from detections.guide.guide import Guide, build_guide, rules_of_page
from detections.guide.naming import CANONICAL, ShownName, shown_names
from detections.guide.suggestions import suggest_techniques
from detections.guide.tables import LIMIT as FIRST_INDICATORS
from detections.importing.names import current_aliases
from detections.models import Rule, Technique

MOST_INDICATORS = 10_000
LIMIT = whole("limit", f"Rows of each table of indicators, {FIRST_INDICATORS} unless told.", MOST_INDICATORS)
WRITTEN_ID = re.compile(r"T\d{4}(\.\d{3})?")


def find(*written: str) -> list[Technique | None]:
    """The technique of each id as somebody wrote it, in any case; None where there is none. Two queries in all."""
    ids = [one.upper() for one in written]
    asked = [one for one in ids if WRITTEN_ID.fullmatch(one)]
    rows = Technique.objects.with_relatives().filter(attack_id__in=asked)
    found = {row.attack_id: row for row in rows} if asked else {}
    return [found.get(one) for one in ids]


class TechniqueListView(ListEndpoint):
    """Techniques in force, with the live rules that state them and that answer the filters.

    With a filter of rules only the techniques that such a rule states.
    """

    operation = "techniques"
    serializer_class = TechniqueSerializer
    filterset_class = TechniqueFilterSet
    own = ("subtechniques",)
    parameters = (ROLLUP,)

    def rows(self) -> Rows:
        asked = self.asked(Technique.objects.in_force().with_relatives())
        self.counts = rules_by_technique(asked.rules, flag(self.request, "subtechniques"))
        return asked.ranked(self.counts)

    def completed(self, rows: list[Technique]) -> list[Technique]:
        for technique in rows:
            technique.rule_count = self.counts[technique.pk]
        return rows


class TechniqueAddress(Endpoint):
    """What stands below a technique's ATT&CK id. A revoked id leads to its last successor (301)."""

    filterset_class = RuleFilterSet
    own = ("from", "subtechniques")
    parameters = (ROLLUP, FROM)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        written = kwargs["attack_id"]
        known, self.came_from = find(written, request.GET.get("from", ""))
        target = known.successor if known and known.revoked and known.successor else known
        if known and target and target.attack_id != written and request.method in ("GET", "HEAD"):
            query = request.GET.copy()
            if target is not known:
                query["from"] = known.attack_id
            address = reverse(request.resolver_match.view_name, kwargs={"attack_id": target.attack_id})
            return HttpResponsePermanentRedirect(f"{address}?{query.urlencode()}" if query else address)
        self.found = known
        return super().dispatch(request, *args, **kwargs)

    def found_technique(self, attack_id: str) -> Technique:
        """The technique of the address. Raises `UnknownTechnique`, and `BadParameters` for a wrong `from`."""
        if self.found is None:
            close = [{"attack_id": row.attack_id, "name": row.full_name} for row in suggest_techniques(attack_id)]
            raise UnknownTechnique(attack_id, close)
        if "from" in self.request.query_params and (self.came_from is None or self.came_from.successor != self.found):
            raise BadParameters({"from": ["This is no technique that was revoked by this one."]})
        return self.found


class TechniqueView(TechniqueAddress):
    """One technique by its ATT&CK id. A revoked id leads to its last successor (301)."""

    operation = "technique"
    serializer_class = TechniqueDetailSerializer

    def get(self, request: Request, attack_id: str) -> Response:
        technique = self.found_technique(attack_id)
        rules = self.asked(Rule.objects.live().visible_to(self.reader)).qs
        technique.rule_count = rules.under_technique(technique, flag(request, "subtechniques")).count()
        return Response(self.get_serializer(technique).data)


class TechniqueGuideView(TechniqueAddress):
    """The authoring guide: fields, values and exclusions that the technique's rules share, with corpus reach.

    Corpus reach measures how common an indicator is among rule authors, not how noisy it is in a network.
    """

    operation = "technique_guide"
    serializer_class = GuideSerializer
    own = (*TechniqueAddress.own, "names")
    parameters = (*TechniqueAddress.parameters, NAMES, LIMIT)

    def get(self, request: Request, attack_id: str) -> Response:
        technique = self.found_technique(attack_id)
        rules = self.asked(Rule.objects.visible_to(self.reader)).qs
        limit = whole_number(request, "limit", FIRST_INDICATORS, most=MOST_INDICATORS)
        guide = build_guide(technique, self.reader, rules, rollup=flag(request, "subtechniques"), limit=limit)
        self.shown = {"namespace": namespace(request), "names": self.names(guide)}
        return Response(self.get_serializer(guide).data)

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | getattr(self, "shown", {})

    def names(self, guide: Guide) -> dict[str, ShownName]:
        """The names of the guide's fields in the namespace asked for; empty for canonical ones."""
        asked = namespace(self.request)
        if asked == CANONICAL:
            return {}
        fields = [row.field for tables in (guide.checks, guide.exclusions) for row in tables.fields]
        rules = rules_of_page(guide.technique, self.reader, guide.rollup)
        return shown_names(asked, fields, rules, self.reader, current_aliases())
