"""What tests of clones have in common: a repository, what is asked of it, and what is in a folder afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from detections.documents.problem import UnreadableError
from detections.importing.git import bring
from detections.importing.repository import Repository, patterns_of
from detections.vendors import VENDORS
from tests.importing.remotes import Remote


def of(remote: Remote | str, branch: str = "") -> Repository:
    url = remote if isinstance(remote, str) else str(remote.root)
    return Repository(url, branch, patterns_of(VENDORS["sigma"]))


def with_rules(folder: Path) -> Remote:
    """A repository with two folders of rules and something else."""
    repository = Remote(folder)
    repository.write("rules/a.yml", "a")
    repository.write("rules-team/b.yml", "b")
    repository.write("docs/long.md", "not ours")
    repository.commit()
    return repository


def files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink()) and ".git" not in path.relative_to(folder).parts
    )


def refused(repository: Repository, folder: Path) -> str:
    with pytest.raises(UnreadableError) as error:
        bring(repository, folder)
    return str(error.value)
