"""What can be done to many rules at once: retire them, read them again, tag them. Each asks why, and is recorded.

Every rule is a change of its own: one that cannot be done is named, and does not keep the others from being done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.audit import recorded
from catalog.forms.editing import ListField, TechniquesField
from catalog.roles import EDIT_RULES
from catalog.templatetags.wording import counted
from detections.analysis.overrides import Overrides
from detections.editing.errors import EditError
from detections.editing.rules import Edit, retire_rule, save_rule
from detections.importing.renormalization import renormalize
from detections.models import Rule
from detections.normalization.platforms import DOMAINS, platform_names

MOST = 500  # rules at once: each is a transaction of its own, and the page waits for all of them
NAMED = 10  # rules that could not be done and are named

Said = Mapping[str, Any]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500, widget=UnfoldAdminTextInputWidget, help_text="It stands in the history of every rule."
    )  # fmt: skip


class TagForm(ReasonForm):
    """What is added to what each rule has already."""

    field_order = ("techniques", "platforms", "domains", "reason")
    techniques = TechniquesField(widget=UnfoldAdminTextInputWidget, help_text="Ids, with commas between them.")
    platforms = ListField(
        platform_names(), widget=UnfoldAdminTextInputWidget, help_text=f"Of: {', '.join(platform_names())}."
    )
    domains = ListField(
        sorted(DOMAINS), widget=UnfoldAdminTextInputWidget, help_text=f"Of: {', '.join(sorted(DOMAINS))}."
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and not any(said.get(name) for name in ("techniques", "platforms", "domains")):
            raise forms.ValidationError("Name at least one technique, platform or domain to add.")
        return said


def _retire(rule: Rule, said: Said, author: Any) -> Rule:
    return retire_rule(rule, rule.version, said["reason"], author)


def _read_again(rule: Rule, said: Said, author: Any) -> Rule:
    if renormalize([rule.pk]).skipped:
        raise EditError("Only a part of its file is kept here: the next sync of its source reads it again.")
    return rule


def _tag(rule: Rule, said: Said, author: Any) -> Rule:
    stored = Overrides.of_json(rule.overrides)
    has = {
        "techniques": tuple(tag.written for tag in rule.techniques.all()),
        "platforms": tuple(platform.name for platform in rule.platforms.all()),
        "domains": tuple(domain.name for domain in rule.domains.all()),
    }
    added = {
        name: tuple(dict.fromkeys((*words, *said[name])))
        for name, words in has.items()
        if set(said[name] or ()) - set(words)
    }
    if not added:
        raise EditError("It has all of this already.")
    return save_rule(rule, Edit(rule.text.text, replace(stored, **added), said["reason"], rule.version), author)


@dataclass(frozen=True, slots=True)
class Bulk:
    """One action: what is asked for, what is done to a rule, and its words. `done` follows "3 rules"."""

    name: str
    title: str
    done: str
    form: type[forms.Form]
    change: Callable[[Rule, Said, Any], Rule]
    note: str


RETIRE = Bulk(
    "retire", "Retire rules", "retired", ReasonForm, _retire,
    "A retired rule is kept, can be read and counts nowhere, whatever its repository says later.",
)  # fmt: skip
REPARSE = Bulk(
    "reparse", "Read rules again", "read again", ReasonForm, _read_again,
    "With the engine, the tables and the site's aliases of today. Their texts stay as they are.",
)  # fmt: skip
TAG = Bulk(
    "tag", "Tag rules", "tagged", TagForm, _tag,
    "Added to what each rule has; laid over its text, which stays as it is.",
)  # fmt: skip


class RuleActions:
    """The actions of the list of rules, for its admin class."""

    actions = ("retire", "reparse", "tag")

    def has_edit_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(EDIT_RULES))

    @action(description="Retire: keep them, but count them nowhere", permissions=["edit"])
    def retire(self, request: HttpRequest, rules: QuerySet[Rule]) -> HttpResponse | None:
        return self._ask(request, rules, RETIRE)

    @action(description="Read again, with the engine and tables of today", permissions=["edit"])
    def reparse(self, request: HttpRequest, rules: QuerySet[Rule]) -> HttpResponse | None:
        return self._ask(request, rules, REPARSE)

    @action(description="Tag: add techniques, platforms or domains", permissions=["edit"])
    def tag(self, request: HttpRequest, rules: QuerySet[Rule]) -> HttpResponse | None:
        return self._ask(request, rules, TAG)

    def _ask(self, request: HttpRequest, rules: QuerySet[Rule], bulk: Bulk) -> HttpResponse | None:
        """The page that asks; once answered, the change. None leads back to the list, with what was done."""
        count = rules.count()
        if count > MOST:
            messages.error(request, f"{count:,} rules are too many at once. Choose at most {MOST}.")
            return None
        form = bulk.form(request.POST if "apply" in request.POST else None)
        if form.is_valid():
            _do(request, rules, bulk, form.cleaned_data)
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": bulk.title,
            "bulk": bulk,
            "form": form,
            "rules": rules.select_related("source"),
            "count": count,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "admin/detections/rule/bulk.html", context)


def _do(request: HttpRequest, rules: QuerySet[Rule], bulk: Bulk, said: Said) -> None:
    done, refused = 0, []
    rows = rules.select_related("source", "text").prefetch_related("techniques", "platforms", "domains")
    for rule in list(rows):
        try:
            recorded(
                lambda rule=rule: bulk.change(rule, said, request.user),
                request.user, lambda row: f"{bulk.done.capitalize()}: {said['reason']}",
            )  # fmt: skip
            done += 1
        except EditError as error:
            refused.append(f"{rule.title}: {error}")
    if done:
        messages.success(request, f"{counted(done, 'rule')} {bulk.done}.")
    for line in refused[:NAMED]:
        messages.warning(request, line)
    if len(refused) > NAMED:
        messages.warning(request, f"{len(refused) - NAMED} more could not be {bulk.done}.")
