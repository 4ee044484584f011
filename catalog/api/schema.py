"""The contract: what the schema tells of every endpoint without the endpoint repeating it.

Filters come from the FilterSet, `ordering` from its orders; `fields`, pages, forms of tables, conditional requests and
every error are the same everywhere. An endpoint adds its own parameters and its `operation`.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from catalog.api.endpoint import Endpoint, ListEndpoint
from catalog.api.errors import BAD_PARAMETERS, UNKNOWN_TECHNIQUE
from catalog.api.examples import example_of
from catalog.api.parameters import fields, ordering, parameters_of
from catalog.problems import MEDIA_TYPE, PLAIN

ERRORS = {
    "400": ("BadRequest", "A parameter that nothing knows, or a value that does not exist: `errors` tells each."),
    "401": ("Unauthorized", "The token is unknown, expired or revoked; the header WWW-Authenticate names the scheme."),
    "403": ("Forbidden", "The reader may not do this."),
    "404": ("NotFound", "There is nothing at this address, or it is not for the reader."),
    "405": ("MethodNotAllowed", "The address does not answer this method; the header Allow tells which."),
    "406": ("NotAcceptable", "The answer exists in none of the forms that the header Accept names."),
    "429": ("TooManyRequests", "Too many requests; the header Retry-After tells the seconds to wait."),
    "500": ("ServerError", "An error of the server, which is logged under the id in the header X-Request-ID."),
}
ERRORS_OF_WRITING = {
    "409": ("Conflict", "Something else happened first: `version` or `run` tells what stands now. Nothing was stored."),
    "413": ("TooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "The body is not JSON."),
    "422": ("Refused", "A key is wrong (`errors`), or a text (`problems`, with line and column). Nothing was stored."),
}
PARTS = {
    "attack_id": "Id of a technique, as T1059.001.",
    "source": "Slug of the rule's source.",
    "own_id": "The rule's own id.",
    "id": "Its number.",
    "key": "Key of an indicator.",
}
TABLES = {
    "text/csv": "All rows, a column for each key; lists are joined by `; `. Nothing in it is a formula.",
    "application/x-ndjson": "All rows, each of them as one JSON object on a line of its own.",
}


class ErrorSerializer(serializers.Serializer):
    """RFC 9457 problem details. `errors` maps a parameter to what is wrong with it, `suggestions` are ids close by."""

    type = serializers.CharField(
        help_text=f"`{PLAIN}`, or the kind of error: `{BAD_PARAMETERS}`, `{UNKNOWN_TECHNIQUE}`."
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="The address that was asked.")
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)
    suggestions = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), required=False)
    problems = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="What is wrong in a text, with line and column."
    )
    version = serializers.IntegerField(required=False, help_text="The version of the rule that is in force.")
    run = serializers.IntegerField(required=False, help_text="The run that is under way; `url` tells its address.")
    url = serializers.CharField(required=False)


class Contract(AutoSchema):
    view: Any

    def get_operation_id(self) -> str:
        return getattr(self.view, "operation", "") or super().get_operation_id()

    def get_tags(self) -> list[str]:
        """The first part of the address below the version."""
        return [self.path.split("/v1/")[-1].split("/")[0]]

    def get_override_parameters(self) -> list[Any]:
        if not isinstance(self.view, Endpoint):
            return []
        filterset = self.view.filterset_class
        ordered = [ordering(filterset.orders)] if filterset.orders else []
        serializer = self.view.serializer_class
        chosen = [fields(serializer().fields)] if serializer else []
        return [*parameters_of(filterset), *self.view.parameters, *ordered, *chosen]

    def _get_format_parameters(self) -> list[Any]:
        said = "Form of the answer, which the header Accept may name as well."
        return [one | {"description": said} for one in super()._get_format_parameters()]

    def _resolve_path_parameters(self, variables: list[str]) -> list[Any]:
        found = super()._resolve_path_parameters(variables)
        return [one | {"description": PARTS[one["name"]]} if one["name"] in PARTS else one for one in found]

    def get_filter_backends(self) -> list[Any]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        listed = isinstance(self.view, ListEndpoint) and self.method == "GET"
        return listed or super()._is_list_view(serializer)

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if not isinstance(self.view, Endpoint):
            return bodies
        if self.method != "GET":
            return bodies | {status: self._error(*error) for status, error in (ERRORS | ERRORS_OF_WRITING).items()}
        content = bodies.get("200", {}).get("content", {})
        if content.get("application/json") is not None and (example := example_of(self.get_operation_id())):
            content["application/json"]["example"] = example
        for media_type in TABLES.keys() & content.keys():
            content[media_type] = {"schema": {"type": "string", "description": TABLES[media_type]}}
        bodies["200"].setdefault("description", "")
        bodies["200"]["headers"] = bodies["200"].get("headers", {}) | {
            name: self._header(name) for name in ("ETag", "Last-Modified")
        }
        bodies["304"] = {"description": "The answer that the request names by its ETag or its date still holds."}
        return bodies | {status: self._error(*error) for status, error in ERRORS.items()}

    def _error(self, name: str, said: str) -> dict[str, Any]:
        """A reference to the response of an error, which stands once among the components."""
        shape = self.resolve_serializer(ErrorSerializer, "response").ref
        return self._component(ResolvedComponent.RESPONSE, name, {
            "description": said, "content": {MEDIA_TYPE: {"schema": shape}},
        })  # fmt: skip

    def _header(self, name: str) -> dict[str, Any]:
        return self._component(ResolvedComponent.HEADER, name, {
            "description": "Names this answer; it changes with the catalog alone.", "schema": {"type": "string"},
        })  # fmt: skip

    def _component(self, kind: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = ResolvedComponent(name=name, type=kind, schema=schema, object=name)
        self.registry.register_on_missing(component)
        ref: dict[str, Any] = component.ref
        return ref
