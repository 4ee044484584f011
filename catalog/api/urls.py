"""Addresses of the API, below `/api/`."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, extend_schema_view
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from catalog.api.aliases import AliasListView
from catalog.api.catalog import AttackView, SourceListView, StatsView, TacticListView
from catalog.api.compare import CompareView
from catalog.api.endpoint import ProblemsMixin
from catalog.api.exclusions import ExclusionGroupsView, ExclusionListView
from catalog.api.fields import (
    FieldAliasListView,
    FieldListView,
    FieldLogSourceListView,
    FieldTechniqueListView,
    FieldValueListView,
    FieldView,
)
from catalog.api.indicators import (
    IndicatorEquivalentsView,
    IndicatorListView,
    IndicatorRulesView,
    IndicatorTechniquesView,
    IndicatorTogetherView,
    IndicatorVariantsView,
    IndicatorVendorsView,
    IndicatorView,
)
from catalog.api.matrix import MatrixView, NavigatorLayerView
from catalog.api.problems import FileProblemsView, ParseProblemsView, UnknownTechniquesView
from catalog.api.rule_changes import EditableRuleListView, EditableRuleView, RuleRetireView, RuleReviveView
from catalog.api.rule_parts import RulePredicatesView, RuleRawView, RuleVersionsView
from catalog.api.rules import SimilarRulesView
from catalog.api.runs import RunCancelView, RunListView, RunView
from catalog.api.search import SearchView
from catalog.api.technique_tables import (
    SimilarTechniquesView,
    TechniqueFalsePositivesView,
    TechniqueFieldsView,
    TechniqueIndicatorsView,
    TechniqueLogSourcesView,
    TechniqueRulesView,
)
from catalog.api.techniques import TechniqueGuideView, TechniqueListView, TechniqueView
from catalog.pages.start import StartView
from catalog.problems import NOTHING_HERE, problem_response


@extend_schema_view(get=extend_schema(exclude=True))
class DocumentationView(SpectacularRedocView):
    """The schema for people. Redoc comes with the product and starts a worker from a blob."""

    url_name = "api-schema"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'"
        )
        return response


@extend_schema_view(get=extend_schema(exclude=True))
class TryingView(SpectacularSwaggerView):
    """The schema to try out: every operation with a form that asks this site."""

    url_name = "api-schema"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
        )
        return response


class SchemaView(ProblemsMixin, SpectacularAPIView):
    """The OpenAPI document."""


@csrf_exempt  # it changes nothing, and a page about a token would mislead
def nothing_here(request: HttpRequest) -> HttpResponse:
    """What is below `/api/` and no endpoint answers is a problem too, also where Django would show its own page."""
    return problem_response(request, 404, NOTHING_HERE)


urlpatterns = [
    path("", DocumentationView.as_view(), name="api-docs"),
    path("start/", StartView.as_view(), name="api-start"),
    path("try/", TryingView.as_view(), name="api-swagger"),
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("v1/search/", SearchView.as_view(), name="api-search"),
    path("v1/techniques/", TechniqueListView.as_view(), name="api-technique-list"),
    path("v1/techniques/<str:attack_id>/", TechniqueView.as_view(), name="api-technique"),
    path("v1/techniques/<str:attack_id>/guide/", TechniqueGuideView.as_view(), name="api-technique-guide"),
    path("v1/techniques/<str:attack_id>/fields/", TechniqueFieldsView.as_view(), name="api-technique-fields"),
    path(
        "v1/techniques/<str:attack_id>/indicators/",
        TechniqueIndicatorsView.as_view(),
        name="api-technique-indicators",
    ),
    path(
        "v1/techniques/<str:attack_id>/log-sources/",
        TechniqueLogSourcesView.as_view(),
        name="api-technique-log-sources",
    ),
    path(
        "v1/techniques/<str:attack_id>/false-positives/",
        TechniqueFalsePositivesView.as_view(),
        name="api-technique-false-positives",
    ),
    path("v1/techniques/<str:attack_id>/rules/", TechniqueRulesView.as_view(), name="api-technique-rules"),
    path("v1/techniques/<str:attack_id>/similar/", SimilarTechniquesView.as_view(), name="api-similar-techniques"),
    path("v1/tactics/", TacticListView.as_view(), name="api-tactic-list"),
    path("v1/stats/", StatsView.as_view(), name="api-stats"),
    path("v1/parse-problems/", ParseProblemsView.as_view(), name="api-parse-problems"),
    path("v1/file-problems/", FileProblemsView.as_view(), name="api-file-problems"),
    path("v1/unknown-techniques/", UnknownTechniquesView.as_view(), name="api-unknown-techniques"),
    path("v1/matrix/", MatrixView.as_view(), name="api-matrix"),
    path("v1/navigator-layer/", NavigatorLayerView.as_view(), name="api-navigator-layer"),
    path("v1/compare/", CompareView.as_view(), name="api-compare"),
    path("v1/rules/", EditableRuleListView.as_view(), name="api-rule-list"),
    path("v1/rules/<slug:source>/<own_id:own_id>/", EditableRuleView.as_view(), name="api-rule"),
    path("v1/rules/<slug:source>/<own_id:own_id>/retire/", RuleRetireView.as_view(), name="api-rule-retire"),
    path("v1/rules/<slug:source>/<own_id:own_id>/revive/", RuleReviveView.as_view(), name="api-rule-revive"),
    path("v1/rules/<slug:source>/<own_id:own_id>/similar/", SimilarRulesView.as_view(), name="api-similar-rules"),
    path(
        "v1/rules/<slug:source>/<own_id:own_id>/predicates/", RulePredicatesView.as_view(), name="api-rule-predicates"
    ),
    path("v1/rules/<slug:source>/<own_id:own_id>/raw/", RuleRawView.as_view(), name="api-rule-raw"),
    path("v1/rules/<slug:source>/<own_id:own_id>/versions/", RuleVersionsView.as_view(), name="api-rule-versions"),
    path("v1/fields/", FieldListView.as_view(), name="api-field-list"),
    path("v1/fields/<field_name:name>/aliases/", FieldAliasListView.as_view(), name="api-field-aliases"),
    path("v1/fields/<field_name:name>/values/", FieldValueListView.as_view(), name="api-field-values"),
    path("v1/fields/<field_name:name>/techniques/", FieldTechniqueListView.as_view(), name="api-field-techniques"),
    path("v1/fields/<field_name:name>/log-sources/", FieldLogSourceListView.as_view(), name="api-field-log-sources"),
    path("v1/fields/<field_name:name>/", FieldView.as_view(), name="api-field"),
    path("v1/indicators/", IndicatorListView.as_view(), name="api-indicator-list"),
    path("v1/indicators/<key:key>/", IndicatorView.as_view(), name="api-indicator"),
    path("v1/indicators/<key:key>/rules/", IndicatorRulesView.as_view(), name="api-indicator-rules"),
    path("v1/indicators/<key:key>/equivalents/", IndicatorEquivalentsView.as_view(), name="api-indicator-equivalents"),
    path("v1/indicators/<key:key>/variants/", IndicatorVariantsView.as_view(), name="api-indicator-variants"),
    path("v1/indicators/<key:key>/vendors/", IndicatorVendorsView.as_view(), name="api-indicator-vendors"),
    path("v1/indicators/<key:key>/techniques/", IndicatorTechniquesView.as_view(), name="api-indicator-techniques"),
    path("v1/indicators/<key:key>/together/", IndicatorTogetherView.as_view(), name="api-indicator-together"),
    path("v1/exclusions/by/<slug:by>/", ExclusionGroupsView.as_view(), name="api-exclusion-groups"),
    path("v1/exclusions/", ExclusionListView.as_view(), name="api-exclusion-list"),
    path("v1/sources/", SourceListView.as_view(), name="api-source-list"),
    path("v1/aliases/", AliasListView.as_view(), name="api-alias-list"),
    path("v1/runs/", RunListView.as_view(), name="api-run-list"),
    path("v1/runs/<int:pk>/", RunView.as_view(), name="api-run"),
    path("v1/runs/<int:pk>/cancel/", RunCancelView.as_view(), name="api-run-cancel"),
    path("v1/attack/", AttackView.as_view(), name="api-attack"),
    re_path(r"^(?:.*/)?$", nothing_here),
]
