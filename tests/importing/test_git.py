"""Clones of real repositories: what arrives in them, what never does, and what a clone survives."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from detections.importing import git
from detections.importing.git import bring
from detections.importing.git_answers import explained
from detections.vendors.checkout import commit_of
from tests.importing.clones import files, of, refused, with_rules
from tests.importing.remotes import Remote

TOKEN = "glpat-of-a-test-0123456789"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return with_rules(tmp_path / "repositories" / "rules")


# --- what arrives ---------------------------------------------------------------------------------------------------


def test_only_folders_of_rules_arrive_and_only_one_commit(remote: Remote, tmp_path: Path) -> None:
    remote.write("rules/c.yml", "c")
    newest = remote.commit()
    clone = bring(of(remote), tmp_path / "clone")
    assert files(clone) == ["rules-team/b.yml", "rules/a.yml", "rules/c.yml"]
    assert commit_of(clone) == newest
    remote.root = clone
    assert remote.git("rev-list", "--count", "HEAD") == "1"


def test_a_later_fetch_brings_the_commits_files_exactly(remote: Remote, tmp_path: Path) -> None:
    clone = bring(of(remote), tmp_path / "clone")
    (clone / "rules" / "a.yml").write_text("typed over")
    (clone / "rules" / "left.yml").write_text("left behind")
    bring(of(remote), clone)
    assert (clone / "rules" / "a.yml").read_text() == "a"
    remote.remove("rules/a.yml")
    remote.write("rules/deep/c.yml", "c")
    newest = remote.commit()
    (clone / "rules" / "left.yml").write_text("left behind")
    bring(of(remote), clone)
    assert files(clone) == ["rules-team/b.yml", "rules/deep/c.yml"]
    assert commit_of(clone) == newest


def test_a_history_that_was_written_anew_is_followed(remote: Remote, tmp_path: Path) -> None:
    clone = bring(of(remote), tmp_path / "clone")
    remote.git("checkout", "--quiet", "--orphan", "again")
    remote.write("rules/a.yml", "another a")
    newest = remote.commit()
    remote.git("branch", "--force", "main")
    remote.git("checkout", "--quiet", "main")
    bring(of(remote), clone)
    assert (commit_of(clone), (clone / "rules" / "a.yml").read_text()) == (newest, "another a")


def test_another_branch_and_another_address_are_followed(remote: Remote, tmp_path: Path) -> None:
    clone = bring(of(remote), tmp_path / "clone")
    remote.git("checkout", "--quiet", "-b", "release/2")
    remote.write("rules/r.yml", "r")
    remote.commit()
    remote.git("checkout", "--quiet", "main")
    assert files(bring(of(remote), clone)) == ["rules-team/b.yml", "rules/a.yml"]
    assert "rules/r.yml" in files(bring(of(remote, "release/2"), clone))
    other = Remote(tmp_path / "repositories" / "other")
    other.write("rules/o.yml", "o")
    other.commit()
    assert files(bring(of(other), clone)) == ["rules/o.yml"]


def test_a_repository_that_is_itself_shallow_is_cloned(remote: Remote, tmp_path: Path) -> None:
    remote.write("rules/c.yml", "c")
    remote.commit()
    shallow = tmp_path / "repositories" / "shallow"
    remote.git("clone", "--quiet", "--depth", "1", f"file://{remote.root}", str(shallow))
    assert "rules/c.yml" in files(bring(of(str(shallow)), tmp_path / "clone"))


def test_files_arrive_byte_for_byte_and_nothing_is_run(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, templates = tmp_path / "ran", tmp_path / "templates"
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        file = templates / "hooks" / hook
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {proof}\n")
        file.chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        f"[init]\ntemplateDir = {templates}\n[core]\nhooksPath = {templates}/hooks\nautocrlf = true\n"
        f'[filter "lfs"]\nsmudge = touch {proof}\nprocess = touch {proof}\nrequired = true\n'
        f'[credential]\nhelper = "!touch {proof}"\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    remote.write(".gitattributes", "*.yml filter=lfs text eol=crlf ident\n")
    monkeypatch.delenv("GIT_DIR")
    remote.write("rules/a.yml", "id: $Id$\n")
    remote.commit()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    clone = bring(of(remote), tmp_path / "clone")
    remote.write("rules/c.yml", "c\n")
    monkeypatch.delenv("GIT_DIR")
    remote.commit()
    bring(of(remote), clone)
    assert (clone / "rules" / "a.yml").read_bytes() == b"id: $Id$\n"
    assert (clone / "rules" / "c.yml").read_bytes() == b"c\n"
    assert not proof.exists()


def test_a_link_arrives_as_a_file_that_leads_nowhere(remote: Remote, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yml"
    secret.write_text("secret")
    (remote.root / "rules" / "link.yml").symlink_to(secret)
    (remote.root / "rules-linked").symlink_to(tmp_path)
    remote.commit()
    clone = bring(of(remote), tmp_path / "clone")
    assert not any(path.is_symlink() for path in clone.rglob("*"))
    assert (clone / "rules" / "link.yml").read_text() == str(secret)
    assert not (clone / "rules-linked").is_dir()


def test_a_submodule_is_left_out(remote: Remote, tmp_path: Path) -> None:
    other = Remote(tmp_path / "repositories" / "other")
    other.write("secret.yml", "secret")
    other.commit()
    remote.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other.root), "rules/module")
    remote.commit()
    assert "rules/module/secret.yml" not in files(bring(of(remote), tmp_path / "clone"))


# --- what a clone survives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["objects", "head", "index lock", "shallow lock", "config", "file", "link", "packs"])
def test_a_broken_clone_is_made_anew(remote: Remote, tmp_path: Path, harm: str) -> None:
    clone = bring(of(remote), tmp_path / "clones" / "rules")
    inner = clone / ".git"
    treasure = shutil.copytree(clone, tmp_path / "treasure")
    (treasure / "kept").write_text("kept")
    if harm == "objects":
        shutil.rmtree(inner / "objects" / "pack")
    elif harm == "head":
        (inner / "HEAD").write_text("nonsense")
    elif harm == "index lock":
        (inner / "index.lock").touch()
    elif harm == "shallow lock":
        (inner / "shallow.lock").touch()
    elif harm == "config":
        (inner / "config").write_text("[core")
    elif harm == "packs":
        for number in range(git.PACKS + 1):
            (inner / "objects" / "pack" / f"pack-{number}.pack").touch()
    else:
        shutil.rmtree(clone)
        clone.write_text("a file") if harm == "file" else clone.symlink_to(treasure)
    remote.write("rules/c.yml", "c")
    newest = remote.commit()
    bring(of(remote), clone)
    assert (commit_of(clone), files(clone)) == (newest, ["rules-team/b.yml", "rules/a.yml", "rules/c.yml"])
    assert not clone.is_symlink() and (treasure / "kept").read_text() == "kept"
    assert sorted(path.name for path in clone.parent.iterdir()) == [".rules.lock", "rules"]
    assert len(list((inner / "objects" / "pack").glob("*.pack"))) <= git.PACKS


def test_the_repository_around_the_data_folder_is_left_alone(remote: Remote, tmp_path: Path) -> None:
    around = Remote(tmp_path / "around")
    around.write("kept.txt", "as committed")
    around.commit()
    around.write("kept.txt", "as typed")
    around.write("new.txt", "new")
    folder = around.root / "var" / "rules"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("nonsense")
    bring(of(remote), folder)
    assert (around.root / "kept.txt").read_text() == "as typed" and (around.root / "new.txt").exists()
    assert "rules/a.yml" in files(folder)


def test_one_fetch_at_a_time_goes_into_a_folder(remote: Remote, tmp_path: Path) -> None:
    clone = bring(of(remote), tmp_path / "clone")
    with (tmp_path / ".clone.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another process" in refused(of(remote), clone)
    bring(of(remote), clone)


def test_a_repository_that_is_gone_leaves_the_clone(remote: Remote, tmp_path: Path) -> None:
    clone = bring(of(remote), tmp_path / "clone")
    (clone / ".git" / "index.lock").touch()
    before, commit = files(clone), commit_of(clone)
    shutil.rmtree(remote.root)
    said = refused(of(remote), clone)
    assert str(remote.root) in said and "No repository is there" in said
    assert (files(clone), commit_of(clone)) == (before, commit)


def test_a_data_folder_that_cannot_be_written_is_told(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "cannot be written" in refused(of(remote), tmp_path / "data" / "clone")


# --- what cannot be fetched is told ---------------------------------------------------------------------------------


def test_a_branch_that_is_not_there_and_an_empty_repository_are_told(remote: Remote, tmp_path: Path) -> None:
    remote.git("tag", "v1")
    assert "no branch 'v1'" in refused(of(remote, "v1"), tmp_path / "clone")
    assert "It is empty" in refused(of(Remote(tmp_path / "empty")), tmp_path / "clone")
    assert not (tmp_path / "clone").exists()


def test_without_git_the_reason_is_told(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in refused(of(remote), tmp_path / "clone")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://127.0.0.1:1/team/rules.git", "Nobody answers"),
        ("https://nowhere.invalid/rules.git", "host cannot be found"),
        ("ext::sh -c touch% ran", "not allowed"),
        ("http://127.0.0.1:1/rules.git", "not allowed"),
        ("git://127.0.0.1:1/rules.git", "not allowed"),
    ],
)
def test_an_address_that_does_not_answer_is_told(tmp_path: Path, url: str, told: str) -> None:
    said = refused(of(url), tmp_path / "clone")
    assert told in said and url in said


def test_an_option_in_place_of_an_address_is_none(tmp_path: Path) -> None:
    refused(of(f"--upload-pack=touch {tmp_path}/ran"), tmp_path / "clone")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Host key verification failed.\nfatal: Could not read from remote repository.", "known_hosts"),
        ("git@example.org: Permission denied (publickey).\nfatal: Could not read from remote", "takes no key"),
        ("ssh: connect to host example.org port 22: Connection refused", "Nobody answers"),
        ("fatal: detected dubious ownership in repository at '/srv/rules'", "safe.directory"),
        ("error: file write error: No space left on device\nfatal: index-pack failed", "disk is full"),
        ("remote: Repository not found.\nfatal: repository 'https://x/y' not found", "No repository is there"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "FIELDGUIDE_GIT_TOKENS"),
        ("warning: one\nfatal: something new\nwarning: two", "Git says: fatal: something new"),
        ("remote: \x1b[31mred\x07 error: odd\rfatal: odd \x1b[0mtoo", "Git says: fatal: odd [0mtoo"),
        ("", "Git says: nothing"),
    ],
)
def test_what_git_says_is_told_in_words_that_help(said: str, told: str) -> None:
    assert told in explained(said)
