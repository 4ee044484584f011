"""Fields in the API: the list, one, and each table of its page, with the filters and the figures of their pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint, ListEndpoint, Rows
from catalog.api.serializers import LogSourceSerializer
from catalog.filters.fields import FieldFilterSet, FieldValueFilterSet, TestFilterSet
from catalog.problems import PLAIN
from detections.guide.field import FieldRow, field_detail, rules_testing, techniques_of, value_rows
from detections.guide.field_names import find_field, names_of, suggest_fields
from detections.guide.guide import log_sources_of
from detections.importing.names import current_catalogue
from detections.models import Rule, RuleField, RuleIndicator


class UnknownField(exceptions.NotFound):
    """A name that no rule writes and no table holds, with fields that are close."""

    kind, title = PLAIN, "No field has this name"

    def __init__(self, written: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(f"No live rule tests a field {written[:100]!r}, and no table knows the name.")
        self.members = {"suggestions": [{"name": name} for name in suggestions]}


class FieldSerializer(serializers.Serializer):
    """A canonical field with the live rules that test it: `checked` check it, `excluded` exclude by it, `rules` do
    either, `vendors` tells of which source. Operators are those of checks, and those of exclusions."""

    name = serializers.CharField()
    type = serializers.CharField(source="field.type")
    group = serializers.CharField(source="field.group")
    role = serializers.CharField(source="field.role")
    description = serializers.CharField(source="field.description")
    rules = serializers.IntegerField()
    checked = serializers.IntegerField()
    excluded = serializers.IntegerField()
    vendors = serializers.DictField(child=serializers.IntegerField())
    operators = serializers.DictField(child=serializers.IntegerField())
    exclusion_operators = serializers.DictField(child=serializers.IntegerField())
    url = serializers.SerializerMethodField()

    def get_url(self, row: FieldRow) -> str:
        return reverse("field-detail", args=[row.name])


class FieldTechniqueSerializer(serializers.Serializer):
    """A technique that `rules` of the rules that test the field state."""

    attack_id = serializers.CharField(source="technique.attack_id")
    name = serializers.CharField(source="technique.full_name")
    rules = serializers.IntegerField()


class FieldDetailSerializer(FieldSerializer):
    """One field, with the techniques that its rules state and the log sources that they need."""

    techniques = FieldTechniqueSerializer(many=True)
    log_sources = LogSourceSerializer(many=True)
    aliases = serializers.SerializerMethodField(help_text="Where its names are.")
    values = serializers.SerializerMethodField(help_text="Where its values are.")

    def get_aliases(self, row: FieldRow) -> str:
        return reverse("api-field-aliases", args=[row.name])

    def get_values(self, row: FieldRow) -> str:
        return reverse("api-field-values", args=[row.name])


class NamespaceSerializer(serializers.Serializer):
    """A namespace that has the name. `form` is the part of the field's value that it holds, "" for all of it."""

    namespace = serializers.CharField(source="vendor")
    category = serializers.CharField(help_text="Only in events of this category.")
    form = serializers.CharField()


class FieldNameSerializer(serializers.Serializer):
    """A name of the field: `rules` live rules write it, `formats` tells in which format of rules. Without a namespace
    no table holds it."""

    name = serializers.CharField()
    rules = serializers.IntegerField()
    formats = serializers.DictField(child=serializers.IntegerField())
    namespaces = NamespaceSerializer(source="aliases", many=True)


class FieldValueSerializer(serializers.Serializer):
    """An indicator of the field. `checked` and `excluded` count the rules that the filters leave, the reach all."""

    id = serializers.CharField()
    operator = serializers.CharField()
    value = serializers.CharField()
    role = serializers.CharField()
    checked = serializers.IntegerField()
    excluded = serializers.IntegerField()
    reach = serializers.IntegerField()
    excluded_reach = serializers.IntegerField()


class FieldListView(ListEndpoint):
    """The fields that live rules test, those of the most rules first."""

    operation = "fields"
    serializer_class = FieldSerializer
    filterset_class = FieldFilterSet

    def rows(self) -> Rows:
        ranked: list[FieldRow] = self.asked(RuleField.objects.all()).ranked
        return ranked


class FieldAddress(Endpoint):
    """What stands under a field's address. A name of a vendor's leads to the field that it means (302)."""

    filterset_class = TestFilterSet

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.catalogue = current_catalogue()
        self.found = find_field(kwargs["name"], request.reader, self.catalogue)
        if self.found not in ("", kwargs["name"]) and request.method in ("GET", "HEAD"):
            address = reverse(request.resolver_match.view_name, kwargs={"name": self.found})
            query = request.GET.urlencode()
            return HttpResponseRedirect(f"{address}?{query}" if query else address)
        return super().dispatch(request, *args, **kwargs)

    def found_field(self, name: str) -> str:
        """The field of the address. Raises `UnknownField`."""
        if not self.found:
            raise UnknownField(name, suggest_fields(name, self.reader, self.catalogue))
        return self.found

    def rules_testing(self, name: str) -> QuerySet[Rule]:
        """The live rules that test the field and answer the filters. Raises `UnknownField` and `BadParameters`."""
        return rules_testing(self.asked(RuleField.objects.filter(field=self.found_field(name))).qs)


class FieldView(FieldAddress):
    """One field by its canonical name."""

    operation = "field"
    serializer_class = FieldDetailSerializer

    def get(self, request: Request, name: str) -> Response:
        tests = self.asked(RuleField.objects.filter(field=self.found_field(name))).qs
        return Response(self.get_serializer(field_detail(name, tests, self.catalogue)).data)


class FieldAliasListView(FieldAddress, ListEndpoint):
    """Every name of a field, those that the most live rules write first; those of the tables stand below."""

    operation = "field_aliases"
    serializer_class = FieldNameSerializer

    def rows(self, name: str) -> Rows:
        return names_of(name, self.rules_testing(name), self.catalogue)


class FieldTechniqueListView(FieldAddress, ListEndpoint):
    """The techniques in force that the live rules which test a field state, the most rules first."""

    operation = "field_techniques"
    serializer_class = FieldTechniqueSerializer

    def rows(self, name: str) -> Rows:
        return techniques_of(self.rules_testing(name))


class FieldLogSourceListView(FieldAddress, ListEndpoint):
    """The telemetry that the live rules which test a field need, in their vendors' words, the most rules first."""

    operation = "field_log_sources"
    serializer_class = LogSourceSerializer

    def rows(self, name: str) -> Rows:
        return log_sources_of(self.rules_testing(name))


class FieldValueListView(FieldAddress, ListEndpoint):
    """The values that live rules look for in a field, those that the most rules check first.

    Reach measures how common an indicator is among rule authors, not how noisy it is in a network.
    """

    operation = "field_values"
    serializer_class = FieldValueSerializer
    filterset_class = FieldValueFilterSet

    def rows(self, name: str) -> QuerySet[RuleIndicator, dict[str, Any]]:
        asked = self.asked(RuleIndicator.objects.filter(indicator__field=self.found_field(name)))
        counts: QuerySet[RuleIndicator, dict[str, Any]] = asked.ranked
        return counts

    def completed(self, rows: list[Any]) -> list[Any]:
        return list(value_rows(rows, self.reader))
