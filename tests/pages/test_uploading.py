"""Uploading: the dry run, the confirmation, and that neither loses or stores anything unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from detections.models import Rule, RuleUpload, Source
from tests.documents.test_archive import packed
from tests.importing.checkouts import sigma_rule
from tests.pages.staff import catalog, signed_in
from tests.pages.test_techniques import page, text

UPLOAD = "/editing/upload/"
C = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def team(tmp_path: Path, db: None) -> Source:
    catalog(tmp_path)
    return Source.objects.get(slug="team")


@pytest.fixture
def editor(team: Source) -> Client:
    return signed_in("editor", "ada")


def checked(client: Client, data: bytes, name: str = "a.yml", source: str = "team") -> HttpResponse:
    return client.post(UPLOAD, {"do": "check", "source": source, "file": SimpleUploadedFile(name, data)})


def test_a_file_is_checked_kept_and_stored_when_confirmed(editor: Client, team: Source) -> None:
    assert "Our rules (sigma)" in page(editor, UPLOAD)
    data = packed({"a.yml": sigma_rule(C, title="Fresh").encode(), "b.yml": b"title: ["})
    told = text(checked(editor, data, "rules.zip").content.decode())
    assert "1 added 0 changed 0 as they are 1 refused" in told and "Fresh" in told
    assert not Rule.objects.filter(source=team).exists()
    upload = RuleUpload.objects.get()
    without = editor.post(UPLOAD, {"do": "save", "upload": upload.pk, "reason": " "})
    assert without.status_code == 422 and "Say why" in without.content.decode()
    done = editor.post(UPLOAD, {"do": "save", "upload": upload.pk, "reason": "Our first"})
    assert (done.status_code, done.headers["Location"]) == (302, "/rules/?vendor=team")
    assert Rule.objects.get(source=team).versions.get().reason == "Our first"
    assert not RuleUpload.objects.exists()
    assert "1 added, 0 changed" in LogEntry.objects.get().change_message
    assert "Uploaded rules.zip: 1 added, 0 changed." in page(editor, "/rules/?vendor=team")


def test_an_upload_can_be_forgotten_and_is_nobody_elses(editor: Client, team: Source) -> None:
    checked(editor, sigma_rule(C).encode())
    upload = RuleUpload.objects.get()
    other = signed_in("editor", "ben")
    stranger = other.post(UPLOAD, {"do": "save", "upload": upload.pk, "reason": "Mine"})
    assert stranger.status_code == 422 and "no longer kept" in stranger.content.decode()
    assert editor.post(UPLOAD, {"do": "drop", "upload": upload.pk}).status_code == 302
    assert not RuleUpload.objects.exists() and not Rule.objects.filter(source=team).exists()


@pytest.mark.parametrize(
    ("data", "name", "source", "said"),
    [
        (b"", "a.yml", "team", "0 added 0 changed 0 as they are 1 refused"),
        (b"x", "a.exe", "team", "takes files that end in"),
        (b"x", "a.yml", "sigma", "Choose one of the sources"),
        (b"\xff\xfe", "a.yml", "team", "UTF-8"),
    ],
)
def test_bad_input_is_told(editor: Client, data: bytes, name: str, source: str, said: str) -> None:
    assert said in text(checked(editor, data, name, source).content.decode())
    assert Rule.objects.filter(source__slug="team").count() == 0


def test_without_a_file_the_page_says_so(editor: Client) -> None:
    response = editor.post(UPLOAD, {"do": "check", "source": "team"})
    assert response.status_code == 422 and "Choose a file" in response.content.decode()


def test_who_may_not_upload_does_not(team: Source) -> None:
    assert Client().get(UPLOAD).status_code == 302
    assert signed_in("viewer", "vic").get(UPLOAD).status_code == 403
    assert signed_in("editor", "ada").get("/editing/sources/new/").status_code == 403


def test_an_administrator_makes_a_source(team: Source) -> None:
    admin = signed_in("administrator", "root")
    assert "New source" in page(admin, "/editing/sources/new/")
    wrong = admin.post("/editing/sources/new/", {"name": "X", "slug": "sigma", "vendor": "sigma"})
    assert wrong.status_code == 422 and "cannot be the address" in wrong.content.decode()
    made = admin.post("/editing/sources/new/", {"name": "Cloud rules", "slug": "cloud", "vendor": "elastic"})
    assert made.headers["Location"] == "/editing/upload/?source=cloud"
    source = Source.objects.get(slug="cloud")
    assert (source.name, source.vendor, source.public) == ("Cloud rules", "elastic", False)
