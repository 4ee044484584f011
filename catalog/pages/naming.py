"""The site's own field names: aliases, canonical fields, merging two, and the names that no table knows.

Each form shows, before it is saved, which rules would say something else. Saving begins their renormalization.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from catalog.audit import recorded
from catalog.filters.fields import UNKNOWN
from catalog.forms.naming import AliasForm, FieldForm, MergeForm
from catalog.pages.staff import StaffPage, refused
from catalog.roles import EDIT_NAMES
from catalog.runs import start
from detections.editing.errors import EditError
from detections.editing.names import NameChange, Touched, save_names, touched_by, unmapped_names
from detections.importing.names import current_catalogue
from detections.importing.runs import RunError
from detections.models import AliasOverride, FieldOverride, Run
from detections.normalization.catalogue import Alias

SHOWN = 200  # names that no table knows
FOUND = 50  # aliases that a search shows


class NameListView(StaffPage):
    """What the site has of its own, the names that no table knows, and a search of all aliases."""

    permission = EDIT_NAMES

    def get(self, request: HttpRequest) -> HttpResponse:
        sought = request.GET.get("q", "").strip().casefold()
        found = [alias for alias in current_catalogue().aliases if sought and sought in _spelled(alias)]
        unmapped = unmapped_names()
        context = {
            "aliases": AliasOverride.objects.all(),
            "fields": FieldOverride.objects.all(),
            "unmapped": unmapped[:SHOWN],
            "unmapped_count": len(unmapped),
            "unknown_group": UNKNOWN,
            "sought": request.GET.get("q", ""),
            "found": found[:FOUND],
            "found_count": len(found),
        }
        return render(request, "naming/name_list.html", context)


class NamingPage(StaffPage):
    """A form over the names: `do` says whether its effect is only shown, or stored too."""

    permission = EDIT_NAMES
    form: type[forms.Form]
    heading = ""
    lead = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(self.form(initial=self.begun(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        asked = request.POST.get("do", "preview")
        if asked == "drop":
            return self.save(form, self.dropping(form), request.POST.get("reason", ""))
        if not form.is_valid():
            return refused(self.page(form))
        try:
            change = form.change()
            if asked == "preview":
                return self.page(form, touched=touched_by(change))
        except EditError as error:
            return refused(self.page(form, refused=str(error)))
        return self.save(form, change, form.cleaned_data["reason"])

    def begun(self, request: HttpRequest) -> dict[str, Any]:
        """What the form holds at first: what the address says, over what the tables say of it."""
        return {name: request.GET[name] for name in self.form.base_fields if name in request.GET}

    def dropping(self, form: forms.Form) -> NameChange:
        """The change that takes the site's row away, so that the product's own holds again."""
        return NameChange()

    def own(self, form: forms.Form) -> Any:
        """The site's row that the form is about, None when it has none."""
        return None

    def save(self, form: forms.Form, change: NameChange, reason: str) -> HttpResponse:
        runs: list[Run | None] = []

        def change_names() -> Any:
            before = copy(self.own(form))
            runs[:] = [save_names(change, reason)]
            return self.own(form) or before or AliasOverride.objects.latest("pk")

        try:
            recorded(change_names, self.request.user, lambda row: reason or "Took the site's own name away.")
        except (EditError, RunError) as error:
            return refused(self.page(form, refused=str(error)))
        run = runs[0]
        if run is None:
            self.tell("Saved. No rule uses the name yet.")
        else:
            start(run)
            self.tell(f"Saved. {len(run.options['rules']):,} rules are read again: run {run.pk}.")
        return redirect("name-list")

    def page(self, form: forms.Form, touched: Touched | None = None, refused: str = "") -> HttpResponse:
        canonicals = sorted(current_catalogue().fields)
        context = {"form": form, "touched": touched, "refused": refused, "canonicals": canonicals}
        context |= {"heading": self.heading, "lead": self.lead, "own": self.own(form)}
        return render(self.request, "naming/naming_edit.html", context)


class AliasEditView(NamingPage):
    form = AliasForm
    heading = "Alias"
    lead = "A vendor's name for a canonical field. It is laid over the product's tables, so that an upgrade keeps it."

    def begun(self, request: HttpRequest) -> dict[str, Any]:
        asked = super().begun(request)
        key = (asked.get("vendor"), asked.get("name"), asked.get("category", ""))
        found = (row for row in current_catalogue().aliases if (row.vendor, row.name, row.category) == key)
        alias = next(found, None)
        known = {name: getattr(alias, name) for name in AliasForm.base_fields if hasattr(alias, name)} if alias else {}
        return known | asked

    def own(self, form: forms.Form) -> AliasOverride | None:
        key = {name: form[name].value() or "" for name in ("vendor", "name", "category")}
        return AliasOverride.objects.filter(**key).first()

    def dropping(self, form: forms.Form) -> NameChange:
        row = self.own(form)
        return NameChange(dropped_aliases=((row.vendor, row.name, row.category),)) if row else NameChange()


class FieldEditView(NamingPage):
    form = FieldForm
    heading = "Canonical field"
    lead = "The name under which every vendor's names for it are one row, and how its values are compared."

    def begun(self, request: HttpRequest) -> dict[str, Any]:
        asked = super().begun(request)
        field = current_catalogue().fields.get(asked.get("canonical", ""))
        known = {name: getattr(field, name) for name in FieldForm.base_fields if hasattr(field, name)} if field else {}
        return known | asked

    def own(self, form: forms.Form) -> FieldOverride | None:
        return FieldOverride.objects.filter(canonical=form["canonical"].value() or "").first()

    def dropping(self, form: forms.Form) -> NameChange:
        row = self.own(form)
        return NameChange(dropped_fields=(row.canonical,)) if row else NameChange()


class FieldMergeView(NamingPage):
    form = MergeForm
    heading = "Merge two fields"
    lead = "Every name of the one becomes a name of the other: their rows are one row from then on."


def _spelled(alias: Alias) -> str:
    return f"{alias.vendor} {alias.name} {alias.canonical}".casefold()
