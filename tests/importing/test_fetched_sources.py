"""Sources that git fetches: what a sync makes of a repository's changes, and what it leaves when it fails."""

from __future__ import annotations

import base64
import logging
import shutil
import traceback
from pathlib import Path

import pytest
from django.apps import apps
from django.core import serializers

from detections.documents.problem import UnreadableError
from detections.importing.first_catalog import load, starter
from detections.importing.repository import authorization, checked_branch, checked_url
from detections.importing.runs import RunError, perform, request_fetch
from detections.importing.sources import configure
from detections.models import Generation, Indicator, Rule, RuleVersion, Run, Source
from detections.vendors import VENDORS
from tests.importing.checkouts import sigma_rule
from tests.importing.remotes import Remote
from tests.importing.servers import Server

pytestmark = pytest.mark.django_db

A, B, C = (f"{letter * 8}-1111-4111-8111-111111111111" for letter in "abc")
TOKEN = "glpat-of-a-test-0123456789"


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.FIELDGUIDE_LOCAL_ROOT = str(tmp_path / "repositories")
    settings.FIELDGUIDE_GIT_TOKENS = {}


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    repository = Remote(tmp_path / "repositories" / "rules")
    repository.write("rules/a.yml", sigma_rule(A))
    repository.write("rules/b.yml", sigma_rule(B, image="other.exe"))
    repository.commit()
    return repository


def team(url: str, **told: str) -> Source:
    return configure("sigma", url, slug="team", **told)


def synced(source: Source) -> dict[str, int]:
    return perform(request_fetch(Source.objects.get(pk=source.pk), workers=1))


def catalog() -> str:
    """Every row but the records of runs."""
    models = [model for model in apps.get_app_config("detections").get_models() if not issubclass(model, Run)]
    kept = [model for model in models if model.__name__ != "RunChunk"]
    return "\n".join(serializers.serialize("json", model.objects.order_by("pk")) for model in kept)


def test_a_first_fetch_fills_the_source_and_records_the_commit(remote: Remote, tmp_path: Path) -> None:
    source = team(str(remote.root), name="Our rules")
    assert not Rule.objects.exists()
    counts = synced(source)
    source.refresh_from_db()
    assert (counts["added"], counts["unreadable"]) == (2, 0)
    assert source.commit == remote.git("rev-parse", "HEAD")
    assert source.location == str(tmp_path / "data" / "checkouts" / "team")
    assert (source.name, source.public, source.synced_at is not None) == ("Our rules", True, True)
    assert synced(source)["unchanged"] == 2


def test_a_later_fetch_brings_what_changed(remote: Remote) -> None:
    source = team(str(remote.root))
    synced(source)
    first = Rule.objects.get(own_id=A).pk
    remote.git("mv", "rules/a.yml", "rules/renamed.yml")
    remote.write("rules/c.yml", sigma_rule(C, title="New"))
    remote.remove("rules/b.yml")
    commit = remote.commit()
    counts = synced(source)
    assert (counts["added"], counts["retired"]) == (1, 1)
    renamed = Rule.objects.get(own_id=A)
    assert (renamed.pk, renamed.path, renamed.live) == (first, "rules/renamed.yml", True)
    assert Rule.objects.get(own_id=B).lifecycle == "retired"
    assert Rule.objects.get(own_id=C).title == "New"
    remote.write("rules/c.yml", sigma_rule(C, title="Newer", image="newer.exe"))
    assert remote.commit() != commit
    assert synced(source)["changed"] == 1
    assert Rule.objects.get(own_id=C).title == "Newer"
    assert Indicator.objects.get(value="\\newer.exe").reach == 1
    assert Source.objects.get().commit == remote.git("rev-parse", "HEAD")


def test_what_changed_is_kept_as_versions_with_their_commits_and_predicates(remote: Remote) -> None:
    source = team(str(remote.root))
    synced(source)
    first = Source.objects.get().commit
    assert not RuleVersion.objects.exists()
    remote.write("rules/b.yml", sigma_rule(B, image="newer.exe"))
    second = remote.commit()
    synced(source)
    remote.remove("rules/b.yml")
    third = remote.commit()
    synced(source)
    old, new, gone = RuleVersion.objects.filter(rule__own_id=B)
    assert [version.commit for version in (old, new, gone)] == [first, second, third]
    assert (new.origin, new.text) == ("sync", sigma_rule(B, image="newer.exe"))
    assert [row[2] for row in new.came] == ["\\newer.exe"] and [row[2] for row in new.went] == ["\\other.exe"]
    assert gone.lifecycle == "retired"
    assert not RuleVersion.objects.filter(rule__own_id=A).exists()


def test_another_branch_retires_what_it_lacks_and_the_first_brings_it_back(remote: Remote) -> None:
    source = team(str(remote.root))
    synced(source)
    remote.git("checkout", "--quiet", "-b", "small")
    remote.remove("rules/b.yml")
    remote.commit()
    synced(team(str(remote.root), branch="small"))
    assert list(Rule.objects.live().values_list("own_id", flat=True)) == [A]
    synced(team(str(remote.root), branch="main"))
    assert set(Rule.objects.live().values_list("own_id", flat=True)) == {A, B}


@pytest.mark.parametrize("harm", ["gone", "layout", "branch", "root", "silent host"])
def test_a_repository_that_cannot_be_read_leaves_the_catalog_as_it_was(
    remote: Remote, tmp_path: Path, settings, harm: str
) -> None:
    source = team(str(remote.root))
    synced(source)
    if harm == "gone":
        shutil.rmtree(remote.root)
        told = "No repository is there"
    elif harm == "layout":
        remote.git("mv", "rules", "searches")
        remote.commit()
        told = "No SigmaHQ rules are here"
    elif harm == "branch":
        Source.objects.update(branch="nowhere")
        told = "no branch 'nowhere'"
    elif harm == "root":
        Source.objects.update(clone_url=str(tmp_path / "repositories" / "link"))
        (tmp_path / "repositories" / "link").symlink_to(remote.root)
        run = request_fetch(Source.objects.get())
        settings.FIELDGUIDE_LOCAL_ROOT = str(tmp_path / "data")
        told = "must lie below"
    else:
        Source.objects.update(clone_url="https://127.0.0.1:1/team/rules.git")
        told = "Nobody answers"
    before = catalog()
    run = Run.objects.active().first() or request_fetch(Source.objects.get())
    with pytest.raises(RunError, match=told):
        perform(run)
    assert catalog() == before
    run.refresh_from_db()
    assert run.state == Run.State.FAILED and told in run.message
    assert "Traceback" not in run.message


def test_a_failed_first_fetch_leaves_the_starter_in_its_place(tmp_path: Path) -> None:
    load(starter(), lambda text: None, lambda title: None)
    source = configure("sigma", "https://127.0.0.1:1/team/rules.git")
    assert source.name.startswith("Starter (")
    before = catalog()
    with pytest.raises(RunError):
        synced(source)
    assert catalog() == before


def test_the_vendors_repository_takes_the_starters_place(remote: Remote) -> None:
    load(starter(), lambda text: None, lambda title: None)
    synced(configure("sigma", str(remote.root)))
    source = Source.objects.get(slug="sigma")
    assert (source.name, source.licence, source.clone_url) == ("SigmaHQ", "DRL-1.1", str(remote.root))
    assert set(Rule.objects.live().filter(source=source).values_list("own_id", flat=True)) == {A, B}


def test_a_token_is_in_no_row_and_no_log(
    remote: Remote, server: Server, settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.FIELDGUIDE_GIT_TOKENS = {server.host: TOKEN}
    server.token = TOKEN
    source = team(server.url("rules"))
    assert synced(source)["added"] == 2
    server.token = "another one"
    with pytest.raises(RunError) as error:
        synced(source)
    secret = server.asked[-1][1].removeprefix("Basic ")
    runs = serializers.serialize("json", Run.objects.all())
    for place in (catalog(), runs, caplog.text, "".join(traceback.format_exception(error.value))):
        assert TOKEN not in place and secret not in place
    assert "right token" in Run.objects.latest("pk").message


def test_a_source_without_a_repository_cannot_be_fetched() -> None:
    source = Source.objects.create(slug="team", vendor="sigma", name="Ours")
    with pytest.raises(RunError, match="names no repository"):
        request_fetch(source)
    assert not Run.objects.exists()


def test_a_source_is_configured_once_and_changed_later(tmp_path: Path, remote: Remote) -> None:
    before = Generation.objects.current().number
    source = configure("elastic")
    vendor = VENDORS["elastic"]
    assert (source.clone_url, source.branch, source.name) == (vendor.repository, vendor.branch, vendor.name)
    assert (source.repository, source.licence, source.public) == (vendor.repository, vendor.licence, True)
    ours = configure("sigma", "git@example.org:team/rules.git", slug="ours", name="Ours", public=False)
    assert (ours.branch, ours.repository, ours.public) == ("", "", False)
    again = configure("sigma", str(remote.root), slug="ours", branch="main")
    assert (again.pk, again.name, again.branch, again.public) == (ours.pk, "Ours", "main", False)
    assert Generation.objects.current().number > before


def test_a_source_that_becomes_private_changes_public_reach(remote: Remote) -> None:
    synced(team(str(remote.root)))
    assert Indicator.objects.get(value="\\other.exe").public_reach == 1
    team(str(remote.root), public=False)
    assert Indicator.objects.get(value="\\other.exe").public_reach == 0


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"vendor": "yara"}, "no vendor"),
        ({"vendor": "sigma", "slug": "team"}, "Name the address"),
        ({"vendor": "sigma", "slug": "../team", "url": "https://example.org/x"}, "slug"),
        ({"vendor": "sigma", "slug": "team", "url": "https://example.org/x", "name": "n" * 101}, "name"),
        ({"vendor": "sigma", "url": "https://example.org/" + "x" * 400}, "clone_url"),
        ({"vendor": "sigma", "url": "https://example.org/x", "branch": "-x"}, "no name of a branch"),
    ],
)
def test_what_cannot_be_configured_is_told_and_nothing_is_stored(told: dict[str, str], message: str) -> None:
    with pytest.raises(UnreadableError, match=message):
        configure(**told)
    assert not Source.objects.exists()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://github.com/ours/rules", "x-access-token:all"),
        ("https://GitHub.com/ours/rules", "x-access-token:all"),
        ("https://github.com/team/rules.git", "somebody:the team's"),
        ("https://github.com/teams/rules", "x-access-token:all"),
        ("https://github.com.evil.example/team/rules", ""),
        ("https://evil.example/github.com/team", ""),
        ("https://github.com:8443/team/rules", ""),
        ("https://git.example.org:8443/rules", "x-access-token:port"),
        ("ssh://git@github.com/team/rules", ""),
        ("git@github.com:team/rules", ""),
        ("/srv/github.com/team", ""),
    ],
)
def test_a_token_is_sent_to_its_place_alone(settings, url: str, sent: str) -> None:
    settings.FIELDGUIDE_GIT_TOKENS = {
        "github.com": "all",
        "GITHUB.com/team": "somebody:the team's",
        "git.example.org:8443": "port",
    }
    header = authorization(url)
    assert header == (f"Authorization: Basic {base64.b64encode(sent.encode()).decode()}" if sent else "")


@pytest.mark.parametrize(
    "url",
    [
        "", "rules", "./rules", "~/rules", "file:///etc", "ext::sh -c id", "fd::17", "http://example.org/rules",
        "git://example.org/rules", "ftp://example.org/rules", "--upload-pack=id", "-oProxyCommand=id",
        "ssh://-oProxyCommand=id/rules", "ssh://git@-oProxyCommand=id/rules", "git@example.org:-oProxyCommand=id",
        "-git@example.org:rules", "https://example.org", "https://example.org/", "https://-example.org/rules",
        "https://example.org/a/../../b", "https://example.org/%2e%2e/b", "https://example.org/a b",
        "https://example.org/a\nb", "https://example.org\\@evil.example/a", "HTTPS://user:secret@example.org/rules",
        "https://user:secret@example.org/rules", "https://secret@example.org/rules", "https:/user:secret@example.org/a",
        "ssh://user:secret@example.org/rules", "user:secret@example.org:rules", "https://example.org/a?token=secret",
        "https://example.org/a#secret", "https://user:sec/secret@example.org/rules", "git@example.org::rules",
    ],
)  # fmt: skip
def test_a_dangerous_address_is_refused_and_its_secret_not_repeated(url: str) -> None:
    with pytest.raises(UnreadableError) as error:
        checked_url(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/SigmaHQ/sigma", "https://git.example.org:8443/team/rules.git", "https://example.org/~me/r",
        "ssh://git@example.org/team/rules.git", "ssh://example.org:2222/rules", "git@example.org:team/rules.git",
    ],
)  # fmt: skip
def test_addresses_of_https_and_ssh_are_taken(url: str) -> None:
    assert checked_url(f" {url} ") == url


def test_a_path_must_lie_below_the_root(tmp_path: Path, settings) -> None:
    root = tmp_path / "repositories"
    (root / "inside").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "inside")
    assert checked_url(str(root / "in")) == str(root / "inside")
    for path in (tmp_path, root / ".." / "x", root / "out", f"{root}-beside", "/etc", f"{root}/a\nb"):
        with pytest.raises(UnreadableError, match="must lie below"):
            checked_url(str(path))
    settings.FIELDGUIDE_LOCAL_ROOT = ""
    with pytest.raises(UnreadableError, match="FIELDGUIDE_LOCAL_ROOT"):
        checked_url(str(root / "in"))


@pytest.mark.parametrize(
    "branch", ["-x", "a..b", "a b", "a~1", "a:b", "/a", "a/", "a.lock", "@{u}", "a@{1}", "a\n", "a*"]
)
def test_what_is_no_branch_is_refused(branch: str) -> None:
    if branch != branch.strip():
        assert checked_branch(branch) == branch.strip()
        return
    with pytest.raises(UnreadableError):
        checked_branch(branch)


def test_names_of_branches_are_taken() -> None:
    for branch in ("", "main", "release/2.x", "größe", "feature_1", "v1.0"):
        assert checked_branch(branch) == branch
