"""The forms of field names: what a page and the API ask for, and the change that it means."""

from __future__ import annotations

from django import forms

from detections.editing.names import NameChange, merging
from detections.normalization.catalogue import CATEGORIES, FORMS, ROLES, TYPES, VENDORS, Alias, Field


def _choices(words: frozenset[str], nothing: str) -> list[tuple[str, str]]:
    return [("", nothing)] * ("" in words) + [(word, word) for word in sorted(filter(None, words))]


class AliasForm(forms.Form):
    """A vendor's name for a canonical field."""

    vendor = forms.ChoiceField(choices=_choices(VENDORS, ""), label="Namespace")
    name = forms.CharField(max_length=200, label="Name as rules write it")
    category = forms.ChoiceField(choices=_choices(CATEGORIES, "any event"), required=False, label="In events of")
    canonical = forms.CharField(max_length=200, label="Canonical field")
    form = forms.ChoiceField(choices=_choices(FORMS, "the whole value"), required=False, label="It holds")
    case_sensitive = forms.BooleanField(required=False, label="Only in exactly this case")
    note = forms.CharField(max_length=300, required=False, label="Note")
    reason = forms.CharField(max_length=100, label="Reason", error_messages={"required": "Say why."})

    def change(self) -> NameChange:
        said = self.cleaned_data
        alias = {
            key: said[key] for key in ("canonical", "vendor", "name", "category", "case_sensitive", "form", "note")
        }
        return NameChange(aliases=(Alias(**alias, source="site"),))


class FieldForm(forms.Form):
    """A canonical field."""

    canonical = forms.CharField(max_length=200, label="Canonical field")
    type = forms.ChoiceField(choices=_choices(TYPES, ""), label="Type of its values")
    group = forms.CharField(max_length=40, initial="other", label="Group")
    role = forms.ChoiceField(choices=_choices(ROLES, ""), initial="filter", label="Role")
    description = forms.CharField(max_length=500, required=False, label="Description")
    reason = forms.CharField(max_length=100, label="Reason", error_messages={"required": "Say why."})

    def change(self) -> NameChange:
        said = self.cleaned_data
        return NameChange(
            fields=(Field(*(said[key] for key in ("canonical", "type", "group", "description", "role"))),)
        )


class MergeForm(forms.Form):
    """One canonical field into another."""

    canonical = forms.CharField(max_length=200, label="Field that goes")
    into = forms.CharField(max_length=200, label="Field that stays")
    reason = forms.CharField(max_length=100, label="Reason", error_messages={"required": "Say why."})

    def change(self) -> NameChange:
        return merging(self.cleaned_data["canonical"], self.cleaned_data["into"])
