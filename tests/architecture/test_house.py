"""Habits that a newcomer relies on: small modules, one noun each, the fixed top level, no words left behind."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "manage.py", "catalog", "detections", "templates", "tests", "requirements.txt",
    "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", "requirements-dev.txt",
    "Dockerfile", "compose.yaml", ".ci", ".gitignore", ".dockerignore",
}  # fmt: skip
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}
LONGEST = 420


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.splitlines() if (ROOT / path).exists()]


def test_the_top_level_is_fixed() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_modules_are_small_and_named_by_a_noun() -> None:
    modules = [path for path in tracked() if path.endswith(".py") and "/migrations/" not in path]
    too_long = {path: count for path in modules if (count := (ROOT / path).read_text().count("\n")) > LONGEST}
    assert too_long == {}
    assert [path for path in modules if path.split("/")[-1] in FORBIDDEN_NAMES] == []


def test_no_work_is_left_as_a_remark() -> None:
    remark = re.compile(r"\b(TODO|FIXME|XXX)\b")
    found = [
        path
        for path in tracked()
        if path.endswith((".py", ".html", ".css", ".js", ".lark"))
        and "test_house" not in path
        and remark.search((ROOT / path).read_text())
    ]
    assert found == []
