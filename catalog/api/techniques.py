"""Techniques in the API: the list, one, and its authoring guide."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.errors import BadParameters, UnknownTechnique
from catalog.api.fields import chosen_fields
from catalog.api.filtering import checked, ordered
from catalog.api.pagination import whole_number
from catalog.api.serializers import GuideSerializer, TechniqueDetailSerializer, TechniqueSerializer
from catalog.filters import RuleFilterSet, TechniqueFilterSet
from detections.guide.guide import build_guide
from detections.guide.suggestions import suggest_techniques
from detections.models import AttackRelease, Rule, Technique
from detections.models.collation import code_point

FIRST_INDICATORS = 500
MOST_INDICATORS = 10_000
FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True}

_ROLLUP = OpenApiParameter("subtechniques", OpenApiTypes.BOOL, description="1 counts the rules of sub-techniques too.")
_FIELDS = OpenApiParameter("fields", description="Only these keys of the answer, separated by commas.")
_LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="Indicator rows of each table, up to 10,000.")
_ORDERING = OpenApiParameter("ordering", description="attack_id, name or rules; - before it for descending.")
RULE_PARAMETERS = [
    OpenApiParameter(name, many=True, description="Repeats for OR; the values are the words that pages show.")
    for name in ("vendor", "platform", "domain", "language", "status", "level", "parse")
]


def rolls_up(request: Request) -> bool:
    """`?subtechniques=1`. Raises `BadParameters`."""
    written = request.query_params.get("subtechniques", "").lower()
    if written not in FLAGS:
        raise BadParameters({"subtechniques": ["Write 1 for the rules of sub-techniques too, 0 for none of them."]})
    return FLAGS[written]


class TechniqueListView(GenericAPIView):
    """Techniques in force, with the number of live rules that state them under the filters given."""

    queryset = Technique.objects.none()
    serializer_class = TechniqueSerializer
    filterset_class = TechniqueFilterSet

    @extend_schema(parameters=[*RULE_PARAMETERS, _ROLLUP, _FIELDS, _ORDERING])
    def get(self, request: Request) -> Response:
        rollup = rolls_up(request)
        techniques = Technique.objects.in_force().with_relatives()
        asked = checked(request, TechniqueFilterSet, techniques, ("subtechniques",))
        rows = ordered(
            request,
            asked.qs.with_rule_counts(asked.rules, rollup),
            {"attack_id": code_point("attack_id"), "name": code_point("name"), "rules": F("rule_count")},
            "attack_id",
        )
        page = self.paginate_queryset(rows)
        context = self.get_serializer_context() | {"chosen": chosen_fields(request, TechniqueSerializer)}
        return self.get_paginated_response(TechniqueSerializer(page, many=True, context=context).data)


class TechniqueView(GenericAPIView):
    """One technique by its ATT&CK id. A revoked id leads to its last successor (301)."""

    queryset = Technique.objects.none()
    serializer_class = TechniqueDetailSerializer
    own: tuple[str, ...] = ("from", "subtechniques")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        written = kwargs["attack_id"]
        known = Technique.objects.select_related("successor").filter(attack_id=written.upper()[:12]).first()
        target = known.successor if known and known.revoked and known.successor else known
        if known and target and target.attack_id != written and request.method in ("GET", "HEAD"):
            query = request.GET.copy()
            if target is not known:
                query["from"] = known.attack_id
            address = reverse(request.resolver_match.view_name, kwargs={"attack_id": target.attack_id})
            return HttpResponsePermanentRedirect(f"{address}?{query.urlencode()}" if query else address)
        return super().dispatch(request, *args, **kwargs)

    def technique(self, attack_id: str) -> Technique:
        found = Technique.objects.with_relatives().filter(attack_id=attack_id).first()
        if found is None:
            close = [{"attack_id": row.attack_id, "name": row.full_name} for row in suggest_techniques(attack_id)]
            raise UnknownTechnique(attack_id, close)
        return found

    @extend_schema(parameters=[*RULE_PARAMETERS, _ROLLUP, _FIELDS])
    def get(self, request: Request, attack_id: str) -> Response:
        technique = self.technique(attack_id)
        rollup = rolls_up(request)
        rules = Rule.objects.live().visible_to(request._request.reader)
        rules = checked(request, RuleFilterSet, rules, self.own).qs
        technique.rule_count = rules.under_technique(technique, rollup).count()  # type: ignore[attr-defined]
        context = self.get_serializer_context() | {"chosen": chosen_fields(request, TechniqueDetailSerializer)}
        return Response(TechniqueDetailSerializer(technique, context=context).data)


class TechniqueGuideView(TechniqueView):
    """The authoring guide: fields, values and exclusions that the technique's rules share, with corpus reach.

    Corpus reach measures how common an indicator is among rule authors, not how noisy it is in a network.
    """

    serializer_class = GuideSerializer

    @extend_schema(parameters=[*RULE_PARAMETERS, _ROLLUP, _FIELDS, _LIMIT])
    def get(self, request: Request, attack_id: str) -> Response:
        technique = self.technique(attack_id)
        reader = request._request.reader
        rollup = rolls_up(request)
        limit = whole_number(request, "limit", FIRST_INDICATORS, most=MOST_INDICATORS)
        rules = checked(request, RuleFilterSet, Rule.objects.visible_to(reader), self.own).qs
        guide = build_guide(technique, reader, rules, rollup=rollup, limit=limit)
        release = AttackRelease.objects.first()
        context = self.get_serializer_context() | {
            "chosen": chosen_fields(request, GuideSerializer),
            "attack_version": release.version if release else "",
        }
        return Response(GuideSerializer(guide, context=context).data)
