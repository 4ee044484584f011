"""Addresses of the site."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path, register_converter

from catalog.pages.addresses import FieldName, IndicatorKey, OwnId
from catalog.pages.compare import CompareView
from catalog.pages.diverging import DivergedListView, RuleDivergedView
from catalog.pages.drafts import DraftDropView, DraftListView
from catalog.pages.editing import RuleEditView, RuleNewView
from catalog.pages.exclusions import (
    ExclusionGroupView,
    ExclusionListView,
    ExclusionRulesView,
    ExclusionSigmaView,
)
from catalog.pages.fields import FieldDetailView, FieldListView, FieldPipelineView, FieldValuesView
from catalog.pages.home import HomeView
from catalog.pages.indicators import (
    IndicatorDetailView,
    IndicatorListView,
    IndicatorSpellingsView,
    IndicatorTechniquesView,
)
from catalog.pages.matrix import MatrixView
from catalog.pages.naming import AliasEditView, FieldEditView, FieldMergeView, NameListView
from catalog.pages.opening import (
    TechniqueFalsePositivesView,
    TechniqueFieldRulesView,
    TechniqueFieldsView,
    TechniqueIndicatorRulesView,
    TechniqueIndicatorsView,
    TechniqueLogSourceRulesView,
    TechniqueLogSourcesView,
    TechniqueRulesView,
)
from catalog.pages.rules import RuleDetailView, RuleListView, RuleReadingView, RuleTextView, RuleValuesView
from catalog.pages.runs import (
    RecomputeView,
    RunAgainView,
    RunCancelView,
    RunDetailView,
    RunListView,
    SearchRefreshView,
    SourceSyncView,
)
from catalog.pages.search import SearchView, SuggestView
from catalog.pages.signing_in import SignInView
from catalog.pages.sources import SourceListView
from catalog.pages.techniques import TechniqueDetailView, TechniqueListView
from catalog.pages.tokens import TokenListView, TokenRevokeView
from catalog.pages.uploading import RuleUploadView, SourceNewView
from catalog.pages.versions import RuleRestoreView, RuleRetireView, RuleReviveView, RuleVersionsView

register_converter(OwnId, "own_id")
register_converter(IndicatorKey, "key")
register_converter(FieldName, "field_name")

handler400 = "catalog.problems.bad_request"
handler403 = "catalog.problems.forbidden"
handler404 = "catalog.problems.not_found"
handler500 = "catalog.problems.server_error"

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("search/", SearchView.as_view(), name="search"),
    path("search/suggest/", SuggestView.as_view(), name="search-suggest"),
    path("matrix/", MatrixView.as_view(), name="matrix"),
    path("compare/", CompareView.as_view(), name="compare"),
    path("techniques/", TechniqueListView.as_view(), name="technique-list"),
    path("techniques/<str:attack_id>/", TechniqueDetailView.as_view(), name="technique-detail"),
    path("techniques/<str:attack_id>/rules/", TechniqueRulesView.as_view(), name="technique-rules"),
    path("techniques/<str:attack_id>/indicators/", TechniqueIndicatorsView.as_view(), name="technique-indicators"),
    path("techniques/<str:attack_id>/fields/", TechniqueFieldsView.as_view(), name="technique-fields"),
    path("techniques/<str:attack_id>/log-sources/", TechniqueLogSourcesView.as_view(), name="technique-log-sources"),
    path(
        "techniques/<str:attack_id>/log-sources/rules/",
        TechniqueLogSourceRulesView.as_view(),
        name="technique-log-source-rules",
    ),
    path(
        "techniques/<str:attack_id>/false-positives/",
        TechniqueFalsePositivesView.as_view(),
        name="technique-false-positives",
    ),
    path(
        "techniques/<str:attack_id>/indicators/<key:key>/rules/",
        TechniqueIndicatorRulesView.as_view(),
        name="technique-indicator-rules",
    ),
    path(
        "techniques/<str:attack_id>/fields/<field_name:field>/rules/",
        TechniqueFieldRulesView.as_view(),
        name="technique-field-rules",
    ),
    path("rules/", RuleListView.as_view(), name="rule-list"),
    path("rules/<slug:source>/<own_id:own_id>/", RuleDetailView.as_view(), name="rule-detail"),
    path("rules/<slug:source>/<own_id:own_id>/reading/", RuleReadingView.as_view(), name="rule-reading"),
    path("rules/<slug:source>/<own_id:own_id>/text/", RuleTextView.as_view(), name="rule-text"),
    path("rules/<slug:source>/<own_id:own_id>/values/<int:place>/", RuleValuesView.as_view(), name="rule-values"),
    path("rules/<slug:source>/<own_id:own_id>/edit/", RuleEditView.as_view(), name="rule-edit"),
    path("rules/<slug:source>/<own_id:own_id>/versions/", RuleVersionsView.as_view(), name="rule-versions"),
    path(
        "rules/<slug:source>/<own_id:own_id>/versions/<int:wanted>/restore/",
        RuleRestoreView.as_view(),
        name="rule-restore",
    ),
    path("rules/<slug:source>/<own_id:own_id>/retire/", RuleRetireView.as_view(), name="rule-retire"),
    path("rules/<slug:source>/<own_id:own_id>/revive/", RuleReviveView.as_view(), name="rule-revive"),
    path("rules/<slug:source>/<own_id:own_id>/diverged/", RuleDivergedView.as_view(), name="rule-diverged"),
    path("editing/new/", RuleNewView.as_view(), name="rule-new"),
    path("editing/drafts/", DraftListView.as_view(), name="draft-list"),
    path("editing/drafts/<int:pk>/drop/", DraftDropView.as_view(), name="draft-drop"),
    path("editing/diverged/", DivergedListView.as_view(), name="diverged-list"),
    path("editing/upload/", RuleUploadView.as_view(), name="rule-upload"),
    path("editing/sources/new/", SourceNewView.as_view(), name="source-new"),
    path("editing/names/", NameListView.as_view(), name="name-list"),
    path("editing/names/alias/", AliasEditView.as_view(), name="alias-edit"),
    path("editing/names/field/", FieldEditView.as_view(), name="field-edit"),
    path("editing/names/merge/", FieldMergeView.as_view(), name="field-merge"),
    path("fields/", FieldListView.as_view(), name="field-list"),
    path("fields/sigma-to-<slug:namespace>.yml", FieldPipelineView.as_view(), name="field-pipeline"),
    path("fields/<field_name:name>/values/", FieldValuesView.as_view(), name="field-values"),
    path("fields/<field_name:name>/", FieldDetailView.as_view(), name="field-detail"),
    path("indicators/", IndicatorListView.as_view(), name="indicator-list"),
    path("indicators/<key:key>/", IndicatorDetailView.as_view(), name="indicator-detail"),
    path("indicators/<key:key>/spellings/", IndicatorSpellingsView.as_view(), name="indicator-spellings"),
    path("indicators/<key:key>/techniques/", IndicatorTechniquesView.as_view(), name="indicator-techniques"),
    path("exclusions/", ExclusionListView.as_view(), name="exclusion-list"),
    path("exclusions/sigma/", ExclusionSigmaView.as_view(), name="exclusion-sigma"),
    path("exclusions/by/<slug:by>/", ExclusionGroupView.as_view(), name="exclusion-groups"),
    path("exclusions/<key:key>/rules/", ExclusionRulesView.as_view(), name="exclusion-rules"),
    path("sources/", SourceListView.as_view(), name="source-list"),
    path("sources/<slug:slug>/sync/", SourceSyncView.as_view(), name="source-sync"),
    path("runs/", RunListView.as_view(), name="run-list"),
    path("runs/sync/", SourceSyncView.as_view(), name="run-sync"),
    path("runs/recompute/", RecomputeView.as_view(), name="run-recompute"),
    path("runs/refresh-search/", SearchRefreshView.as_view(), name="run-refresh-search"),
    path("runs/<int:pk>/", RunDetailView.as_view(), name="run-detail"),
    path("runs/<int:pk>/cancel/", RunCancelView.as_view(), name="run-cancel"),
    path("runs/<int:pk>/again/", RunAgainView.as_view(), name="run-again"),
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/tokens/", TokenListView.as_view(), name="token-list"),
    path("account/tokens/<int:pk>/revoke/", TokenRevokeView.as_view(), name="token-revoke"),
    path("api/", include("catalog.api.urls")),
    path("admin/", admin.site.urls),
]
