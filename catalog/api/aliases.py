"""The site's own aliases in the API: what a vendor's name means, laid over the product's tables."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import ListEndpoint
from catalog.api.refusals import refusal, under_way, wrong_keys
from catalog.api.writing import Writing
from catalog.audit import recorded
from catalog.forms.naming import AliasForm
from catalog.roles import EDIT_NAMES
from catalog.runs import start
from detections.editing.errors import EditError
from detections.editing.names import NameChange, save_names, touched_by
from detections.importing.runs import RunError
from detections.models import AliasOverride, Run
from detections.normalization.catalogue import CATEGORIES, FORMS, VENDORS

KEY = ("vendor", "name", "category")


class AliasSerializer(serializers.ModelSerializer):
    """A vendor's name for a canonical field, as the site has it."""

    class Meta:
        model = AliasOverride
        fields = (*KEY, "canonical", "form", "case_sensitive", "note")


class AliasChangeSerializer(serializers.Serializer):
    """An alias, and why. A row of the same namespace, name and category takes the place of the one before."""

    vendor = serializers.ChoiceField(choices=sorted(VENDORS), help_text="Namespace of the name.")
    name = serializers.CharField(max_length=200, help_text="The name as rules write it.")
    category = serializers.ChoiceField(
        choices=sorted(CATEGORIES), required=False, allow_blank=True, help_text="Only in events of this category."
    )
    canonical = serializers.CharField(max_length=200, help_text="The canonical field.")
    form = serializers.ChoiceField(
        choices=sorted(FORMS), required=False, allow_blank=True, help_text="The part of the value that it holds."
    )
    case_sensitive = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=100, help_text="Why; it stands in the alias's history.")
    dry_run = serializers.BooleanField(
        required=False, help_text="Only tell which rules would say something else; nothing is stored."
    )


class DroppedAliasSerializer(serializers.Serializer):
    vendor = serializers.ChoiceField(choices=sorted(VENDORS))
    name = serializers.CharField(max_length=200)
    category = serializers.ChoiceField(choices=sorted(CATEGORIES), required=False, allow_blank=True)
    reason = serializers.CharField(max_length=100)


class TouchedSerializer(serializers.Serializer):
    """What a change of names does: `candidates` use the name; of these the first `compared` were read both ways."""

    candidates = serializers.IntegerField()
    compared = serializers.IntegerField()
    rules = serializers.ListField(child=serializers.CharField(), help_text="Addresses of rules that would differ.")


class RenamingSerializer(serializers.Serializer):
    """`run` reads the rules that use the name again; null when none does."""

    rules = serializers.IntegerField(help_text="Rules that are read again.")
    run = serializers.IntegerField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="Where to ask for the run.")


BEGUN = {
    200: OpenApiResponse(RenamingSerializer, "Stored; no rule uses the name yet."),
    202: OpenApiResponse(RenamingSerializer, "Stored; a run reads the rules that use the name again."),
}


class AliasListView(Writing, ListEndpoint):
    """The site's own aliases. For people with an account."""

    http_method_names = ("get", "head", "options", "post", "delete")
    operation = "aliases"
    serializer_class = AliasSerializer

    def rows(self) -> QuerySet[AliasOverride]:
        if not self.reader.sees_everything:
            raise NotAuthenticated("The site's own aliases are for people with an account. Send a token.")
        return self.asked(AliasOverride.objects.order_by(*KEY)).qs

    @extend_schema(
        operation_id="save_alias", request=AliasChangeSerializer,
        responses={
            200: OpenApiResponse(TouchedSerializer, "With `dry_run`: what it would change."), 201: BEGUN[200],
            202: BEGUN[202],
        },
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Say what a vendor's name means. The rules that use it are read again by a run."""
        self.allow(EDIT_NAMES)
        said = self.body(AliasChangeSerializer)
        form = AliasForm(said)
        if not form.is_valid():
            raise wrong_keys(form.errors)
        change = form.change()
        return self._touched(change) if said.get("dry_run") else self._save(change, said, "Changed an alias.")

    @extend_schema(operation_id="drop_alias", request=DroppedAliasSerializer, responses=BEGUN, parameters=[
        OpenApiParameter(name, description=f"The alias's {name}.", required=name != "category")
        for name in (*KEY, "reason")
    ])  # fmt: skip
    def delete(self, request: Request) -> Response:
        """Take the site's own alias away: what the product's tables say holds again."""
        self.allow(EDIT_NAMES)
        said = self.body(DroppedAliasSerializer, request.query_params.dict())
        key = {name: said.get(name, "") for name in KEY}
        if not AliasOverride.objects.filter(**key).exists():
            raise Http404("The site has no such alias of its own.")
        change = NameChange(dropped_aliases=((key["vendor"], key["name"], key["category"]),))
        return self._save(change, said, "Took an alias away.")

    @staticmethod
    def _touched(change: NameChange) -> Response:
        try:
            touched = touched_by(change)
        except EditError as error:
            raise refusal(error) from error
        addresses = [reverse("api-rule", args=[rule.source.slug, rule.own_id]) for rule, *_ in touched.rules]
        told = {"candidates": touched.candidates, "compared": touched.compared, "rules": addresses}
        return Response(TouchedSerializer(told).data)

    def _save(self, change: NameChange, said: dict[str, Any], told: str) -> Response:
        runs: list[Run | None] = []
        key = {name: said.get(name, "") for name in KEY}

        def store() -> AliasOverride:
            before = AliasOverride.objects.filter(**key).first()
            runs[:] = [save_names(change, said["reason"])]
            row: AliasOverride = AliasOverride.objects.filter(**key).first() or copy(before)
            return row

        try:
            recorded(store, self.request.user, lambda row: f"{told} {said['reason']}")
        except RunError as error:
            raise under_way(str(error), Run.objects.active().filter(kind=Run.Kind.RENORMALIZE).first()) from error
        except EditError as error:
            raise refusal(error) from error
        run = runs[0]
        if run is None:
            done = status.HTTP_200_OK if self.request.method == "DELETE" else status.HTTP_201_CREATED
            return Response({"rules": 0, "run": None, "url": None}, status=done)
        start(run)
        url = reverse("api-run", args=[run.pk])
        begun = {"rules": len(run.options["rules"]), "run": run.pk, "url": url}
        return Response(begun, status=status.HTTP_202_ACCEPTED, headers={"Location": url})
