"""The editor of rules: a rule's text and what is laid over it, with a preview while typing.

One form for everything: `do` says which button was pressed. Whatever goes wrong, the answer is the same page with all
that was typed, and what to do about it.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from catalog.audit import ADDITION, CHANGE, recorded
from catalog.filters.rules import RuleFilterSet
from catalog.forms.editing import LAID_OVER, EditForm, written
from catalog.pages.comparison import Row, side_by_side
from catalog.pages.previewing import Shown, shown
from catalog.pages.signing_in import typed_before
from catalog.pages.staff import StaffPage, number, refused
from catalog.roles import ADD_RULES
from detections.analysis.overrides import NOTHING, Overrides
from detections.editing.drafts import drop_draft, publish_draft, save_draft
from detections.editing.errors import EditConflictError, EditError
from detections.editing.preview import preview
from detections.editing.rules import Edit, create_rule, save_rule
from detections.editing.versions import differences, merge, three_way
from detections.models import Rule, RuleDraft, Source
from detections.vendors import VENDORS

_MERGE_MARK = re.compile(r"^(?:<{7}|\|{7}|>{7}) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conflict:
    """That somebody else saved first: both versions. `fields` are (name, theirs, what was typed) that differ."""

    told: str
    version: int
    left_name: str
    difference: tuple[Row, ...]
    fields: tuple[tuple[str, str, str], ...]


class EditorPage(StaffPage):
    """What editing a rule and writing a new one have in common."""

    action = CHANGE
    edited: Rule | None = None
    draft: RuleDraft | None = None
    source: Source

    def get(self, request: HttpRequest, **address: Any) -> HttpResponse:
        self.find(**address)
        typed = typed_before(request)
        self.find_draft(typed or request.GET)
        if typed is not None:
            return self.page(EditForm(typed), asked="preview", brought_back=True)
        return self.page(EditForm(initial=self.begun()))

    def post(self, request: HttpRequest, **address: Any) -> HttpResponse:
        self.find(**address)
        self.find_draft(request.POST)
        form, asked = EditForm(request.POST), request.POST.get("do", "preview")
        if asked == "preview":
            return self.page(form, asked=asked)
        if asked == "draft":
            return self.keep_draft(form)
        return self.try_to_save(form, over=asked == "over") if form.is_valid() else refused(self.page(form))

    # --- what is edited ---

    def find(self, **address: Any) -> None:
        """Set `source`, and `edited` where there is a rule already."""
        raise NotImplementedError

    def find_draft(self, data: QueryDict) -> None:
        """The draft that is asked for. One that somebody dropped meanwhile takes nothing of a sent form with it."""
        asked = number(data.get("draft", ""))
        if asked:
            self.draft = RuleDraft.objects.for_list().filter(pk=asked, rule=self.edited).first()
            if self.draft is None and data is self.request.GET:
                raise Http404("There is no such draft.")

    def begun(self) -> dict[str, Any]:
        """What the form holds at first."""
        if self.draft is None:
            return {"version": 0}
        draft = self.draft
        return {"text": draft.text, "reason": draft.reason, "version": draft.based_on, **written(draft.overrides)}

    def save(self, edit: Edit) -> Rule:
        raise NotImplementedError

    # --- the buttons ---

    def try_to_save(self, form: EditForm, over: bool) -> HttpResponse:
        edit = self.edit(form)
        if over:
            edit = replace(edit, version=number(self.request.POST.get("over", "")))
        try:
            rule = recorded(
                lambda: self.save(edit),
                self.request.user,
                lambda row: f"Version {row.version}: {edit.reason}",
                self.action,
            )
        except EditConflictError as conflict:
            self.edited = conflict.rule
            return refused(self.page(form, conflict=self.conflict(form, conflict)), 409)
        except EditError as error:
            return refused(self.page(form, refused=str(error)))
        self.tell(f"Saved as version {rule.version}.")
        return redirect("rule-detail", source=rule.source.slug, own_id=rule.own_id)

    def keep_draft(self, form: EditForm) -> HttpResponse:
        form.is_valid()
        wrong = set(form.errors) - (set() if str(form["reason"].value() or "").strip() else {"reason"})
        if wrong:
            return refused(self.page(form, asked="draft"))
        user = self.request.user
        try:
            recorded(
                lambda: save_draft(self.source, self.edit(form), user, self.edited, self.draft),
                user, lambda draft: "Kept a draft.", CHANGE if self.draft else ADDITION,
            )  # fmt: skip
        except EditError as error:
            return refused(self.page(form, refused=str(error)))
        self.tell("The draft is kept. It counts nowhere until it is saved as a rule.")
        return redirect("draft-list")

    def edit(self, form: EditForm) -> Edit:
        """What the form says, as far as it is right."""
        said = form.cleaned_data
        return Edit(
            said.get("text", ""), form.overrides(self.stored), said.get("reason", ""), said.get("version") or 0
        )  # fmt: skip

    @property
    def stored(self) -> Overrides:
        """What is laid over the text by now: some of it is not for this form."""
        return Overrides.of_json(self.edited.overrides) if self.edited else NOTHING

    # --- the page ---

    def page(self, form: EditForm, **more: Any) -> HttpResponse:
        """The whole page; while typing only the preview."""
        checked = form if form.is_bound else EditForm(form.initial)
        checked.is_valid()
        context = {
            "form": form,
            "preview": self.preview(self.edit(checked)),
            "rule": self.edited,
            "source": self.source,
            "format": VENDORS[self.source.vendor].name,
            "draft": self.draft,
        }
        if self.request.htmx:
            wrong = [(field.label, message) for field in form if field.name in LAID_OVER for message in field.errors]
            return render(self.request, "editing/_preview.html", context | {"wrong_fields": wrong})
        words = RuleFilterSet({}, Rule.objects.none(), request=self.request).rule_words
        context |= {"statuses": words["status"], "levels": words["level"]} | more
        return render(self.request, "editing/rule_edit.html", context)

    def preview(self, edit: Edit) -> Shown | None:
        if not edit.text.strip():
            return None
        found = preview(self.source, edit.text, edit.overrides, self.request.reader, self.edited)
        return shown(found, self.source, edit.text, self.edited)

    def conflict(self, form: EditForm, conflict: EditConflictError) -> Conflict:
        """Both versions beside each other."""
        rule, version = conflict.rule, conflict.version
        theirs, yours = written(rule.overrides), {name: form[name].value() or "" for name in LAID_OVER}
        by = (version.author_name if version else "") or "a sync"
        return Conflict(
            told=str(conflict),
            version=rule.version,
            left_name=f"Version {rule.version}, by {by}",
            difference=side_by_side(differences(rule.text.text, form.cleaned_data["text"])),
            fields=tuple((name, theirs[name], yours[name]) for name in LAID_OVER if theirs[name] != yours[name]),
        )


class RuleEditView(EditorPage):
    """A rule that is there. With `?merge=1` the form begins with the merge of both texts of a diverged rule."""

    def find(self, *, source: str, own_id: str) -> None:
        self.edited = self.rule(source, own_id)
        self.source = self.edited.source
        self.merging = self.request.GET.get("merge") == "1" and self.edited.held_id is not None

    def begun(self) -> dict[str, Any]:
        rule = self.edited
        if self.draft is not None:
            return super().begun()
        merged = three_way(rule).merged if self.merging else None
        return {"text": merged or rule.text.text, "version": rule.version, **written(rule.overrides)}

    def save(self, edit: Edit) -> Rule:
        author = self.request.user
        if not self.merging:
            return publish_draft(copy(self.draft), edit, author) if self.draft else save_rule(self.edited, edit, author)
        mark = _MERGE_MARK.search(edit.text)
        if mark:
            line = edit.text.count("\n", 0, mark.start()) + 1
            raise EditError(f"Line {line} still holds a mark of the merge. Decide between both sides there.")
        rule = merge(self.edited, edit, author)
        if self.draft is not None:
            drop_draft(copy(self.draft))
        return rule

    def page(self, form: EditForm, **more: Any) -> HttpResponse:
        lines = str(form["text"].value() or "").split("\n") if self.merging else ()
        marks = [number for number, line in enumerate(lines, start=1) if line.startswith("<<<<<<< ")]
        return super().page(form, merging=self.merging, marks=marks, **more)


class RuleNewView(EditorPage):
    """A rule of a team's own. A draft stays in the source that it was begun in."""

    permission = ADD_RULES
    action = ADDITION

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.sources = tuple(Source.objects.written_here().in_order())
        if request.user.has_perm(self.permission) and not self.sources:
            return render(request, "editing/no_source.html")
        return super().dispatch(request, *args, **kwargs)

    def find(self) -> None:
        asked = self.request.POST.get("source") or self.request.GET.get("source")
        self.source = next((source for source in self.sources if source.slug == asked), self.sources[0])

    def find_draft(self, data: QueryDict) -> None:
        super().find_draft(data)
        if self.draft is not None:
            self.source, self.sources = self.draft.source, ()

    def save(self, edit: Edit) -> Rule:
        author = self.request.user
        if self.draft is not None:
            return publish_draft(copy(self.draft), edit, author)
        return create_rule(self.source, edit.text, edit.overrides, edit.reason, author)

    def page(self, form: EditForm, **more: Any) -> HttpResponse:
        return super().page(form, sources=self.sources, **more)
