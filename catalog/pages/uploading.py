"""Rules by the file: choose a source and a file, see what it would do, then have it done.

The file is kept between the two steps, so that what is done is what was shown.
"""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from catalog.audit import ADDITION, recorded
from catalog.pages.staff import StaffPage, number, refused
from catalog.roles import ADD_RULES, ADD_SOURCES
from detections.editing.errors import EditError
from detections.editing.sources import create_source
from detections.editing.upload import UploadPlan, perform_upload, plan_upload
from detections.models import RuleUpload, Source
from detections.vendors import VENDORS

MOST = 16 * 1024 * 1024  # bytes of one upload
KEPT_FOR = timedelta(days=1)


class UploadForm(forms.Form):
    source = forms.SlugField()
    file = forms.FileField(
        allow_empty_file=True,
        error_messages={"required": "Choose a file: rules, an export, or a zip of them."},
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > MOST:
            raise forms.ValidationError(
                f"The file is {file.size / 1024 / 1024:.0f} MB large; at most {MOST // 1024 // 1024} MB are taken. "
                "Sync a folder instead."
            )
        return file


class RuleUploadView(StaffPage):
    """The file is checked (`do=check`), then its rules are stored (`do=save`) or it is forgotten (`do=drop`)."""

    permission = ADD_RULES

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(UploadForm(initial={"source": request.GET.get("source", "")}))

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = request.POST.get("do", "check")
        if asked == "check":
            return self.check()
        upload = self.uploads().filter(pk=number(request.POST.get("upload", ""))).select_related("source").first()
        if upload is None:
            return refused(self.page(UploadForm(), wrong="The upload is no longer kept. Choose the file again."))
        if asked == "drop":
            upload.delete()
            self.tell("The upload is forgotten. Nothing was stored.")
            return redirect("rule-upload")
        return self.save(upload)

    def check(self) -> HttpResponse:
        """The dry run. The file is kept for the confirmation, for a day at most."""
        form = UploadForm(self.request.POST, self.request.FILES)
        if not form.is_valid():
            return refused(self.page(form))
        source = self.sources().filter(slug=form.cleaned_data["source"]).first()
        if source is None:
            return refused(self.page(form, wrong="Choose one of the sources that take rules by hand."))
        file = form.cleaned_data["file"]
        data = file.read()
        try:
            plan = plan_upload(source, file.name, data)
        except EditError as error:
            return refused(self.page(form, wrong=str(error)))
        RuleUpload.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
        upload = RuleUpload.objects.create(source=source, author=self.request.user, name=file.name[:200], data=data)
        return self.page(form, upload=upload, plan=plan)

    def save(self, upload: RuleUpload) -> HttpResponse:
        reason = self.request.POST.get("reason", "").strip()
        data = bytes(upload.data)
        if not reason:
            plan = plan_upload(upload.source, upload.name, data)
            wrong = "Say why: the reason stands in the history of each rule."
            return refused(self.page(UploadForm(), upload=upload, plan=plan, wrong=wrong))
        try:
            recorded(lambda: self.store(upload, data, reason), self.request.user, lambda row: self.told, ADDITION)
        except EditError as error:
            plan = plan_upload(upload.source, upload.name, data)
            return refused(self.page(UploadForm(), upload=upload, plan=plan, wrong=str(error)))
        self.tell(self.told)
        return redirect(f"{reverse('rule-list')}?vendor={upload.source.slug}")

    def store(self, upload: RuleUpload, data: bytes, reason: str) -> Source:
        plan = perform_upload(upload.source, upload.name, data, reason, self.request.user)
        self.told = f"Uploaded {upload.name}: {plan.count('add')} added, {plan.count('change')} changed."
        RuleUpload.objects.filter(pk=upload.pk).delete()
        return upload.source

    def sources(self) -> object:
        return Source.objects.visible_to(self.request.reader).written_here().in_order()

    def uploads(self) -> object:
        """One's own uploads only."""
        return RuleUpload.objects.filter(author=self.request.user)

    def page(
        self, form: UploadForm, upload: RuleUpload | None = None, plan: UploadPlan | None = None, wrong: str = ""
    ) -> HttpResponse:
        context = {"form": form, "sources": self.sources(), "upload": upload, "plan": plan, "wrong": wrong}
        return render(self.request, "editing/rule_upload.html", context)


class SourceForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    slug = forms.CharField(max_length=50, label="Address", help_text="Small letters, digits and hyphens.")
    vendor = forms.ChoiceField(choices=[(slug, vendor.name) for slug, vendor in VENDORS.items()], label="Format")
    public = forms.BooleanField(required=False, label="Everybody sees its rules")


class SourceNewView(StaffPage):
    """A team's own collection, for rules that are written here or uploaded."""

    permission = ADD_SOURCES

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(SourceForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SourceForm(request.POST)
        if not form.is_valid():
            return refused(self.page(form))
        try:
            source = recorded(
                lambda: create_source(**form.cleaned_data), request.user, lambda row: "Made a source.", ADDITION
            )
        except EditError as error:
            return refused(self.page(form, wrong=str(error)))
        self.tell(f"{source.name} is there. Its rules can be written here or uploaded.")
        return redirect(f"{reverse('rule-upload')}?source={source.slug}")

    def page(self, form: SourceForm, wrong: str = "") -> HttpResponse:
        return render(self.request, "editing/source_new.html", {"form": form, "wrong": wrong})
