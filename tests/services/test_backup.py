"""Backup and restore with the README's own commands: dump, drop, restore, and the same figures."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lacking import lacking
from tests.services.processes import ROOT, manage

_TELL = """
import json
from django.apps import apps
from django.core.management import call_command
from django.test import Client
if {fill}:
    call_command("migrate", verbosity=0)
    call_command("first_catalog", "--starter")
rows = {{model._meta.label: model.objects.count() for model in apps.get_models()}}
guide = Client().get("/api/v1/techniques/T1105/guide/", headers={{"host": "localhost"}}).json()
print(json.dumps({{"rows": rows, "guide": guide}}))
"""
_RENEW = """
from django.core.management import call_command
call_command("renew_generation")
call_command("renew_generation")
"""


def commands(heading: str) -> list[str]:
    """The commands of one part of the README's section on backups, in their order."""
    section = (ROOT / "README.md").read_text().split("## Backup and restore")[1].split("\n## ")[0]
    part = section.split(f"{heading}:")[1].split("\n\n")[1]
    found = [line.strip() for line in part.splitlines()]
    assert found, heading
    return found


def shell(command: str, folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def shelled(code: str, env: dict[str, str]) -> str:
    return manage("shell", "--no-imports", "-c", code, env=env).stdout


def told(env: dict[str, str], fill: bool = False) -> dict[str, Any]:
    """The rows of every table and a guide; `fill` makes the catalog first."""
    figures: dict[str, Any] = json.loads(shelled(_TELL.format(fill=fill), env).splitlines()[-1])
    return figures


def test_a_restored_catalog_has_the_same_figures(empty: dict[str, str], tmp_path: Path) -> None:
    env = empty
    folder = tmp_path / "site"
    data = folder / "var"
    data.mkdir(parents=True)
    if env["DATABASE_URL"].startswith("postgres"):
        if not all(map(shutil.which, ("pg_dump", "psql", "pg_restore"))):
            lacking("PostgreSQL's own commands are not installed (apt install postgresql-client).")
        back_up, drop, restore = commands("PostgreSQL")
    else:
        env = env | {"DATABASE_URL": f"sqlite:///{data / 'fieldguide.sqlite3'}"}
        back_up, drop, restore = commands("SQLite")
    before = told(env, fill=True)
    assert before["rows"]["detections.Rule"] > 80
    assert before["guide"]["rules"] > 0

    shell(back_up.replace("python3", sys.executable), folder, env)
    shell(drop, folder, env)
    assert manage("migrate", "--check", env=env, check=False).returncode == 1  # nothing is there any more
    shell(restore, folder, env)

    assert told(env) == before
    first, second = map(int, re.findall(r"generation (\d+)", shelled(_RENEW, env)))
    assert second > first > 1_700_000_000
