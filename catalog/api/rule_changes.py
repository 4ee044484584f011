"""Rules of a team's own, and edits of any rule: written, replaced, patched, retired and revived.

The same services as the editor's, with the same checks, history and record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.endpoint import Endpoint
from catalog.api.refusals import refusal, wrong_keys
from catalog.api.rules import RuleDetailSerializer, RuleListView, RuleView, read_rule
from catalog.api.writing import Writing
from catalog.audit import ADDITION, CHANGE, recorded
from catalog.forms.editing import LAID_OVER, LISTS, EditForm, written
from catalog.roles import ADD_RULES, EDIT_RULES
from detections.analysis.overrides import NOTHING, Overrides
from detections.documents.decoding import MAX_BYTES
from detections.editing.errors import EditError
from detections.editing.rules import Edit, create_rule, retire_rule, revive_rule, save_rule
from detections.models import Rule, Source

LAID = "In place of what the text says; null or absent for the text's own word."


class NamesField(serializers.ListField):
    child = serializers.CharField(max_length=100)


class ReasonSerializer(serializers.Serializer):
    """Why, and which version was looked at."""

    reason = serializers.CharField(max_length=500, help_text="Why; it stands in the rule's history.")
    version = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="The rule's `version` that you began from: 409 when it is another."
    )


class SaidSerializer(serializers.Serializer):
    """What a rule says: its text, and what is laid over it."""

    text = serializers.CharField(
        trim_whitespace=False, max_length=MAX_BYTES, help_text="The rule in its source's format."
    )
    title = serializers.CharField(max_length=400, required=False, allow_null=True, help_text=LAID)
    status = serializers.CharField(max_length=40, required=False, allow_null=True, help_text=LAID)
    level = serializers.CharField(max_length=40, required=False, allow_null=True, help_text=LAID)
    techniques = NamesField(required=False, allow_null=True, help_text=LAID)
    platforms = NamesField(required=False, allow_null=True, help_text=LAID)
    domains = NamesField(required=False, allow_null=True, help_text=LAID)


class NewRuleSerializer(SaidSerializer):
    source = serializers.SlugField(max_length=50, help_text="Slug of a source of your own.")
    reason = serializers.CharField(max_length=500, help_text="Why; it stands in the rule's history.")


class ReplacedRuleSerializer(SaidSerializer, ReasonSerializer):
    """Everything that the rule says from now on: what is absent is laid over nothing."""


class PatchedRuleSerializer(SaidSerializer, ReasonSerializer):
    """What changes; what is absent stays."""

    text = serializers.CharField(
        trim_whitespace=False, max_length=MAX_BYTES, required=False, help_text="The rule in its source's format."
    )


class EditableRuleListView(Writing, RuleListView):
    http_method_names = (*RuleListView.http_method_names, "post")
    __doc__ = RuleListView.__doc__

    @extend_schema(operation_id="create_rule", request=NewRuleSerializer, responses={201: RuleDetailSerializer})
    def post(self, request: Request) -> Response:
        """A team's new rule. One without an id of its own gets one."""
        self.allow(ADD_RULES)
        said = self.body(NewRuleSerializer)
        source = Source.objects.written_here().filter(slug=said["source"]).first()
        if source is None:
            own = ", ".join(Source.objects.written_here().in_order().values_list("slug", flat=True)) or "none yet"
            raise wrong_keys({"source": [f"No source of your own is called so. There are: {own}."]})
        edit = _edit(said, NOTHING, "", {})
        rule = _done(
            lambda: create_rule(source, edit.text, edit.overrides, edit.reason, request.user),
            request, lambda row: f"Version {row.version}: {edit.reason}", ADDITION,
        )  # fmt: skip
        address = reverse("api-rule", args=[source.slug, rule.own_id])
        return Response(answer(self, rule), status=status.HTTP_201_CREATED, headers={"Location": address})


class EditableRuleView(Writing, RuleView):
    """One rule by the slug of its source and its own id.

    A repository's rule can be edited as well: the edit is kept when the repository changes.
    """

    http_method_names = (*RuleView.http_method_names, "put", "patch")

    @extend_schema(operation_id="replace_rule", request=ReplacedRuleSerializer, responses={200: RuleDetailSerializer})
    def put(self, request: Request, source: str, own_id: str) -> Response:
        """The rule says this from now on, and nothing is laid over it but what is sent."""
        self.allow(EDIT_RULES)
        said = self.body(ReplacedRuleSerializer)
        rule = edited_rule(self.reader, source, own_id)
        return self._saved(request, rule, _edit(said, Overrides.of_json(rule.overrides), rule.text.text, {}))

    @extend_schema(operation_id="patch_rule", request=PatchedRuleSerializer, responses={200: RuleDetailSerializer})
    def patch(self, request: Request, source: str, own_id: str) -> Response:
        """Change what is sent; the rest stays."""
        self.allow(EDIT_RULES)
        said = self.body(PatchedRuleSerializer)
        rule = edited_rule(self.reader, source, own_id)
        stays = written(rule.overrides)
        return self._saved(request, rule, _edit(said, Overrides.of_json(rule.overrides), rule.text.text, stays))

    def _saved(self, request: Request, rule: Rule, edit: Edit) -> Response:
        rule = _done(
            lambda: save_rule(rule, edit, request.user), request, lambda row: f"Version {row.version}: {edit.reason}"
        )
        return Response(answer(self, rule))


class LifecycleView(Writing, Endpoint):
    """`POST` alone. `change` is the service, `told` what the record says."""

    http_method_names = ("post", "options")
    serializer_class = RuleDetailSerializer
    change: Callable[..., Rule]
    told = ""

    def post(self, request: Request, source: str, own_id: str) -> Response:
        self.allow(EDIT_RULES)
        said = self.body(ReasonSerializer)
        rule = edited_rule(self.reader, source, own_id)
        service = type(self).change
        rule = _done(
            lambda: service(rule, said["version"], said["reason"], request.user),
            request, lambda row: f"{self.told} {said['reason']}",
        )  # fmt: skip
        return Response(answer(self, rule))


class RuleRetireView(LifecycleView):
    change = staticmethod(retire_rule)
    told = "The rule is retired: it is kept, and counted nowhere."

    @extend_schema(operation_id="retire_rule", request=ReasonSerializer, responses={200: RuleDetailSerializer})
    def post(self, request: Request, source: str, own_id: str) -> Response:
        """Take a rule out of every count. It stays, marked, whatever its repository says later."""
        return super().post(request, source, own_id)


class RuleReviveView(LifecycleView):
    change = staticmethod(revive_rule)
    told = "The rule is no longer retired by hand."

    @extend_schema(operation_id="revive_rule", request=ReasonSerializer, responses={200: RuleDetailSerializer})
    def post(self, request: Request, source: str, own_id: str) -> Response:
        """Undo retiring: the rule is live again where its own text says so."""
        return super().post(request, source, own_id)


def answer(view: Endpoint, rule: Rule) -> dict[str, Any]:
    """The rule as it stands now, as `GET` answers it."""
    row = read_rule(Rule.objects.for_page().get(pk=rule.pk), view.reader)
    found: dict[str, Any] = RuleDetailSerializer(row, context=view.get_serializer_context()).data
    return found


def edited_rule(reader: Any, source: str, own_id: str) -> Rule:
    """The rule of an address, with what an edit needs. Raises 404."""
    rules = Rule.objects.visible_to(reader).select_related("source", "text", "held", "base")
    rule = rules.filter(source__slug=source, own_id=own_id).first()
    if rule is None:
        raise Http404(f"There is no rule {own_id!r} in {source[:50]!r}.")
    return rule


def _edit(said: dict[str, Any], stored: Overrides, text: str, stays: dict[str, str]) -> Edit:
    """The body as the editor's form reads it, so that both take and refuse the same. Raises 422."""
    data = {"text": text} | stays | {name: said[name] for name in ("text", "reason", "version") if name in said}
    data |= {name: _as_typed(name, said[name]) for name in LAID_OVER if name in said}
    form = EditForm(data)
    if not form.is_valid():
        raise wrong_keys(form.errors)
    clean = form.cleaned_data
    return Edit(clean["text"], form.overrides(stored), clean["reason"], clean["version"])


def _as_typed(name: str, value: Any) -> str:
    return str(written({name: value})[name]) if name in LISTS else value or ""


def _done(change: Callable[[], Rule], request: Request, message: Callable[[Rule], str], action: int = CHANGE) -> Rule:
    try:
        return recorded(change, request.user, message, action)
    except EditError as error:
        raise refusal(error) from error
