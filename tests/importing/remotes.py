"""Git repositories of a test's own, to be fetched from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.importing.checkouts import Checkout

_ENV = {
    "GIT_AUTHOR_NAME": "Somebody", "GIT_AUTHOR_EMAIL": "somebody@example.org", "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_COMMITTER_NAME": "Somebody", "GIT_COMMITTER_EMAIL": "somebody@example.org", "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class Remote(Checkout):
    """A repository that a test writes to and commits in."""

    def __init__(self, root: Path, vendor: str = "sigma", slug: str = "", public: bool = True) -> None:
        super().__init__(root, vendor, slug, public)
        self.git("init", "--quiet", "--initial-branch", "main", ".")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=os.environ | _ENV, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> str:
        """All that is written, as one commit; its id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A change")
        return self.git("rev-parse", "HEAD")
