"""Private and far repositories: ssh and https, tokens that open one place alone, servers that fall silent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from detections.importing import git
from detections.importing.git import ask, bring
from detections.vendors.checkout import commit_of
from tests.importing.clones import files, of, refused, with_rules
from tests.importing.remotes import Remote
from tests.importing.servers import Server, https_server

TOKEN = "glpat-of-a-test-0123456789"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return with_rules(tmp_path / "repositories" / "rules")


# --- ssh ------------------------------------------------------------------------------------------------------------


def test_ssh_is_called_without_questions_and_with_the_machines_own_keys(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh, told = tmp_path / "ssh", tmp_path / "told"
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {told}\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{ssh} -i key")
    assert "rules/a.yml" in files(bring(of(f"ssh://git@example.org{remote.root}"), tmp_path / "clone"))
    assert "No repository is there" in refused(of("git@example.org:nowhere"), tmp_path / "short")
    assert all("-i key -oBatchMode=yes" in line for line in told.read_text().splitlines())


# --- https and tokens -----------------------------------------------------------------------------------------------


def test_a_token_opens_a_private_repository_and_stands_nowhere(
    remote: Remote, server: Server, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.token = TOKEN
    assert "FIELDGUIDE_GIT_TOKENS" in refused(of(server.url("rules")), tmp_path / "clone")
    settings.FIELDGUIDE_GIT_TOKENS = {server.host: TOKEN}
    monkeypatch.setenv("FIELDGUIDE_GIT_TOKENS", f"{server.host}={TOKEN}")
    told = tmp_path / "told"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\nif [ "$GIT_ALLOW_PROTOCOL" ]; then echo "$@" >> {told}.words; env >> {told}.environment; fi\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    remote.git("config", "uploadpack.allowFilter", "true")
    clone = bring(of(server.url("rules")), tmp_path / "clone")
    remote.write("rules/c.yml", "c")
    remote.commit()
    assert "rules/c.yml" in files(bring(of(server.url("rules")), clone))
    secret = server.asked[-1][1].removeprefix("Basic ")
    assert "fetch" in Path(f"{told}.words").read_text()
    for place in (Path(f"{told}.words"), *(path for path in clone.rglob("*") if path.is_file())):
        content = place.read_bytes()
        assert TOKEN.encode() not in content and secret.encode() not in content
    assert TOKEN not in Path(f"{told}.environment").read_text()


def test_what_is_not_in_a_folder_of_rules_is_not_even_sent(remote: Remote, server: Server, tmp_path: Path) -> None:
    remote.git("config", "uploadpack.allowFilter", "true")
    sent = remote.git("rev-parse", "HEAD:docs/long.md")
    clone = Remote(bring(of(server.url("rules")), tmp_path / "clone"))
    assert f"?{sent}" in clone.git("rev-list", "--objects", "--missing=print", "HEAD").split()


def test_a_wrong_token_is_not_repeated_by_the_message(remote: Remote, server: Server, tmp_path: Path, settings) -> None:
    server.token = "another one"
    settings.FIELDGUIDE_GIT_TOKENS = {server.host: TOKEN}
    said = refused(of(server.url("rules")), tmp_path / "clone")
    assert server.asked and all(sent for _, sent in server.asked)
    secret = server.asked[-1][1].removeprefix("Basic ")
    assert TOKEN not in said and secret not in said and "right token" in said


def test_a_token_is_not_carried_to_where_a_server_sends_git(
    remote: Remote, server: Server, tmp_path: Path, settings
) -> None:
    with https_server(tmp_path / "repositories", tmp_path / "certificate.pem") as other:
        server.elsewhere = f"https://{other.host}"
        assert "rules/a.yml" in files(bring(of(server.url("rules")), tmp_path / "clone"))
        other.asked.clear()
        settings.FIELDGUIDE_GIT_TOKENS = {server.host: TOKEN}
        assert "another address" in refused(of(server.url("rules")), tmp_path / "clone")
        assert other.asked == []


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    assert "certificate" in refused(of(server.url("rules")), tmp_path / "clone")
    assert server.asked == []


def test_a_server_that_falls_silent_is_given_up(
    remote: Remote, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(git, "TICK_SECONDS", 0.2)
    server.stalls = True
    assert ask(of(server.url("rules"))) == commit_of(remote.root)
    assert "Nothing arrived for 1 seconds" in refused(of(server.url("rules")), tmp_path / "clones" / "rules")
    assert [path.name for path in (tmp_path / "clones").iterdir()] == [".rules.lock"]


def test_what_listens_may_end_the_fetch(remote: Remote, server: Server, tmp_path: Path, monkeypatch) -> None:
    def hear(arrived: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(git, "TICK_SECONDS", 0.2)
    server.stalls = True
    with pytest.raises(KeyboardInterrupt):
        bring(of(server.url("rules")), tmp_path / "clone", hear)
    server.stalls = False
    assert "rules/a.yml" in files(bring(of(server.url("rules")), tmp_path / "clone"))
